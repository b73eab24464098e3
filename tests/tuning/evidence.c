/* SPDX-License-Identifier: BSD-3-Clause */
/* Which CPUs and shapes evidence is about, and what comes of it: with tables made up for the purpose. */
#include <criterion/criterion.h>
#include <string.h>

#include "dispatch/select.h"
#include "tests/dispatch/cpus.h"

static const cardinal_preference two_rows[] = {
    {.window = 1, .stride = 1, .pixels = {1, 49}, .kernel = "conv_f32_generic"},
    {.window = 3, .slot = 4, .in_channels = {64, 256}, .out_channels = {32, 512}, .kernel = "conv_f32_generic"},
};
static const cardinal_cpu_family families[] = {
    {.name = "Zen 4",
     .vendor = "AuthenticAMD",
     .family = 25,
     .models = {{16, 31}, {96, 127}},
     .preferences = two_rows,
     .preference_count = 2},
    {.name = "Cortex-A53",
     .vendor = "0x41",
     .family = 0,
     .models = {{0xD03, 0xD03}},
     .preferences = two_rows,
     .preference_count = 1},
};
static const cardinal_evidence evidence = {families, 2};

static cardinal_cpu_features cpu(const char *vendor, uint32_t family, uint32_t model) {
  cardinal_cpu_features features = {.family = family, .model = model};
  strcpy(features.vendor, vendor);
  return features;
}

