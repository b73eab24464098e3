/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records what this CPU's vdpbf16ps makes of chosen numbers, for tests/kernels/products.c to compare on any CPU:
 *
 *     cmake --build build/release --target record_vdpbf16ps
 *     build/release/tests/record_vdpbf16ps > tests/kernels/vdpbf16ps.inc
 *
 * Each product has 16 lanes with one cell of x, as kernels have them. Lanes are drawn until another order or rounding
 * would show, or the numbers are special; those within the last step below the smallest normal number, which the
 * definition leaves out, are not taken.
 */
#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gauntlet/number.h"
#include "gauntlet/random.h"

enum {
  PRODUCTS = 28,
  LANES = 16
};

/* What the lanes of a product are to show. */
typedef enum record_subject {
  SUBJECT_ORDER,     /* the even half first gives another result */
  SUBJECT_PAIR,      /* the sum of both halves, added at once, does */
  SUBJECT_SUBNORMAL, /* operands or results that are flushed */
  SUBJECT_LARGE,     /* around overflow, with infinities and NaNs */
  SUBJECTS
} record_subject;

static float of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static uint32_t half(gauntlet_random *random, int least, int most) {
  const uint32_t bits = gauntlet_u32(random);
  const uint32_t exponent = (uint32_t)(gauntlet_integer(random, least, most) + 127);
  return (bits & 0x8000u) | exponent << 7 | (bits & 0x7Fu);
}

/* A half of a cell: of SUBJECT_LARGE now and then an infinity or a NaN, of SUBJECT_SUBNORMAL a subnormal or a zero. */
static uint32_t draw_half(record_subject subject, gauntlet_random *random) {
  const size_t special = gauntlet_between(random, 0, 9);
  const uint32_t bits = gauntlet_u32(random);
  switch (subject) {
  case SUBJECT_SUBNORMAL:
    return special < 2 ? bits & 0x807Fu : half(random, -66, -60);
  case SUBJECT_LARGE:
    return special == 0 ? (bits & 0x8000u) | 0x7F80u : special == 1 ? 0x7FC0u : half(random, 60, 66);
  default:
    return half(random, -6, 6);
  }
}

static uint32_t draw_sum(record_subject subject, gauntlet_random *random) {
  const uint32_t bits = gauntlet_u32(random) & 0x807FFFFFu;
  switch (subject) {
  case SUBJECT_SUBNORMAL:
    return bits | (uint32_t)gauntlet_integer(random, 0, 4) << 23;
  case SUBJECT_LARGE:
    return bits | (uint32_t)gauntlet_integer(random, 250, 254) << 23;
  default:
    return bits | (uint32_t)gauntlet_integer(random, 119, 139) << 23;
  }
}

static float product(float acc, uint32_t x, uint32_t w, int first) {
  for (int step = 0; step < 2; ++step) {
    const int shift = (step == 0) == (first == 1) ? 0 : 16;
    const float xh = gauntlet_flush(of_bits(x << shift & 0xFFFF0000u));
    const float wh = gauntlet_flush(of_bits(w << shift & 0xFFFF0000u));
    acc = gauntlet_flush(fmaf(xh, wh, acc));
  }
  return acc;
}

static bool worth_recording(record_subject subject, uint32_t x, uint32_t w, uint32_t acc, uint32_t result) {
  const float odd_first = product(of_bits(acc), x, w, 1), even_first = product(of_bits(acc), x, w, 0);
  if (fabsf(odd_first) == FLT_MIN || fabsf(even_first) == FLT_MIN)
    return false;
  const double pair = (double)of_bits(x & 0xFFFF0000u) * (double)of_bits(w & 0xFFFF0000u) +
                      (double)of_bits(x << 16) * (double)of_bits(w << 16);
  switch (subject) {
  case SUBJECT_ORDER:
    return bits_of(even_first) != result;
  case SUBJECT_PAIR:
    return bits_of(of_bits(acc) + (float)pair) != result;
  default:
    return true;
  }
}

__attribute__((target("avx512f,avx512bf16"))) static uint32_t vdpbf16ps(uint32_t acc, uint32_t x, uint32_t w) {
  __m512 sum = _mm512_castsi512_ps(_mm512_set1_epi32((int)acc));
  __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(_mm512_set1_epi32((int)x)), "v"(_mm512_set1_epi32((int)w)));
  return (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(_mm512_castps_si512(sum)));
}

int main(void) {
  if (!__builtin_cpu_supports("avx512bf16")) {
    fputs("record_vdpbf16ps: this CPU has no avx512_bf16\n", stderr);
    return 1;
  }
  gauntlet_random random = {.state = 2026};
  puts("/* SPDX-License-Identifier: BSD-3-Clause */");
  puts("/* Written by record_vdpbf16ps: a cell of x, then cell of w, sum before and sum after, of each lane. */");
  for (int p = 0; p < PRODUCTS; ++p) {
    const record_subject subject = (record_subject)(p % SUBJECTS);
    const uint32_t x = draw_half(subject, &random) << 16 | draw_half(subject, &random);
    printf("{0x%08X,\n {", x);
    for (int lane = 0; lane < LANES;) {
      const uint32_t w = draw_half(subject, &random) << 16 | draw_half(subject, &random);
      const uint32_t acc = draw_sum(subject, &random), result = vdpbf16ps(acc, x, w);
      if (!worth_recording(subject, x, w, acc, result))
        continue;
      printf("{0x%08X, 0x%08X, 0x%08X},%s", w, acc, result, lane == LANES - 1 ? "}},\n" : lane % 3 == 2 ? "\n  " : " ");
      ++lane;
    }
  }
  return 0;
}
