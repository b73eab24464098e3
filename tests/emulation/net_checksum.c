/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole ResNeXt-50 with synthetic weights on a synthetic image: the logits' bits must be the same on every CPU.
 *
 *   net_checksum SIZE[:PRECISION] FILE [ISA...]
 *
 * Runs the network on an image of SIZE×SIZE on each ISA ("best" if none is named; those that this CPU can't run are
 * left out, but one must be left) and compares the FNV-1a hash of the logits' bytes with the line "MODEL SIZE HASH"
 * in FILE. The same file is used on every machine, emulated or not; so it ties their results together.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/net.h>

#define MODEL "resnext50_32x4d"
enum {
  SEED = 1,
  CLASSES = 1000
};

static void fail(const char *what, const char *why) {
  fprintf(stderr, "net_checksum: %s: %s\n", what, why);
  exit(1);
}

static void check(cardinal_status status, const char *what, const cardinal_error *error) {
  if (status != CARDINAL_OK)
    fail(what, error->message);
}

static uint64_t fnv1a(const void *bytes, size_t count) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (size_t i = 0; i < count; i++)
    hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001B3);
  return hash;
}

static uint64_t expected_hash(const char *path, long size, cardinal_precision precision) {
  FILE *file = fopen(path, "r");
  if (file == NULL)
    fail(path, "can't be opened");
  char line[256], model[64], wanted[64];
  snprintf(wanted, sizeof wanted, precision == CARDINAL_PRECISION_F32 ? "%s" : "%s:%s", MODEL,
           cardinal_precision_name(precision));
  long line_size;
  uint64_t hash;
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "%63s %ld %" SCNx64, model, &line_size, &hash) == 3 && strcmp(model, wanted) == 0 &&
        line_size == size) {
      fclose(file);
      return hash;
    }
  fclose(file);
  fail(path, "has no line for this size");
  return 0;
}

static uint64_t run(const cardinal_context *context, const cardinal_net_spec *spec, const cardinal_weights *weights,
                    long size, cardinal_precision precision) {
  cardinal_error error;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.precision = precision;
  desc.image_height = desc.image_width = size;
  cardinal_net *net;
  check(cardinal_net_create(context, spec, weights, &desc, &net, &error), "making the network", &error);

  size_t floats = 3 * (size_t)size * (size_t)size;
  float *image = malloc(floats * sizeof(float));
  void *arena = malloc(cardinal_net_arena_bytes(net));
  static float logits[CLASSES];
  if (image == NULL || arena == NULL)
    fail("running the network", "no memory");
  cardinal_synthetic_input(SEED, image, floats);
  check(cardinal_net_run(net, image, NULL, logits, arena, &error), "running the network", &error);
  /* A hash of nonsense would agree with itself. */
  bool varied = false;
  for (size_t i = 0; i < CLASSES; i++) {
    if (!(logits[i] > -1e4f && logits[i] < 1e4f))
      fail("running the network", "a logit is out of range");
    varied |= logits[i] != logits[0];
  }
  if (!varied)
    fail("running the network", "all logits are equal");
  free(arena);
  free(image);
  cardinal_net_destroy(net);
  return fnv1a(logits, sizeof logits);
}

int main(int count, char **arguments) {
  char *end;
  long size = count >= 3 ? strtol(arguments[1], &end, 10) : 0;
  cardinal_precision precision = CARDINAL_PRECISION_F32;
  const char *name = size && *end == ':' ? end + 1 : "f32";
  while (cardinal_precision_name(precision) && strcmp(name, cardinal_precision_name(precision)) != 0)
    precision++;
  if (size < 32 || size > 1024 || (*end != '\0' && *end != ':') || !cardinal_precision_name(precision))
    fail("usage", "net_checksum SIZE[:PRECISION] FILE [ISA...], with SIZE from 32 to 1024");
  uint64_t expected = expected_hash(arguments[2], size, precision);

  cardinal_error error;
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_weights *weights;
  check(cardinal_net_spec_named(MODEL, &spec, &error), MODEL, &error);
  check(cardinal_weights_synthetic(&spec, SEED, &weights, &error), "making weights", &error);

  static const char *const best[] = {NULL};
  const char *const *isas = count > 3 ? (const char *const *)(arguments + 3) : best;
  size_t n_isas = count > 3 ? (size_t)count - 3 : 1, compared = 0;
  bool same = true;
  for (size_t i = 0; i < n_isas; i++) {
    cardinal_context_desc desc;
    cardinal_context_desc_init(&desc);
    desc.isa = isas[i];
    cardinal_context *context;
    cardinal_status status = cardinal_context_create(&desc, &context, &error);
    if (status == CARDINAL_UNSUPPORTED && isas[i] != NULL) {
      printf("%s %ld on %s: left out, %s\n", MODEL, size, isas[i], error.message);
      continue;
    }
    check(status, "making a context", &error);
    uint64_t hash = run(context, &spec, weights, size, precision);
    printf("%s %ld %s on %s: logits hash to %016" PRIx64 ", expected %016" PRIx64 "\n", MODEL, size,
           cardinal_precision_name(precision), cardinal_isa_name(cardinal_context_isa(context)), hash, expected);
    fflush(stdout);
    same &= hash == expected;
    compared++;
    cardinal_context_destroy(context);
  }
  cardinal_weights_destroy(weights);
  if (compared == 0)
    fail("nothing was compared", "this CPU runs none of the named ISAs");
  if (!same)
    fail("the logits differ from the committed ones", arguments[2]);
  return 0;
}