Test(evidence, families_of_cpus) {
  static const struct {
    const char *vendor;
    uint32_t family, model;
    const char *expected; /* NULL: none */
  } cases[] = {
      {"AuthenticAMD", 25, 15, NULL},
      {"AuthenticAMD", 25, 16, "Zen 4"},
      {"AuthenticAMD", 25, 17, "Zen 4"},
      {"AuthenticAMD", 25, 31, "Zen 4"},
      {"AuthenticAMD", 25, 32, NULL},
      {"AuthenticAMD", 25, 95, NULL},
      {"AuthenticAMD", 25, 96, "Zen 4"},
      {"AuthenticAMD", 25, 127, "Zen 4"},
      {"AuthenticAMD", 25, 128, NULL},
      {"AuthenticAMD", 26, 17, NULL},
      {"GenuineIntel", 25, 17, NULL},
      {"AuthenticAM", 25, 17, NULL},
      {"", 25, 17, NULL},
      {"0x41", 0, 0xD03, "Cortex-A53"},
      {"0x41", 0, 0xD04, NULL},
      {"AuthenticAMD", 25, 0, NULL},
      {"HygonGenuine", 24, 17, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    const cardinal_cpu_features features = cpu(cases[i].vendor, cases[i].family, cases[i].model);
    const cardinal_cpu_family *found = cardinal_evidence_family(&evidence, &features);
    cr_expect_eq(found != NULL, cases[i].expected != NULL, "%s %u %u", cases[i].vendor, cases[i].family,
                 cases[i].model);
    cr_expect(!found || !cases[i].expected || strcmp(found->name, cases[i].expected) == 0, "%s %u %u is %s",
              cases[i].vendor, cases[i].family, cases[i].model, found ? found->name : "nothing");
  }
}

static cardinal_shape conv(size_t groups, size_t in, size_t out, size_t size, size_t window, size_t stride) {
  const size_t pad = window / 2, out_size = (size + 2 * pad - window) / stride + 1;
  return (cardinal_shape){.operation = CARDINAL_OPERATION_CONV,
                          .batch = 1,
                          .groups = groups,
                          .in_per_group = in / groups,
                          .out_per_group = out / groups,
                          .in_height = size,
                          .in_width = size,
                          .out_height = out_size,
                          .out_width = out_size,
                          .window = cardinal_square_window(window, stride, 1, pad)};
}

Test(evidence, classes_of_shapes) {
  const struct {
    cardinal_shape shape;
    int row; /* that covers it, or -1 */
  } cases[] = {
      {conv(1, 64, 64, 7, 1, 1), 0},    {conv(1, 64, 64, 8, 1, 1), -1},     {conv(1, 64, 64, 14, 1, 2), -1},
      {conv(32, 64, 64, 7, 1, 1), 0},   {conv(16, 64, 64, 56, 3, 1), 1},    {conv(16, 64, 64, 7, 3, 2), 1},
      {conv(64, 256, 256, 7, 3, 1), 1}, {conv(128, 512, 512, 7, 3, 1), -1}, {conv(8, 32, 32, 7, 3, 1), -1},
      {conv(8, 64, 64, 7, 3, 1), -1},   {conv(16, 64, 64, 7, 5, 1), -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i)
    for (int row = 0; row < 2; ++row)
      cr_expect_eq(cardinal_preference_covers(&two_rows[row], &cases[i].shape), row == cases[i].row, "case %zu, row %d",
                   i, row);
  static const cardinal_preference anything = {.kernel = "conv_f32_generic"}, dilated = {.dilation = 2};
  cardinal_shape shape = conv(1, 8, 8, 9, 3, 1);
  cr_expect(cardinal_preference_covers(&anything, &shape));
  cr_expect_not(cardinal_preference_covers(&dilated, &shape));
  shape.window.dilation_h = 2;
  cr_expect_not(cardinal_preference_covers(&dilated, &shape), "both directions count");
  shape.window.dilation_w = 2;
  cr_expect(cardinal_preference_covers(&dilated, &shape));
  shape.operation = CARDINAL_OPERATION_MAX_POOL;
  cr_expect_not(cardinal_preference_covers(&anything, &shape), "pools have one kernel for each ISA");
}

static void expect_choice(const cardinal_selector *selector, const cardinal_shape *shape, const char *kernel,
                          const char *basis) {
  cardinal_basis found;
  const cardinal_kernel *chosen = cardinal_kernel_choose(selector, shape, &found);
  cr_assert_not_null(chosen);
  cr_expect_str_eq(chosen->name, kernel);
  cr_expect_str_eq(cardinal_basis_name(found), basis, "%s", chosen->name);
  cr_expect_eq(cardinal_kernel_select(selector, shape), chosen);
}

/* Measured here comes before built-in, and that before order. What doesn't serve is passed over. */
Test(evidence, comes_before_order) {
  const cardinal_shape small = conv(1, 64, 64, 7, 1, 1), large = conv(1, 64, 64, 56, 1, 1);
  cardinal_selector selector = {.features = cpu("AuthenticAMD", 25, 17), .cap = CARDINAL_ISA_GENERIC};
  expect_choice(&selector, &small, "conv1x1_f32_4x16_generic", "order");
  selector.evidence = &evidence;
  expect_choice(&selector, &small, "conv_f32_generic", "built-in");
  expect_choice(&selector, &large, "conv1x1_f32_4x16_generic", "order");
  const cardinal_tuned tuned[] = {{small, cardinal_kernel_find("conv1x1_f32_4x16_generic")},
                                  {large, cardinal_kernel_find("conv_f32_generic")}};
  selector.tuned = tuned;
  selector.tuned_count = 2;
  expect_choice(&selector, &small, "conv1x1_f32_4x16_generic", "measured");
  expect_choice(&selector, &large, "conv_f32_generic", "measured");
  selector.only = tuned[0].kernel;
  expect_choice(&selector, &large, "conv1x1_f32_4x16_generic", "order");
  selector.only = NULL;
  cardinal_shape other = large;
  other.batch = 2;
  expect_choice(&selector, &other, "conv1x1_f32_4x16_generic", "order");
}

#if defined CARDINAL_HAVE_AVX2 && defined CARDINAL_HAVE_AVX512
/* A preference gives nothing that the CPU, the cap or a feature taken away keeps back. */
Test(evidence, gives_nothing_that_is_kept_back) {
  static const cardinal_preference rows[] = {{.window = 1, .kernel = "no_such_kernel"},
                                             {.window = 1, .kernel = "gconv3x3_f32_w4_avx2"},
                                             {.window = 1, .kernel = "conv1x1_f32_6x16_avx2"}};
  cardinal_cpu_family family = {
      .vendor = "AuthenticAMD", .family = 25, .models = {{96, 127}}, .preferences = rows, .preference_count = 3};
  const cardinal_evidence injected = {&family, 1};
  const cardinal_shape shape = conv(1, 64, 64, 7, 1, 1);
  cardinal_selector selector = {.cap = CARDINAL_ISA_AVX512, .evidence = &injected};
  cpus_features("zen4", &selector.features);
  strcpy(selector.features.vendor, "AuthenticAMD");
  expect_choice(&selector, &shape, "conv1x1_f32_6x16_avx2", "built-in");
  selector.without = CARDINAL_CPU_FMA;
  expect_choice(&selector, &shape, "conv1x1_f32_4x16_generic", "order");
  selector.without = 0;
  selector.cap = CARDINAL_ISA_GENERIC;
  expect_choice(&selector, &shape, "conv1x1_f32_4x16_generic", "order");
  const cardinal_tuned tuned = {shape, cardinal_kernel_find("conv1x1_f32_14x32_avx512")};
  selector.tuned = &tuned;
  selector.tuned_count = 1;
  expect_choice(&selector, &shape, "conv1x1_f32_4x16_generic", "order");
  selector.cap = CARDINAL_ISA_AVX2; /* the tuned one is above it, the built-in one isn't */
  expect_choice(&selector, &shape, "conv1x1_f32_6x16_avx2", "built-in");
  selector.cap = CARDINAL_ISA_AVX512;
  expect_choice(&selector, &shape, "conv1x1_f32_14x32_avx512", "measured");
}
#endif
