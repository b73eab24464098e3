/* SPDX-License-Identifier: BSD-3-Clause */
/* Which kernel serves which shape on which CPU, and that the registry makes sense as a whole. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/select.h"
#include "tests/dispatch/cpus.h"

Test(registry, names_are_unique_and_twins_are_portable) {
  cr_assert(cardinal_kernel_count > 0);
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    cr_expect_eq(cardinal_kernel_find(kernel->name), kernel, "%s is registered twice", kernel->name);
    const cardinal_kernel *twin = cardinal_kernel_find(kernel->twin);
    cr_assert_not_null(twin, "%s has no twin %s", kernel->name, kernel->twin);
    cr_expect_eq(twin->isa, CARDINAL_ISA_GENERIC, "%s, the twin of %s, is not portable", twin->name, kernel->name);
    cr_expect(twin->form == kernel->form && twin->operation == kernel->operation && twin->format == kernel->format &&
                  twin->x_layout == kernel->x_layout && twin->slot == kernel->slot,
              "%s, the twin of %s, is of another kind", twin->name, kernel->name);
    cr_expect_eq(cardinal_isa_needs(kernel->isa) & ~kernel->needs, 0u, "%s doesn't need what its compiler flags allow",
                 kernel->name);
    cr_expect(strstr(kernel->name, cardinal_isa_name(kernel->isa)), "%s doesn't name its ISA", kernel->name);
  }
  cr_expect_null(cardinal_kernel_find("conv9x9_f32_abacus"));
}

/* ---- shapes ---- */

typedef struct named_shape {
  const char *name;
  cardinal_shape shape;
} named_shape;

#define SQUARE(kernel, stride, dilation, pad)                                                                          \
  { (kernel), (kernel), (stride), (stride), (dilation), (dilation), (pad), (pad), (pad), (pad) }
#define CONV(layout, groups_, in, out, size, kernel, stride, dilation, pad)                                            \
  {                                                                                                                    \
    .operation = CARDINAL_OPERATION_CONV, .x_layout = CARDINAL_LAYOUT_##layout, .batch = 1, .groups = (groups_),       \
    .in_per_group = (in), .out_per_group = (out), .in_height = (size), .in_width = (size),                             \
    .out_height = ((size) + 2 * (pad) - ((kernel)-1) * (dilation)-1) / (stride) + 1,                                   \
    .out_width = ((size) + 2 * (pad) - ((kernel)-1) * (dilation)-1) / (stride) + 1,                                    \
    .window = SQUARE(kernel, stride, dilation, pad)                                                                    \
  }
#define POOL(operation_, size, kernel, stride, pad)                                                                    \
  {                                                                                                                    \
    .operation = CARDINAL_OPERATION_##operation_, .x_layout = CARDINAL_LAYOUT_BLOCKED16, .batch = 1, .groups = 64,     \
    .in_per_group = 1, .out_per_group = 1, .in_height = (size), .in_width = (size),                                    \
    .out_height = ((size) + 2 * (pad) - (kernel)) / (stride) + 1,                                                      \
    .out_width = ((size) + 2 * (pad) - (kernel)) / (stride) + 1, .window = SQUARE(kernel, stride, 1, pad)              \
  }

