/* SPDX-License-Identifier: BSD-3-Clause */
/* The synthetic generator against checksums of its NumPy twin, which tools/reference/synthetic.py prints. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <stdlib.h>
#include <string.h>

#include "net/weights.h"

static uint64_t checksum(const float *values, size_t count) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, values + i, sizeof bits);
    for (int byte = 0; byte < 4; byte++)
      hash = (hash ^ (bits >> 8 * byte & 0xFF)) * UINT64_C(0x100000001B3);
  }
  return hash;
}

static cardinal_weights *make(const char *name, uint64_t seed) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_weights *weights;
  cr_assert_eq(cardinal_net_spec_named(name, &spec, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_weights_synthetic(&spec, seed, &weights, NULL), CARDINAL_OK);
  return weights;
}

static void check_checksums(void) {
  static const struct {
    const char *name;
    size_t count;
    uint64_t checksum;
  } known[] = {
      {"conv1.weight", 9408, UINT64_C(0x60B9A12154E2570C)},
      {"bn1.running_var", 64, UINT64_C(0xF78DBE57E3A2BCA4)},
      {"layer1.0.conv2.weight", 4608, UINT64_C(0x929D4152DBD30CAD)},
      {"layer3.5.bn3.weight", 1024, UINT64_C(0xA96394AC6E9A4886)},
      {"layer4.2.bn2.running_mean", 1024, UINT64_C(0x0FBE5F6DD2CE449D)},
      {"layer2.0.downsample.1.weight", 512, UINT64_C(0xD752944E57F94086)},
      {"fc.bias", 1000, UINT64_C(0x86DC348BFD08D622)},
  };
  cardinal_weights *weights = make("resnext50_32x4d", 7);
  static float values[10000];
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    cr_assert_eq(cardinal_weights_read(weights, known[i].name, values, known[i].count, NULL), CARDINAL_OK);
    cr_expect_eq(checksum(values, known[i].count), known[i].checksum, "%s", known[i].name);
  }
  cardinal_synthetic_input(7, values, 1000);
  cr_expect_eq(checksum(values, 1000), UINT64_C(0xAD8A684BF2066A29));
  cardinal_weights_destroy(weights);
}

Test(synthetic, same_bits_as_numpy) {
  check_checksums();
}

Test(synthetic, same_bits_in_any_rounding_mode) {
  fesetround(FE_UPWARD);
  check_checksums();
  cr_expect_eq(fegetround(), FE_UPWARD);
}

Test(synthetic, seeds_and_names_give_other_values) {
  cardinal_weights *one = make("resnet50", 1), *two = make("resnet50", 2);
  float a[64], b[64], c[64];
  cr_assert_eq(cardinal_weights_read(one, "bn1.bias", a, 64, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_weights_read(two, "bn1.bias", b, 64, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_weights_read(one, "layer1.0.bn1.bias", c, 64, NULL), CARDINAL_OK);
  for (int i = 0; i < 64; i++)
    cr_expect(a[i] != b[i] && a[i] != c[i], "element %d", i);
  cardinal_weights_destroy(one);
  cardinal_weights_destroy(two);
}

Test(synthetic, any_range_of_a_tensor_agrees_with_the_whole) {
  cardinal_weights *weights = make("resnet50", 3);
  const cardinal_tensor *tensor = cardinal_table_find(&weights->table, "conv1.weight");
  static float whole[9408], part[100];
  cr_assert_eq(cardinal_weights_fetch(weights, tensor, 0, 9408, whole, NULL), CARDINAL_OK);
  for (size_t first = 0; first + 100 <= 9408; first += 931) {
    cr_assert_eq(cardinal_weights_fetch(weights, tensor, first, 100, part, NULL), CARDINAL_OK);
    cr_expect(!memcmp(part, whole + first, sizeof part), "from element %zu", first);
  }
  cardinal_weights_destroy(weights);
}

Test(synthetic, reading_what_is_not_there) {
  cardinal_weights *weights = make("resnet50", 1);
  cardinal_error error;
  float value;
  cr_expect_eq(cardinal_weights_read(weights, "layer5.0.conv1.weight", &value, 1, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "layer5.0.conv1.weight"), "%s", error.message);
  cr_expect_eq(cardinal_weights_read(weights, "bn1.bias", &value, 1, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "64 elements, not 1"), "%s", error.message);
  cardinal_weights_destroy(weights);
}
