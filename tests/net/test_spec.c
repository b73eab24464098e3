/* SPDX-License-Identifier: BSD-3-Clause */
/* Architectures: names, counts against the published ones, and the wiring of layers. */
#include <criterion/criterion.h>
#include <string.h>

#include <cardinal/net.h>

#include "net/architecture.h"
#include "net/arena.h"
#include "net/spec.h"

static cardinal_net_spec custom(uint32_t depth, uint32_t cardinality, uint32_t width) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_error error;
  cr_assert_eq(cardinal_net_spec_custom(depth, cardinality, width, &spec, &error), CARDINAL_OK, "%s", error.message);
  return spec;
}

Test(spec, counts_are_the_published_ones) {
  static const struct {
    const char *name;
    uint64_t parameters;
    double giga_multiply_adds;
  } published[] = {
      {"resnext50_32x4d", 25028904, 4.23},    {"resnext101_32x8d", 88791336, 16.41},
      {"resnext101_64x4d", 83455272, 15.46},  {"resnet50", 25557032, 4.09},
      {"resnet101", 44549160, 7.80},          {"resnext101_32x4d", 44177704, 7.97},
      {"resnet152", 60192808, 11.51},         {"wide_resnet50_2", 68883240, 11.40},
      {"wide_resnet101_2", 126886696, 22.75},
  };
  for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    uint64_t parameters, multiply_adds;
    cr_assert_eq(cardinal_net_spec_named(published[i].name, &spec, NULL), CARDINAL_OK);
    cr_assert_eq(cardinal_net_count(&spec, 224, 224, &parameters, &multiply_adds, NULL), CARDINAL_OK);
    cr_expect_eq(parameters, published[i].parameters, "%s: %lu parameters", spec.name, (unsigned long)parameters);
    double giga = (double)multiply_adds * 1e-9;
    cr_expect(giga > published[i].giga_multiply_adds - 0.005 && giga < published[i].giga_multiply_adds + 0.005,
              "%s: %.4f G", spec.name, giga);
  }
}

Test(spec, family_of_equal_complexity) {
  /* Xie et al. 2017, table 2: all near 4.1 G multiply-adds and 25 M parameters. */
  static const uint32_t members[][2] = {{1, 64}, {2, 40}, {4, 24}, {8, 14}, {32, 4}};
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
    cardinal_net_spec spec = custom(50, members[i][0], members[i][1]);
    uint64_t parameters, multiply_adds;
    cr_assert_eq(cardinal_net_count(&spec, 224, 224, &parameters, &multiply_adds, NULL), CARDINAL_OK);
    cr_expect(parameters > 24000000 && parameters < 26600000, "%s: %lu", spec.name, (unsigned long)parameters);
    cr_expect(multiply_adds > 4000000000u && multiply_adds < 4400000000u, "%s: %lu", spec.name,
              (unsigned long)multiply_adds);
  }
}

Test(spec, every_listed_name_is_known_and_kept) {
  size_t count = 0;
  for (; cardinal_net_model_name(count); count++) {
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    cr_assert_eq(cardinal_net_spec_named(cardinal_net_model_name(count), &spec, NULL), CARDINAL_OK);
    cr_expect_str_eq(spec.name, cardinal_net_model_name(count));
    cr_expect_eq(spec.struct_size, sizeof spec);
  }
  cr_expect_eq(count, 9);
}

Test(spec, custom_members_are_named_after_their_numbers) {
  cr_expect_str_eq(custom(50, 8, 14).name, "resnext50_8x14d");
  cr_expect_str_eq(custom(101, 2, 40).name, "resnext101_2x40d");
  cr_expect_str_eq(custom(50, 1, 64).name, "resnet50");
  cr_expect_str_eq(custom(50, 32, 4).name, "resnext50_32x4d");
  cr_expect_str_eq(custom(50, 1, 128).name, "wide_resnet50_2");
  cr_expect_str_eq(custom(152, 32, 4).name, "resnext152_32x4d");
  cr_expect_str_eq(custom(152, 1, 128).name, "resnext152_1x128d");
}

