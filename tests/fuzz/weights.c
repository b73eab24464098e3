/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Weights files: any bytes to a table of tensors, to an architecture, to values, and where a small network's tensors
 * are all there, to a network and its logits.
 *
 * Input: a byte that chooses; if it is odd, the rest is a header, whose length is written before it, and the byte is
 * followed by four that say how many zeros are the data. If it is even, the rest is the whole file.
 */
#include <stdlib.h>
#include <string.h>

#include <cardinal/net.h>

#include "tests/fuzz/input.h"
#include "gauntlet/memory.h"

enum {
  MOST_DATA = 1 << 26,
  MOST_BLOCKS = 6,
  MOST_PARAMETERS = 8 << 20,
  IMAGE = 32
};

static const char *write_file(fuzz_input *input) {
  const int64_t choice = fuzz_between(input, 0, 255);
  if (choice % 2 == 0)
    return fuzz_file(input->bytes, input->size, 0);
  uint32_t zeros = 0;
  if (input->size >= sizeof zeros) {
    memcpy(&zeros, input->bytes, sizeof zeros);
    input->bytes += sizeof zeros;
    input->size -= sizeof zeros;
  }
  const uint64_t header_bytes = input->size;
  char *file = malloc(sizeof header_bytes + input->size);
  memcpy(file, &header_bytes, sizeof header_bytes);
  if (input->size)
    memcpy(file + sizeof header_bytes, input->bytes, input->size);
  const char *path = fuzz_file(file, sizeof header_bytes + input->size, zeros % MOST_DATA);
  free(file);
  return path;
}

/* Tensors by their usual names; the format doesn't let one ask for others. */
static void read_some(const cardinal_weights *weights) {
  static const char *const names[] = {"conv1.weight", "bn1.bias", "fc.bias", "a", ""};
  float values[64];
  cardinal_error error;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i)
    for (size_t floats = 0; floats <= 64; floats = floats * 2 + (floats == 0)) {
      const cardinal_status status = cardinal_weights_read(weights, names[i], values, floats, &error);
      if (status)
        fuzz_check_error(status, &error);
    }
}

static void run_small(const cardinal_weights *weights, const cardinal_net_spec *spec) {
  uint64_t parameters, multiply_adds;
  cardinal_error error;
  cardinal_status status = cardinal_net_count(spec, IMAGE, IMAGE, &parameters, &multiply_adds, &error);
  if (status) {
    fuzz_check_error(status, &error);
    return;
  }
  if (parameters > MOST_PARAMETERS ||
      spec->blocks[0] + spec->blocks[1] + spec->blocks[2] + spec->blocks[3] > MOST_BLOCKS)
    return;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = IMAGE;
  cardinal_net *net = NULL;
  status = cardinal_net_create(fuzz_context(CARDINAL_ISA_GENERIC, 1, 1), spec, weights, &desc, &net, &error);
  if (status) {
    fuzz_check_error(status, &error);
    return;
  }
  float *image = calloc(3 * IMAGE * IMAGE, sizeof(float)), *logits = calloc(spec->classes, sizeof(float));
  void *arena = malloc(cardinal_net_arena_bytes(net));
  if (cardinal_net_run(net, image, NULL, logits, arena, &error))
    fuzz_wrong("a network doesn't run: %s", error.message);
  free(image);
  free(logits);
  free(arena);
  cardinal_net_destroy(net);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_input input = {bytes, size};
  const char *path = write_file(&input);
  cardinal_weights *weights = NULL;
  cardinal_error error;
  const cardinal_status status = cardinal_weights_open(path, &weights, &error);
  if (status) {
    fuzz_check_error(status, &error);
    if (weights)
      fuzz_wrong("a refused file still gave weights");
    return 0;
  }
  read_some(weights);
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  const cardinal_status recognised = cardinal_weights_spec(weights, &spec, &error);
  if (recognised)
    fuzz_check_error(recognised, &error);
  else
    run_small(weights, &spec);
  cardinal_weights_destroy(weights);
  return 0;
}
