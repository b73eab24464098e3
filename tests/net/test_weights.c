/* SPDX-License-Identifier: BSD-3-Clause */
/* What networks make of weights files. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/match.h"
#include "net/weights.h"
#include "tests/net/files.h"

#define F32(name, shape, begin, end)                                                                                   \
  "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

/* The smallest network of the family. */
static cardinal_net_spec small_spec(void) {
  cardinal_net_spec spec = {
      .struct_size = sizeof spec, .blocks = {1, 1, 1, 1}, .cardinality = 4, .width_per_group = 4, .classes = 10};
  strcpy(spec.name, "small");
  return spec;
}

static cardinal_context *make_context(void) {
  cardinal_context *context;
  cardinal_error error;
  cr_assert_eq(cardinal_context_create(NULL, &context, &error), CARDINAL_OK, "%s", error.message);
  return context;
}

static cardinal_status run_small(const char *path, float logits[10], cardinal_error *error) {
  cardinal_net_spec spec = small_spec();
  cardinal_net_desc desc;
  cardinal_net *net = NULL;
  cardinal_context *context = make_context();
  cardinal_weights *weights = test_open_weights(path);
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = 32;
  cardinal_status status = cardinal_net_create(context, &spec, weights, &desc, &net, error);
  cardinal_weights_destroy(weights);
  if (!status) {
    static float image[3 * 32 * 32];
    cardinal_synthetic_input(1, image, 3 * 32 * 32);
    void *arena = malloc(cardinal_net_arena_bytes(net));
    status = cardinal_net_run(net, image, NULL, logits, arena, error);
    free(arena);
  }
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
  return status;
}