Test(spec, other_streams_stand_in_the_name) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cr_assert_eq(cardinal_net_spec_named("resnext26_8x4d_2-2-2-2_32to64", &spec, NULL), CARDINAL_OK);
  cr_expect(spec.stem_channels == 32 && spec.stage_channels == 64 && spec.blocks[3] == 2);
  cr_assert_eq(cardinal_net_spec_named("resnext50_1x64d", &spec, NULL), CARDINAL_INVALID_ARGUMENT);
  cr_assert_eq(cardinal_net_spec_named("resnet50_64to128", &spec, NULL), CARDINAL_OK);
  cr_expect(spec.stem_channels == 64 && spec.stage_channels == 128 && spec.blocks[2] == 6 && spec.cardinality == 1);
  cr_assert_eq(cardinal_net_spec_named("resnet50", &spec, NULL), CARDINAL_OK);
  cr_expect(spec.stem_channels == 64 && spec.stage_channels == 256, "the usual ones are told");

  /* Only enormous numbers make a name too long, which is cut then and found no more. */
  spec = (cardinal_net_spec){.blocks = {1024, 1024, 1024, 1024},
                             .cardinality = 1000,
                             .width_per_group = 1000,
                             .stem_channels = 10000,
                             .stage_channels = 10000};
  cardinal_spec_set_name(&spec);
  cr_expect_eq(strlen(spec.name), sizeof spec.name - 1);
}

Test(spec, every_name_that_is_given_is_accepted) {
  cardinal_net_spec specs[] = {custom(50, 8, 14),  custom(101, 2, 40),  custom(152, 1, 64),    custom(152, 1, 128),
                               custom(50, 1, 128), custom(101, 1, 128), custom(50, 1024, 1024)};
  for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
    for (int unusual = 0; unusual < 3; unusual++) {
      cardinal_net_spec found = {.struct_size = sizeof found};
      cardinal_error error;
      if (unusual == 1) /* as many blocks as before, so the depth alone doesn't tell */
        specs[i].blocks[0]--, specs[i].blocks[3]++;
      if (unusual == 2)
        specs[i].stem_channels = 9, specs[i].stage_channels = 48;
      cardinal_spec_set_name(&specs[i]);
      cr_assert_eq(cardinal_net_spec_named(specs[i].name, &found, &error), CARDINAL_OK, "%s", error.message);
      cr_expect(!memcmp(&found, &specs[i], sizeof found), "%s was taken for %s", specs[i].name, found.name);
    }
}

Test(spec, other_names_are_refused) {
  static const char *const names[] = {"",
                                      "resnet",
                                      "resnet49",
                                      "resnet18",
                                      "resnet050",
                                      "resnet50 ",
                                      "resnet50_3-4-6-3",
                                      "resnet26_2-2-2",
                                      "resnet26_2-2-2-3",
                                      "resnet26_2-2-2-2-2",
                                      "resnext50_32x4",
                                      "resnext50_32x4dd",
                                      "resnext50_1x64d",
                                      "resnext50_1x128d",
                                      "resnext50_0x4d",
                                      "resnext50_-8x14d",
                                      "resnext50_2000x4d",
                                      "resnext99999999999_8x14d",
                                      "wide_resnet152_2",
                                      "resnet50_64to256",
                                      "resnet50_64to255",
                                      "resnet50_0to128",
                                      "resnet50_64to0",
                                      "resnet50_16385to128",
                                      "resnet50_64to16386",
                                      "resnet50_64to128_3-4-6-4",
                                      "resnet50_32to",
                                      "resnet26_32to64"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    cr_expect_eq(cardinal_net_spec_named(names[i], &spec, NULL), CARDINAL_INVALID_ARGUMENT, "\"%s\"", names[i]);
  }
}

Test(spec, bad_arguments_are_named) {
  cardinal_net_spec spec = {.struct_size = sizeof spec, .classes = 77};
  cardinal_error error;
  cr_expect_eq(cardinal_net_spec_named("resnet49", &spec, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "resnet49") && strstr(error.message, "resnext101_64x4d"), "%s", error.message);
  cr_expect_eq(cardinal_net_spec_custom(49, 1, 64, &spec, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "depth is 49"), "%s", error.message);
  cr_expect_eq(cardinal_net_spec_custom(50, 0, 64, &spec, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "cardinality is 0"), "%s", error.message);
  cr_expect_eq(cardinal_net_spec_custom(50, 1, 1025, &spec, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "width per group is 1025"), "%s", error.message);
  cr_expect_eq(spec.classes, 77, "a failed call changed its output");

  spec = custom(50, 32, 4);
  cr_expect_eq(cardinal_net_count(&spec, 31, 224, NULL, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "31×224"), "%s", error.message);
  spec.stem_channels = 1 << 15;
  cr_expect_eq(cardinal_net_count(&spec, 224, 224, NULL, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "stem_channels is 32768"), "%s", error.message);
  spec.stem_channels = 0;
  spec.stage_channels = 33;
  cr_expect_eq(cardinal_net_count(&spec, 224, 224, NULL, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "stage_channels is 33"), "%s", error.message);
  spec.stage_channels = 0;
  spec.blocks[2] = 0;
  cr_expect_eq(cardinal_net_count(&spec, 224, 224, NULL, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "blocks[2]"), "%s", error.message);
}