/* A shape, and the portable kernel whose bits serve it: on a CPU that has an ISA, that ISA's kernel with this twin. */
static const struct {
  named_shape shape;
  const char *twin;
} table[] = {
    {{"1x1", CONV(BLOCKED16, 1, 64, 128, 56, 1, 1, 1, 0)}, "conv1x1_f32_4x16_generic"},
    {{"1x1, odd sizes", CONV(BLOCKED16, 1, 3, 5, 7, 1, 1, 1, 0)}, "conv1x1_f32_4x16_generic"},
    {{"1x1, stride 2", CONV(BLOCKED16, 1, 256, 512, 56, 1, 2, 1, 0)}, "conv1x1_f32_4x16_generic"},
    {{"1x1 from planes", CONV(NCHW, 1, 64, 128, 56, 1, 1, 1, 0)}, "conv1x1_f32_4x16_generic"},
    {{"fully connected", CONV(BLOCKED16, 1, 2048, 1000, 1, 1, 1, 1, 0)}, "fc_f32_generic"},
    {{"width 4", CONV(BLOCKED16, 32, 4, 4, 56, 3, 1, 1, 1)}, "gconv3x3_f32_w4_generic"},
    {{"width 4, stride 2", CONV(BLOCKED16, 32, 4, 4, 56, 3, 2, 1, 1)}, "gconv3x3_f32_w4_generic"},
    {{"width 4, no padding", CONV(NHWC, 32, 4, 4, 56, 3, 1, 1, 0)}, "gconv3x3_f32_w4_generic"},
    {{"width 8", CONV(BLOCKED16, 32, 8, 8, 28, 3, 1, 1, 1)}, "gconv3x3_f32_w8_generic"},
    {{"width 8, stride 2", CONV(BLOCKED16, 32, 8, 8, 28, 3, 2, 1, 1)}, "gconv3x3_f32_w8_generic"},
    {{"width 16", CONV(BLOCKED16, 32, 16, 16, 14, 3, 1, 1, 1)}, "gconv3x3_f32_w16_generic"},
    {{"width 32", CONV(BLOCKED16, 32, 32, 32, 7, 3, 1, 1, 1)}, "gconv3x3_f32_w16_generic"},
    {{"width 64, stride 2", CONV(BLOCKED16, 32, 64, 64, 14, 3, 2, 1, 1)}, "gconv3x3_f32_w16_generic"},
    {{"width 14", CONV(BLOCKED16, 8, 14, 14, 28, 3, 1, 1, 1)}, "gconv3x3_f32_w16_generic"},
    {{"width 24", CONV(BLOCKED16, 4, 24, 24, 28, 3, 2, 1, 1)}, "gconv3x3_f32_w16_generic"},
    {{"width 40", CONV(BLOCKED16, 2, 40, 40, 28, 3, 1, 1, 1)}, "gconv3x3_f32_w16_generic"},
    {{"width 5", CONV(BLOCKED16, 4, 5, 5, 28, 3, 1, 1, 1)}, "gconv3x3_f32_w8_generic"},
    {{"width 2", CONV(BLOCKED16, 8, 2, 2, 28, 3, 1, 1, 1)}, "gconv3x3_f32_w8_generic"},
    {{"4 in, 8 out a group", CONV(BLOCKED16, 8, 4, 8, 28, 3, 1, 1, 1)}, "gconv3x3_f32_w8_generic"},
    {{"4 in, 2 out a group", CONV(BLOCKED16, 8, 4, 2, 28, 3, 1, 1, 1)}, "gconv3x3_f32_w4_generic"},
    {{"dense 3x3", CONV(BLOCKED16, 1, 64, 64, 56, 3, 1, 1, 1)}, "gconv3x3_f32_w16_generic"},
    {{"depthwise", CONV(BLOCKED16, 64, 1, 1, 28, 3, 1, 1, 1)}, "gconv3x3_f32_w1_generic"},
    {{"depthwise, stride 2", CONV(BLOCKED16, 64, 1, 1, 28, 3, 2, 1, 1)}, "gconv3x3_f32_w1_generic"},
    {{"stem", CONV(NCHW, 1, 3, 64, 224, 7, 2, 1, 3)}, "conv7x7s2_f32_nchw_generic"},
    {{"max pool", POOL(MAX_POOL, 112, 3, 2, 1)}, "maxpool_f32_generic"},
    {{"max pool, 2x2", POOL(MAX_POOL, 112, 2, 2, 0)}, "maxpool_f32_generic"},
    {{"average pool", POOL(AVERAGE_POOL, 7, 7, 1, 0)}, "avgpool_f32_generic"},
    /* What no kernel of its own serves falls to the ISA's for any window. */
    {{"stem, blocked", CONV(BLOCKED16, 1, 3, 64, 224, 7, 2, 1, 3)}, "conv_f32_generic"},
    {{"7x7, stride 1", CONV(NCHW, 1, 3, 64, 56, 7, 1, 1, 3)}, "conv_f32_generic"},
    {{"stem, 17 channels", CONV(NCHW, 1, 17, 64, 56, 7, 2, 1, 3)}, "conv_f32_generic"},
    {{"3x3, stride 3", CONV(BLOCKED16, 32, 4, 4, 56, 3, 3, 1, 1)}, "conv_f32_generic"},
    {{"3x3, dilated", CONV(BLOCKED16, 32, 4, 4, 56, 3, 1, 2, 1)}, "conv_f32_generic"},
    {{"3x3, padding 2", CONV(BLOCKED16, 32, 8, 8, 56, 3, 1, 1, 2)}, "conv_f32_generic"},
    {{"5x5", CONV(BLOCKED16, 32, 4, 4, 56, 5, 1, 1, 2)}, "conv_f32_generic"},
    {{"grouped 1x1", CONV(BLOCKED16, 4, 16, 16, 14, 1, 1, 1, 0)}, "conv_f32_generic"},
    {{"padded 1x1", CONV(BLOCKED16, 1, 16, 16, 14, 1, 1, 1, 1)}, "conv_f32_generic"},
};
enum {
  ROWS = sizeof table / sizeof table[0]
};