Test(weights, a_file_gives_the_same_bits_as_the_generator) {
  cardinal_net_spec spec = small_spec();
  cardinal_weights *synthetic;
  cardinal_net *net;
  cardinal_net_desc desc;
  cardinal_error error;
  static float image[3 * 32 * 32];
  float from_file[10], generated[10];
  test_write_weights(test_path("small.safetensors"), &spec, 5, &(test_weights_options){.batch_counters = 1});
  cr_assert_eq(run_small(test_path("small.safetensors"), from_file, &error), CARDINAL_OK, "%s", error.message);

  cardinal_context *context = make_context();
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = 32;
  cr_assert_eq(cardinal_weights_synthetic(&spec, 5, &synthetic, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_net_create(context, &spec, synthetic, &desc, &net, NULL), CARDINAL_OK);
  cardinal_synthetic_input(1, image, 3 * 32 * 32);
  void *arena = malloc(cardinal_net_arena_bytes(net));
  cr_assert_eq(cardinal_net_run(net, image, NULL, generated, arena, NULL), CARDINAL_OK);
  cr_expect(!memcmp(from_file, generated, sizeof generated));
  free(arena);
  cardinal_net_destroy(net);
  cardinal_weights_destroy(synthetic);
  cardinal_context_destroy(context);
}

Test(weights, a_wrapped_model_is_that_model) {
  cardinal_net_spec spec = small_spec(), found = {.struct_size = sizeof found};
  cardinal_error error;
  float plain[10], wrapped[10];
  test_write_weights(test_path("plain.safetensors"), &spec, 5, NULL);
  test_write_weights(test_path("wrapped.safetensors"), &spec, 5,
                     &(test_weights_options){.prefix = "module.", .batch_counters = 1});
  cr_assert_eq(run_small(test_path("plain.safetensors"), plain, &error), CARDINAL_OK, "%s", error.message);
  cr_assert_eq(run_small(test_path("wrapped.safetensors"), wrapped, &error), CARDINAL_OK, "%s", error.message);
  cr_expect(!memcmp(plain, wrapped, sizeof plain));
  cardinal_weights *weights = test_open_weights(test_path("wrapped.safetensors"));
  cr_expect_eq(cardinal_weights_spec(weights, &found, &error), CARDINAL_OK, "%s", error.message);
  cr_expect_eq(found.classes, 10);
  cardinal_weights_destroy(weights);
}

Test(weights, half_precision_files_come_close) {
  cardinal_net_spec spec = small_spec();
  cardinal_error error;
  float full[10], half[10];
  test_write_weights(test_path("full.safetensors"), &spec, 5, NULL);
  cr_assert_eq(run_small(test_path("full.safetensors"), full, &error), CARDINAL_OK, "%s", error.message);
  static const struct {
    const char *dtype;
    float tolerance;
  } types[] = {{"F16", 0.01f}, {"BF16", 0.08f}};
  for (int t = 0; t < 2; t++) {
    test_write_weights(test_path("half.safetensors"), &spec, 5, &(test_weights_options){.dtype = types[t].dtype});
    cr_assert_eq(run_small(test_path("half.safetensors"), half, &error), CARDINAL_OK, "%s", error.message);
    float largest = 0;
    for (int i = 0; i < 10; i++)
      largest = fmaxf(largest, fabsf(full[i]));
    for (int i = 0; i < 10; i++)
      cr_expect(fabsf(half[i] - full[i]) < types[t].tolerance * largest, "%s: %f, with F32 %f", types[t].dtype,
                (double)half[i], (double)full[i]);
    cr_expect(memcmp(half, full, sizeof full), "%s gave the very bits of F32", types[t].dtype);
  }
}

/* Whatever the depths, groups, widths, streams and classes, a file is recognised and gives the generator's bits. */
Test(weights, any_network_of_the_family_is_recognised) {
  static const cardinal_net_spec specs[] = {
      {.blocks = {2, 1, 1, 3}, .cardinality = 3, .width_per_group = 5, .classes = 2},
      {.blocks = {1, 1, 1, 1}, .cardinality = 8, .width_per_group = 4, .classes = 7, .stage_channels = 32},
      {.blocks = {1, 2, 1, 1},
       .cardinality = 1,
       .width_per_group = 1,
       .classes = 1,
       .stem_channels = 3,
       .stage_channels = 2},
      {.blocks = {1, 1, 1, 2}, .cardinality = 2, .width_per_group = 17, .classes = 1001, .stem_channels = 80},
  };
  static float image[3 * 33 * 40];
  cardinal_synthetic_input(1, image, sizeof image / sizeof image[0]);
  cardinal_context *context = make_context();
  for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
    cardinal_net_spec spec = specs[i], found = {.struct_size = sizeof found};
    float logits[2][1001] = {{0}};
    spec.struct_size = sizeof spec;
    test_write_weights(test_path("any.safetensors"), &spec, 5, NULL);
    for (int generated = 0; generated < 2; generated++) {
      cardinal_weights *weights = NULL;
      cardinal_net *net = NULL;
      cardinal_error error;
      cardinal_net_desc desc;
      cardinal_net_desc_init(&desc);
      desc.image_height = 33;
      desc.image_width = 40;
      if (generated)
        cr_assert_eq(cardinal_weights_synthetic(&spec, 5, &weights, &error), CARDINAL_OK, "%s", error.message);
      else
        weights = test_open_weights(test_path("any.safetensors"));
      cr_assert_eq(cardinal_weights_spec(weights, &found, &error), CARDINAL_OK, "%s", error.message);
      cr_expect(found.classes == spec.classes && found.cardinality == spec.cardinality);
      cr_expect_eq(found.stem_channels, spec.stem_channels ? spec.stem_channels : 64);
      cr_expect_eq(found.stage_channels, spec.stage_channels ? spec.stage_channels : 256);
      cr_assert_eq(cardinal_net_create(context, &found, weights, &desc, &net, &error), CARDINAL_OK, "%s",
                   error.message);
      cr_expect_eq(cardinal_net_feature_count(net), 8 * found.stage_channels);
      void *arena = malloc(cardinal_net_arena_bytes(net));
      cr_assert_eq(cardinal_net_run(net, image, NULL, logits[generated], arena, NULL), CARDINAL_OK);
      free(arena);
      cardinal_net_destroy(net);
      cardinal_weights_destroy(weights);
    }
    cr_expect(!memcmp(logits[0], logits[1], sizeof logits[0]), "%s", found.name);
    cr_expect_neq(logits[0][0], 0.0f);
  }
  cardinal_context_destroy(context);
}