Test(spec, layers_are_wired_without_loose_ends) {
  typedef struct {
    int64_t channels, height, width;
  } shape;
  for (size_t model = 0; cardinal_net_model_name(model); model++) {
    cardinal_net_spec spec = {.struct_size = sizeof spec};
    cr_assert_eq(cardinal_net_spec_named(cardinal_net_model_name(model), &spec, NULL), CARDINAL_OK);
    static shape values[1024];
    memset(values, 0, sizeof values);
    values[CARDINAL_VALUE_IMAGES] = (shape){3, 224, 224};
    cardinal_walker walker;
    cardinal_layer layer;
    size_t residuals = 0, convolutions = 0;
    cardinal_walk_start(&walker, &spec, 224, 224);
    while (cardinal_walk_next(&walker, &layer)) {
      shape in = {layer.in_channels, layer.in_height, layer.in_width};
      shape out = {layer.out_channels, layer.out_height, layer.out_width};
      cr_assert(!memcmp(&values[layer.x], &in, sizeof in), "%s reads what nobody wrote", layer.name);
      if (layer.adds_to_y)
        cr_assert(!memcmp(&values[layer.y], &out, sizeof out), "%s adds to another shape", layer.name);
      else
        cr_assert_eq(values[layer.y].channels, 0, "%s overwrites a value", layer.name);
      cr_expect_neq(layer.x, layer.y);
      residuals += layer.adds_to_y;
      convolutions += layer.kind == CARDINAL_LAYER_CONV && !strstr(layer.name, "downsample");
      values[layer.y] = out;
    }
    size_t blocks = spec.blocks[0] + spec.blocks[1] + spec.blocks[2] + spec.blocks[3];
    cr_expect_eq(convolutions, 3 * blocks + 1, "%s", spec.name);
    cr_expect_eq(residuals, blocks, "%s", spec.name);
    cr_expect_eq(values[CARDINAL_VALUE_FEATURES].channels, 2048);
    cr_expect_eq(values[CARDINAL_VALUE_LOGITS].channels, 1000);
  }
}

Test(spec, imagenet_classes) {
  cr_expect_str_eq(cardinal_imagenet_class(0), "tench");
  cr_expect_str_eq(cardinal_imagenet_class(285), "Egyptian cat");
  cr_expect_str_eq(cardinal_imagenet_class(999), "toilet tissue");
  cr_expect_null(cardinal_imagenet_class(1000));
}

/* ---- the arena ----------------------------------------------------------------------------------------------- */

Test(arena, buffers_that_live_at_once_never_overlap) {
  uint64_t state = 12345;
  for (int round = 0; round < 200; round++) {
    cardinal_buffer buffers[40];
    size_t peak = 0, bytes;
    for (size_t i = 0; i < 40; i++) {
      state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      buffers[i].bytes = (state >> 33) % 5000;
      buffers[i].first = (state >> 50) % 30;
      buffers[i].last = buffers[i].first + (state >> 60);
    }
    cr_assert_eq(cardinal_arena_plan(buffers, 40, &bytes), CARDINAL_OK);
    for (size_t step = 0; step < 50; step++) {
      size_t live = 0;
      for (size_t i = 0; i < 40; i++)
        if (buffers[i].first <= step && step <= buffers[i].last)
          live += buffers[i].bytes;
      peak = live > peak ? live : peak;
    }
    cr_expect(bytes >= peak && bytes < peak * 3 / 2 + 4096, "%zu bytes for at most %zu at once", bytes, peak);
    for (size_t i = 0; i < 40; i++) {
      cr_expect_eq(buffers[i].offset % CARDINAL_ARENA_ALIGNMENT, 0);
      cr_expect(buffers[i].offset + buffers[i].bytes <= bytes);
      for (size_t j = 0; j < i; j++) {
        const cardinal_buffer *a = &buffers[i], *b = &buffers[j];
        bool together = a->first <= b->last && b->first <= a->last;
        bool apart = a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset;
        cr_expect(!together || apart || !a->bytes || !b->bytes, "buffers %zu and %zu overlap", i, j);
      }
    }
  }
}

Test(arena, sizes_that_overflow_are_refused) {
  cardinal_buffer buffers[2] = {{.bytes = SIZE_MAX / 2 + 1}, {.bytes = SIZE_MAX / 2}};
  size_t bytes;
  cr_expect_eq(cardinal_arena_plan(buffers, 2, &bytes), CARDINAL_OVERFLOW);
}