static void expect_row(const char *what, const cardinal_selector *selector, size_t row, const char *isa) {
  const cardinal_kernel *kernel = cardinal_kernel_select(selector, &table[row].shape.shape);
  cr_assert_not_null(kernel);
  cr_expect(strcmp(kernel->twin, table[row].twin) == 0 && strcmp(cardinal_isa_name(kernel->isa), isa) == 0,
            "%s, %s: %s was chosen, expected %s's kernel with the twin %s", what, table[row].shape.name, kernel->name,
            isa, table[row].twin);
}

static void expect_ladder(const char *cpu, cardinal_isa cap, const char *isa) {
  cardinal_selector selector = {.cap = cap};
  cpus_features(cpu, &selector.features);
  for (size_t row = 0; row < ROWS; ++row)
    expect_row(cpu, &selector, row, isa);
}

/* The best ISA of each CPU, as a context takes it, among those that this build has kernels for. */
Test(selection, cpus) {
  static const struct {
    const char *cpu, *x86, *arm;
  } cpus[] = {{"skylake-x", "avx512", "generic"},
              {"cascade-lake", "avx512", "generic"},
              {"ice-lake", "avx512", "generic"},
              {"zen4", "avx512", "generic"},
              {"cannon-lake", "avx2", "generic"},
              {"knights-landing", "avx2", "generic"},
              {"alder-lake", "avx2", "generic"},
              {"haswell", "avx2", "generic"},
              {"zen3", "avx2", "generic"},
              {"piledriver", "generic", "generic"},
              {"sandy-bridge", "generic", "generic"},
              {"penryn", "generic", "generic"},
              {"cortex-a53", "generic", "neon"},
              {"neoverse-v1", "generic", "neon"},
              {"armv8-without-simd", "generic", "generic"},
              {"unknown", "generic", "generic"}};
  for (size_t i = 0; i < sizeof cpus / sizeof cpus[0]; ++i) {
    cardinal_cpu_features features;
    cpus_features(cpus[i].cpu, &features);
#if defined(__x86_64__)
    const char *expected = cpus[i].x86;
#elif defined(__aarch64__)
    const char *expected = cpus[i].arm;
#else
    const char *expected = "generic";
#endif
    const cardinal_isa best = cardinal_isa_best(&features);
    cr_expect_str_eq(cardinal_isa_name(best), expected, "%s: best is %s, expected %s", cpus[i].cpu,
                     cardinal_isa_name(best), expected);
    expect_ladder(cpus[i].cpu, best, expected);
    expect_ladder(cpus[i].cpu, CARDINAL_ISA_GENERIC, "generic");
  }
}

