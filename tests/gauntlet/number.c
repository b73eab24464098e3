/* SPDX-License-Identifier: BSD-3-Clause */
/* The judges' own rounding, against the kernels' (kernels/format.h) and values worked out by hand. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "gauntlet/memory.h"
#include "gauntlet/random.h"
#include "kernels/format.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

Test(number, bf16_is_rounded_to_nearest_even) {
  static const struct {
    float value, rounded;
  } cases[] = {
      {0x1.01p0f, 0x1.00p0f},   {0x1.03p0f, 0x1.04p0f},     {0x1.010002p0f, 0x1.02p0f},
      {-0x1.03p0f, -0x1.04p0f}, {0x1.ffp0f, 0x1.00p1f},     {FLT_MAX, INFINITY},
      {-FLT_MAX, -INFINITY},    {0x1.fep127f, 0x1.fep127f}, {0x1.fefffep127f, 0x1.fep127f},
      {0x1.ffp127f, INFINITY},  {INFINITY, INFINITY},       {-0.0f, -0.0f},
      {0x1p-133f, 0x1p-133f},   {0x1p-134f, 0.0f},          {0x1.8p-133f, 0x1p-132f},
      {-0x1p-149f, -0.0f},      {FLT_MIN, FLT_MIN},         {0x1.fffffcp-127f, FLT_MIN},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i)
    cr_expect(gauntlet_same(gauntlet_round(CARDINAL_FORMAT_BF16, cases[i].value), cases[i].rounded), "%a gave %a",
              (double)cases[i].value, (double)gauntlet_round(CARDINAL_FORMAT_BF16, cases[i].value));
}

/* To a bf16 with all bits of the payload that fit, rounding as that of a number would add one more, and get a zero. */
Test(number, nans_stay_nans) {
  static const uint32_t nans[] = {0x7FFFFFFF, 0xFFFFFFFF, 0x7FFF8000, 0xFFFF8001, 0x7F800001, 0xFF808000, 0x7FC00000};
  for (size_t i = 0; i < sizeof nans / sizeof nans[0]; ++i) {
    float value;
    memcpy(&value, &nans[i], sizeof value);
    const cardinal_bf16 half = cardinal_bf16_of_f32(value);
    cr_expect((half & 0x7FFF) > 0x7F80 && half & 0x40, "0x%08x gave 0x%04x", nans[i], half);
    cr_expect(isnan(gauntlet_round(CARDINAL_FORMAT_BF16, value)), "0x%08x", nans[i]);
  }
}

Test(number, int8_is_rounded_to_nearest_even_and_ends_at_127) {
  static const float cases[][2] = {{0.5f, 0.0f},      {1.5f, 2.0f},       {-0.5f, 0.0f},      {-2.5f, -2.0f},
                                   {126.5f, 126.0f},  {127.49f, 127.0f},  {1e30f, 127.0f},    {-127.5f, -127.0f},
                                   {-1e30f, -127.0f}, {INFINITY, 127.0f}, {-0x1p-149f, 0.0f}, {-INFINITY, -127.0f}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i)
    cr_expect(gauntlet_same(gauntlet_round(CARDINAL_FORMAT_INT8, cases[i][0]), cases[i][1]), "%a gave %a",
              (double)cases[i][0], (double)gauntlet_round(CARDINAL_FORMAT_INT8, cases[i][0]));
}

/* Two statements of one rounding. */
Test(number, agrees_with_the_kernels) {
  gauntlet_random random = test_random(12);
  for (size_t i = 0; i < test_scale(4000000, 20000); ++i) {
    const float value = gauntlet_any_float(&random);
    const cardinal_bf16 half = cardinal_bf16_of_f32(value);
    const float judged = gauntlet_round(CARDINAL_FORMAT_BF16, gauntlet_flush(value));
    if (!gauntlet_same(gauntlet_number(CARDINAL_FORMAT_BF16, &half, 0), judged))
      cr_assert_fail("%a: the kernels' bf16 is 0x%04x, the judges' %a", (double)value, half, (double)judged);
    const float near = gauntlet_uniform(&random) * 200.0f;
    const float steps = gauntlet_integer(&random, 0, 1) ? near : rintf(near) + 0.5f;
    const int8_t number = cardinal_int8_of_f32(steps);
    if (!gauntlet_same((float)number, gauntlet_round(CARDINAL_FORMAT_INT8, steps)))
      cr_assert_fail("%a: the kernels' int8 is %d, the judges' %a", (double)steps, number,
                     (double)gauntlet_round(CARDINAL_FORMAT_INT8, steps));
  }
}

/* At each placement of each format, one byte changed beside the data shows, and data end where pages do. */
Test(number, memory_shows_a_single_byte) {
  gauntlet_memory memory;
  gauntlet_memory_init(&memory, 1 << 10);
  for (cardinal_format format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; ++format)
    for (gauntlet_placement placement = GAUNTLET_AT_START; placement < GAUNTLET_PLACEMENTS; ++placement) {
      char *data = gauntlet_memory_place_numbers(&memory, format, 37, placement);
      const size_t bytes = 37 * cardinal_format_bytes(format);
      cr_expect_eq((uintptr_t)data % cardinal_format_bytes(format), 0u);
      cr_expect(gauntlet_memory_intact(&memory));
      for (size_t i = 0; i < 37; ++i)
        cr_expect(gauntlet_is_canary(format, data, i));
      for (int side = 0; side < 2; ++side) {
        if (placement == (side ? GAUNTLET_AT_END : GAUNTLET_AT_START))
          continue;
        char *beside = side ? data + bytes : data - 1;
        *beside ^= 1;
        cr_expect_not(gauntlet_memory_intact(&memory), "%s, %d, side %d", cardinal_format_name(format), placement,
                      side);
        *beside ^= 1;
      }
      memset(data, 0, bytes);
      cr_expect(gauntlet_memory_intact(&memory));
      cr_expect(placement != GAUNTLET_AT_END || (uintptr_t)(data + bytes) % 4096 == 0);
      cr_expect(placement != GAUNTLET_ASKEW || (uintptr_t)data % (4 * cardinal_format_bytes(format)) != 0);
    }
  gauntlet_memory_free(&memory);
}