Test(weights, networks_refuse_what_does_not_fit_in_words) {
  static const struct {
    test_weights_options options;
    const char *message;
  } cases[] = {
      {{.leave_out = "layer2.0.bn2.running_var"},
       "tensor \"layer2.0.bn2.running_var\" is missing: small expects it with shape [32]"},
      {{.leave_out = "fc.bias"}, "tensor \"fc.bias\" is missing"},
      {{.add = "layer9.weight"}, "tensor \"layer9.weight\" with shape [] has no place in small"},
      {{.transpose = "layer3.0.conv1.weight"},
       "tensor \"layer3.0.conv1.weight\": small expects shape [64, 512, 1, 1], found [512, 64, 1, 1]"},
      {{.poison = "layer1.0.conv2.weight", .poison_index = 100, .poison_value = NAN},
       "tensor \"layer1.0.conv2.weight\": expected finite numbers, found nan as element 100"},
      {{.poison = "fc.weight", .poison_index = 2048 * 10 - 1, .poison_value = INFINITY},
       "tensor \"fc.weight\": expected finite numbers, found inf as element 20479"},
      {{.poison = "fc.bias", .poison_index = 9, .poison_value = -INFINITY},
       "tensor \"fc.bias\": expected finite numbers, found -inf as element 9"},
      {{.poison = "bn1.running_mean", .poison_index = 3, .poison_value = NAN},
       "tensor \"bn1.running_mean\": expected finite numbers, found nan as element 3"},
      {{.poison = "bn1.running_var", .poison_index = 3, .poison_value = -0.5f},
       "tensor \"bn1.running_var\": expected numbers of 0 or more, found -0.5 as element 3"},
      {{.poison = "layer4.0.conv1.weight", .poison_index = 8 * 1024 + 3, .poison_value = 3.4e38f},
       "tensor \"layer4.0.conv1.weight\": output channel 8 times the scale of its batch norm overflows"},
      {{.poison = "layer4.0.bn1.bias", .poison_index = 7, .poison_value = INFINITY},
       "tensor \"layer4.0.bn1.bias\": expected finite numbers"},
  };
  cardinal_net_spec spec = small_spec();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    float logits[10];
    cardinal_error error;
    const char *path = test_path("unfit.safetensors");
    test_write_weights(path, &spec, 5, &cases[i].options);
    cardinal_status status = run_small(path, logits, &error);
    cr_expect_eq(status, CARDINAL_BAD_FILE, "%s was expected", cases[i].message);
    if (status)
      cr_expect(strstr(error.message, cases[i].message) && strstr(error.message, path), "expected \"%s\", found \"%s\"",
                cases[i].message, error.message);
  }
}

Test(weights, another_architecture_is_named) {
  cardinal_net_spec resnet = {.struct_size = sizeof resnet}, resnext = {.struct_size = sizeof resnext};
  cardinal_error error;
  cr_assert_eq(cardinal_net_spec_named("resnet50", &resnet, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_net_spec_named("resnext50_32x4d", &resnext, NULL), CARDINAL_OK);
  test_write_sparse(test_path("resnet50.safetensors"), &resnet);
  cardinal_weights *weights = test_open_weights(test_path("resnet50.safetensors"));
  cr_expect_eq(cardinal_match_tensors(&weights->table, "file", &resnext, &error), CARDINAL_BAD_FILE);
  cr_expect(strstr(error.message, "the tensors look like resnet50"), "%s", error.message);
  cardinal_weights_destroy(weights);
}

Test(weights, other_networks_are_not_taken_for_one_of_the_family) {
  static const struct {
    const char *header, *message;
  } cases[] = {
      {"{" F32("a", "[1]", "0", "4") "}", "lacks the tensor \"layer1.0.conv2.weight\""},
      {"{" F32("layer1.0.conv2.weight", "[2]", "0", "8") "}", "expected 4 dimensions, found shape [2]"},
      {"{" F32("layer1.0.conv2.weight", "[1,0,1,1]", "0", "0") "," F32("fc.weight", "[1,1]", "0", "4") "}",
       "groups * width"},
      {"{" F32("layer1.0.conv2.weight", "[3,2,1,1]", "0", "24") "," F32("fc.weight", "[1,1]", "24", "28") "}",
       "groups * width"},
      {"{" F32("layer1.0.conv2.weight", "[1,1,1,1]", "0", "4") "," F32("fc.weight", "[1,1]", "4", "8") "}",
       "layer1.0.conv3.weight"},
      {"{" F32("layer1.0.conv2.weight", "[1,1,1,1]", "0", "4") "," F32(
           "layer1.0.conv3.weight", "[1,1,1,1]", "4",
           "8") "," F32("layer2.0.conv3.weight", "[1,1,1,1]", "8",
                        "12") "," F32("layer3.0.conv3.weight", "[1,1,1,1]", "12",
                                      "16") "," F32("layer4.0.conv3.weight", "[1,1,1,1]", "16",
                                                    "20") "," F32("conv1.weight", "[0,3,7,7]", "20",
                                                                  "20") "," F32("fc.weight", "[1,1]", "20", "24") "}",
       "\"conv1.weight\": expected 1 to 16384 output channels, found [0, 3, 7, 7]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    cardinal_error error;
    const char *data = strrchr(cases[i].header, ',');
    test_write_header(test_path("other.safetensors"), cases[i].header, (size_t)atoi(data + 1));
    cardinal_weights *weights = test_open_weights(test_path("other.safetensors"));
    cr_expect_eq(cardinal_weights_spec(weights, &spec, &error), CARDINAL_BAD_FILE);
    cr_expect(strstr(error.message, cases[i].message), "expected \"%s\", found \"%s\"", cases[i].message,
              error.message);
    cardinal_weights_destroy(weights);
  }
}