#if defined(__x86_64__)
/* A cap takes away, rung by rung, and gives nothing that the CPU lacks. */
Test(selection, caps) {
  expect_ladder("skylake-x", CARDINAL_ISA_AVX512, "avx512");
  expect_ladder("skylake-x", CARDINAL_ISA_AVX2, "avx2");
  expect_ladder("skylake-x", CARDINAL_ISA_NEON, "generic");
  expect_ladder("haswell", CARDINAL_ISA_AVX512, "avx2");
  expect_ladder("sandy-bridge", CARDINAL_ISA_AVX512, "generic");
  expect_ladder("cannon-lake", CARDINAL_ISA_AVX512, "avx512"); /* the preference can be overridden */
}

/* The OS has its say: what it doesn't save isn't used. */
Test(selection, operating_systems) {
  static const struct {
    uint32_t xcr0;
    const char *isa;
  } cases[] = {{0xE7, "avx512"}, {0x07, "avx2"}, {0x67, "avx2"}, {0x03, "generic"}, {0x00, "generic"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    cardinal_cpuid_leaves leaves = *cpus_leaves("ice-lake");
    leaves.xcr0 = cases[i].xcr0;
    cardinal_selector selector = {.without = 0};
    cardinal_cpu_decode(&leaves, &selector.features);
    selector.cap = cardinal_isa_best(&selector.features);
    for (size_t row = 0; row < ROWS; ++row)
      expect_row("ice-lake", &selector, row, cases[i].isa);
  }
}

/* Losing any one feature of a bundle, or having it taken away, loses the bundle. */
Test(selection, single_features) {
  for (uint32_t bit = 1; bit; bit <<= 1) {
    cardinal_selector selector = {.cap = CARDINAL_ISA_AVX512}, taken_away = {.cap = CARDINAL_ISA_AVX512};
    cpus_features("ice-lake", &selector.features);
    cpus_features("ice-lake", &taken_away.features);
    selector.features.enabled &= ~bit;
    taken_away.without = bit;
    const bool avx2 = !(cardinal_isa_needs(CARDINAL_ISA_AVX2) & bit);
    const bool avx512 = !(cardinal_isa_needs(CARDINAL_ISA_AVX512) & bit);
    for (size_t row = 0; row < ROWS; ++row) {
      expect_row(cardinal_cpu_feature_name(bit), &selector, row, avx512 ? "avx512" : avx2 ? "avx2" : "generic");
      expect_row(cardinal_cpu_feature_name(bit), &taken_away, row, avx512 ? "avx512" : avx2 ? "avx2" : "generic");
    }
  }
}

static void expect_unusable(const char *cpu, uint32_t needs, uint32_t without, cardinal_isa cap, const char *reason) {
  cardinal_kernel kernel = *cardinal_kernel_find("gconv3x3_f32_w4_avx512");
  kernel.needs |= needs;
  cardinal_selector selector = {.without = without, .cap = cap};
  cpus_features(cpu, &selector.features);
  const char *found = cardinal_kernel_unusable(&kernel, &selector);
  cr_expect(reason ? found && strstr(found, reason) : !found, "on %s: %s, expected %s", cpu,
            found ? found : "it is usable", reason ? reason : "that it is usable");
}

/* A kernel may need more than its ISA's bundle, in any combination. */
Test(selection, features_beyond_the_bundle) {
  const uint32_t vnni = CARDINAL_CPU_AVX512_VNNI, bf16 = CARDINAL_CPU_AVX512_BF16;
  expect_unusable("zen4", vnni | bf16, 0, CARDINAL_ISA_AVX512, NULL);
  expect_unusable("cascade-lake", vnni, 0, CARDINAL_ISA_AVX512, NULL);
  expect_unusable("cascade-lake", vnni | bf16, 0, CARDINAL_ISA_AVX512, "doesn't offer avx512_bf16");
  expect_unusable("skylake-x", 0, 0, CARDINAL_ISA_AVX512, NULL);
  expect_unusable("skylake-x", vnni, 0, CARDINAL_ISA_AVX512, "doesn't offer avx512_vnni");
  expect_unusable("zen4", vnni, vnni, CARDINAL_ISA_AVX512, "taken away");
  expect_unusable("zen4", bf16, vnni, CARDINAL_ISA_AVX512, NULL);
  expect_unusable("zen4", vnni, 0, CARDINAL_ISA_AVX2, "above the cap");
  expect_unusable("haswell", vnni, 0, CARDINAL_ISA_AVX512, "doesn't offer avx512");
}
#endif

/* The kernels for 3×3 windows count on a padding of at most 1 on each side, whichever it is. */
Test(selection, padding_of_each_side) {
  static const size_t widths[] = {1, 4, 8, 16};
  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; ++i)
    for (size_t side = 0; side < 4; ++side) {
      cardinal_shape shape = CONV(BLOCKED16, 32, widths[i], widths[i], 56, 3, 1, 1, 1);
      size_t *pads[] = {&shape.window.pad_top, &shape.window.pad_left, &shape.window.pad_bottom,
                        &shape.window.pad_right};
      const cardinal_selector selector = {.cap = CARDINAL_ISA_GENERIC};
      cr_expect_neq(strcmp(cardinal_kernel_select(&selector, &shape)->name, "conv_f32_generic"), 0);
      *pads[side] = 2;
      cr_expect_str_eq(cardinal_kernel_select(&selector, &shape)->name, "conv_f32_generic", "width %zu, side %zu",
                       widths[i], side);
    }
}

#if defined CARDINAL_HAVE_AVX2 && defined CARDINAL_HAVE_AVX512
/* Any window of horizontal stride 1 or 2 has a tile in assembly; portable code is the last resort. */
Test(selection, any_window) {
  const cardinal_shape tile = CONV(BLOCKED16, 32, 8, 8, 56, 5, 2, 1, 2),
                       stride3 = CONV(BLOCKED16, 32, 8, 8, 56, 5, 3, 1, 2);
  cardinal_shape wide = CONV(BLOCKED16, 32, 8, 8, 56, 5, 1, 1, 2);
  wide.window.kernel_w = 33;
  cardinal_selector selector = {.cap = CARDINAL_ISA_AVX512};
  cpus_features("zen4", &selector.features);
  cr_expect_str_eq(cardinal_kernel_select(&selector, &tile)->name, "conv_f32_14x16_avx512");
  cr_expect_str_eq(cardinal_kernel_select(&selector, &stride3)->name, "conv_f32_plain_avx512");
  cr_expect_str_eq(cardinal_kernel_select(&selector, &wide)->name, "conv_f32_plain_avx512");
  selector.cap = CARDINAL_ISA_AVX2;
  cr_expect_str_eq(cardinal_kernel_select(&selector, &tile)->name, "conv_f32_6x16_avx2");
  cr_expect_str_eq(cardinal_kernel_select(&selector, &stride3)->name, "conv_f32_plain_avx2");
  cr_expect_str_eq(cardinal_kernel_select(&selector, &wide)->name, "conv_f32_plain_avx2");
}
#endif

/* Each format by the product that the CPU has for it. */
#if (defined CARDINAL_HAVE_AVX2 && defined CARDINAL_HAVE_AVX512) || defined CARDINAL_HAVE_NEON
static const cardinal_shape pointwise = CONV(BLOCKED16, 1, 64, 128, 56, 1, 1, 1, 0),
                            few_channels = CONV(BLOCKED16, 1, 23, 128, 56, 1, 1, 1, 0),
                            enough_channels = CONV(BLOCKED16, 1, 24, 128, 56, 1, 1, 1, 0),
                            connected = CONV(BLOCKED16, 1, 2048, 1000, 1, 1, 1, 1, 0),
                            grouped = CONV(BLOCKED16, 32, 4, 4, 56, 3, 1, 1, 1),
                            depthwise = CONV(BLOCKED16, 64, 1, 1, 56, 3, 2, 1, 1),
                            window = CONV(BLOCKED16, 32, 8, 8, 56, 5, 1, 1, 2);

typedef struct format_row {
  const char *cpu;
  uint32_t without;
  cardinal_format format;
  const cardinal_shape *shape;
  const char *kernel;
} format_row;

static void expect_formats(const format_row *rows, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    cardinal_selector selector = {.without = rows[i].without};
    cpus_features(rows[i].cpu, &selector.features);
    selector.cap = cardinal_isa_best(&selector.features);
    cardinal_shape shape = *rows[i].shape;
    shape.format = rows[i].format;
    cr_expect_str_eq(cardinal_kernel_select(&selector, &shape)->name, rows[i].kernel, "%s without %x", rows[i].cpu,
                     rows[i].without);
  }
}
#endif

#ifdef CARDINAL_HAVE_NEON
Test(selection, formats) {
  enum {
    BF16 = CARDINAL_CPU_BF16,
    DOTPROD = CARDINAL_CPU_DOTPROD,
    I8MM = CARDINAL_CPU_I8MM
  };
  static const format_row rows[] = {
      {"neoverse-v1", 0, CARDINAL_FORMAT_BF16, &pointwise, "conv1x1_bf16_6x16_neonbf16"},
      {"neoverse-v1", BF16, CARDINAL_FORMAT_BF16, &pointwise, "conv1x1_bf16_4x16_neon"},
      {"neoverse-v1", 0, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_6x16_neoni8mm"},
      {"neoverse-v1", 0, CARDINAL_FORMAT_INT8, &few_channels, "conv1x1_int8_6x16_neondotprod"},
      {"neoverse-v1", 0, CARDINAL_FORMAT_INT8, &enough_channels, "conv1x1_int8_6x16_neoni8mm"},
      {"neoverse-v1", I8MM, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_6x16_neondotprod"},
      {"neoverse-v1", DOTPROD, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_4x16_neon"},
      {"neoverse-v1", 0, CARDINAL_FORMAT_INT8, &connected, "fc_int8_3x32_neondotprod"},
      {"neoverse-v1", 0, CARDINAL_FORMAT_INT8, &grouped, "gconv3x3_int8_w4_neondotprod"},
      {"neoverse-v1", 0, CARDINAL_FORMAT_INT8, &window, "conv_int8_6x16_neondotprod"},
      {"neoverse-v1", 0, CARDINAL_FORMAT_INT8, &depthwise, "conv_int8_6x16_neondotprod"},
      {"neoverse-v1", 0, CARDINAL_FORMAT_BF16, &depthwise, "conv_bf16_6x16_neonbf16"},
      {"cortex-a53", 0, CARDINAL_FORMAT_BF16, &connected, "fc_bf16_3x16_neon"},
      {"cortex-a53", 0, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_4x16_neon"},
      {"cortex-a53", 0, CARDINAL_FORMAT_INT8, &depthwise, "conv_int8_4x16_neon"},
      {"cortex-a53", 0, CARDINAL_FORMAT_BF16, &depthwise, "conv_bf16_4x16_neon"},
  };
  expect_formats(rows, sizeof rows / sizeof rows[0]);
}
#endif

#if defined CARDINAL_HAVE_AVX2 && defined CARDINAL_HAVE_AVX512
Test(selection, formats) {
  enum {
    BF16 = CARDINAL_CPU_AVX512_BF16,
    VNNI = CARDINAL_CPU_AVX512_VNNI
  };
  static const format_row rows[] = {
      {"zen4", 0, CARDINAL_FORMAT_BF16, &pointwise, "conv1x1_bf16_14x32_avx512bf16"},
      {"zen4", 0, CARDINAL_FORMAT_BF16, &connected, "fc_bf16_3x64_avx512bf16"},
      {"zen4", 0, CARDINAL_FORMAT_BF16, &grouped, "gconv3x3_bf16_w4_avx512bf16"},
      {"zen4", 0, CARDINAL_FORMAT_BF16, &depthwise, "conv_bf16_14x16_avx512bf16"},
      {"zen4", 0, CARDINAL_FORMAT_BF16, &window, "conv_bf16_14x16_avx512bf16"},
      {"zen4", BF16, CARDINAL_FORMAT_BF16, &pointwise, "conv1x1_bf16_14x32_avx512"},
      {"zen4", VNNI, CARDINAL_FORMAT_BF16, &pointwise, "conv1x1_bf16_14x32_avx512bf16"},
      {"zen4", 0, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_14x32_avx512vnni"},
      {"zen4", 0, CARDINAL_FORMAT_INT8, &few_channels, "conv1x1_int8_14x32_avx512vnni"},
      {"zen4", 0, CARDINAL_FORMAT_INT8, &enough_channels, "conv1x1_int8_14x32_avx512vnni"},
      {"zen4", 0, CARDINAL_FORMAT_INT8, &connected, "fc_int8_3x64_avx512vnni"},
      {"zen4", 0, CARDINAL_FORMAT_INT8, &grouped, "gconv3x3_int8_w4_avx512vnni"},
      {"zen4", 0, CARDINAL_FORMAT_INT8, &window, "conv_int8_14x16_avx512vnni"},
      {"zen4", VNNI, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_14x32_avx512"},
      {"cascade-lake", 0, CARDINAL_FORMAT_BF16, &pointwise, "conv1x1_bf16_14x32_avx512"},
      {"cascade-lake", 0, CARDINAL_FORMAT_INT8, &grouped, "gconv3x3_int8_w4_avx512vnni"},
      {"skylake-x", 0, CARDINAL_FORMAT_INT8, &connected, "fc_int8_3x64_avx512"},
      {"alder-lake", 0, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_6x16_avx2vnni"},
      {"alder-lake", 0, CARDINAL_FORMAT_BF16, &pointwise, "conv1x1_bf16_6x16_avx2"},
      {"haswell", 0, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_6x16_avx2"},
      {"haswell", 0, CARDINAL_FORMAT_BF16, &connected, "fc_bf16_3x32_avx2"},
      {"penryn", 0, CARDINAL_FORMAT_BF16, &grouped, "gconv3x3_bf16_w4_generic"},
      {"penryn", 0, CARDINAL_FORMAT_INT8, &pointwise, "conv1x1_int8_4x16_generic"},
  };
  expect_formats(rows, sizeof rows / sizeof rows[0]);
}
#endif

/* What a kernel is stands in its fields: another operation, format or layout isn't served. */
Test(selection, kinds) {
  const cardinal_kernel *stem = cardinal_kernel_find("conv7x7s2_f32_nchw_generic");
  cardinal_shape shape = CONV(NCHW, 1, 3, 64, 224, 7, 2, 1, 3);
  cr_expect_null(cardinal_kernel_declines_shape(stem, &shape));
  shape.x_layout = CARDINAL_LAYOUT_NHWC;
  cr_expect_str_eq(cardinal_kernel_declines_shape(stem, &shape), "the input is not NCHW");
  shape.x_layout = CARDINAL_LAYOUT_NCHW;
  shape.operation = CARDINAL_OPERATION_MAX_POOL;
  cr_expect_str_eq(cardinal_kernel_declines_shape(stem, &shape), "it is for another operation");
  shape.operation = CARDINAL_OPERATION_CONV;
  cardinal_kernel other = *stem;
  other.format = (cardinal_format)7;
  cr_expect_str_eq(cardinal_kernel_declines_shape(&other, &shape), "it is for another number format");
}

/* ---- the registry as a whole ---- */

static cardinal_selector everything(cardinal_isa cap) {
  return (cardinal_selector){.features = {.present = UINT32_MAX, .enabled = UINT32_MAX}, .cap = cap};
}

/* Features whose kernels come before those of the same ISA without them. */
static const uint32_t beyond[] = {0,
                                  CARDINAL_CPU_AVX512_BF16,
                                  CARDINAL_CPU_AVX512_VNNI,
                                  CARDINAL_CPU_AVX_VNNI,
                                  CARDINAL_CPU_DOTPROD | CARDINAL_CPU_I8MM | CARDINAL_CPU_BF16,
                                  CARDINAL_CPU_I8MM};

static bool is_chosen(const cardinal_kernel *kernel, const cardinal_selector *selector) {
  for (size_t row = 0; row < ROWS; ++row) {
    cardinal_shape shape = table[row].shape.shape;
    shape.format = kernel->format;
    if (cardinal_kernel_select(selector, &shape) == kernel)
      return true;
  }
  return false;
}

/* A kernel that no shape selects on any CPU is dead weight: each is chosen for some row of the table in its format,
 * under some cap, with some feature taken away. */
Test(registry, every_kernel_is_chosen_for_something) {
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    bool chosen = false;
    for (int cap = 0; cap < CARDINAL_ISA_COUNT && !chosen; ++cap)
      for (size_t without = 0; without < sizeof beyond / sizeof beyond[0] && !chosen; ++without) {
        cardinal_selector selector = everything((cardinal_isa)cap);
        selector.without = beyond[without];
        chosen = is_chosen(&cardinal_kernels[i], &selector);
      }
    cr_expect(chosen, "nothing selects %s", cardinal_kernels[i].name);
  }
}

/* Every format is served for every shape, by a kernel of that format whose needs the CPU meets. */
Test(registry, every_format_is_served) {
  static const char *const cpus[] = {"zen4", "skylake-x", "alder-lake", "haswell", "penryn", "cortex-a53", "unknown"};
  for (size_t cpu = 0; cpu < sizeof cpus / sizeof cpus[0]; ++cpu)
    for (cardinal_format format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; ++format)
      for (size_t row = 0; row < ROWS; ++row) {
        cardinal_selector selector = {.without = 0};
        cpus_features(cpus[cpu], &selector.features);
        selector.cap = cardinal_isa_best(&selector.features);
        cardinal_shape shape = table[row].shape.shape;
        shape.format = format;
        const cardinal_kernel *kernel = cardinal_kernel_select(&selector, &shape);
        cr_assert_not_null(kernel, "%s: nothing serves %s in %s", cpus[cpu], table[row].shape.name,
                           cardinal_format_name(format));
        cr_expect(kernel->format == format && !(kernel->needs & ~selector.features.enabled), "%s: %s serves %s in %s",
                  cpus[cpu], kernel->name, table[row].shape.name, cardinal_format_name(format));
      }
}

/* Every shape is served on every CPU, and each kernel passed over says why. */
Test(registry, kernels_passed_over_say_why) {
  for (int cap = 0; cap < CARDINAL_ISA_COUNT; ++cap)
    for (size_t row = 0; row < ROWS; ++row) {
      const cardinal_selector selector = everything((cardinal_isa)cap);
      const cardinal_kernel *kernel = cardinal_kernel_select(&selector, &table[row].shape.shape);
      cr_assert_not_null(kernel, "nothing serves %s", table[row].shape.name);
      cr_expect(kernel->isa <= (cardinal_isa)cap);
      cr_expect_eq(kernel->operation, table[row].shape.shape.operation);
      cr_expect_null(cardinal_kernel_declines(kernel, &selector, &table[row].shape.shape));
      for (const cardinal_kernel *k = cardinal_kernels; k < kernel; ++k) {
        const char *reason = cardinal_kernel_declines(k, &selector, &table[row].shape.shape);
        cr_expect(reason && strlen(reason) > 8, "%s gives no reason for not serving %s", k->name,
                  table[row].shape.name);
      }
    }
  const cardinal_selector nothing = {.cap = CARDINAL_ISA_AVX512};
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const char *reason = cardinal_kernel_declines(&cardinal_kernels[i], &nothing, &table[0].shape.shape);
    if (cardinal_kernels[i].operation != CARDINAL_OPERATION_CONV)
      continue;
    if (cardinal_kernels[i].format != table[0].shape.shape.format) /* whatever the CPU lacks */
      cr_expect_str_eq(reason, "it is for another number format");
    else if (cardinal_kernels[i].isa != CARDINAL_ISA_GENERIC)
      cr_expect(reason && strstr(reason, cardinal_isa_name(cardinal_kernels[i].isa)),
                "%s doesn't say that its instruction set is missing", cardinal_kernels[i].name);
  }
}
