/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves between layouts: every kernel that this CPU can run, element by element, on guarded memory. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/select.h"
#include "gauntlet/memory.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

enum {
  CAPACITY = 1 << 18
};

/* How the numbers of one side lie. */
typedef enum lie {
  LIE_BLOCK,     /* 16 numbers a pixel */
  LIE_PIXELS,    /* more of them, as in NHWC */
  LIE_PLANES,    /* as in NCHW */
  LIE_SCATTERED, /* neither lanes nor pixels are neighbours */
  LIES
} lie;

typedef struct strides {
  size_t pixel, lane;
} strides;

static strides strides_of(lie kind, size_t pixels, size_t lanes, size_t gap) {
  switch (kind) {
  case LIE_BLOCK:
    return (strides){16, 1};
  case LIE_PIXELS:
    return (strides){lanes + gap, 1};
  case LIE_PLANES:
    return (strides){1, pixels + gap};
  default:
    return (strides){2, 2 * pixels + gap};
  }
}

static size_t extent(strides s, size_t pixels, size_t lanes) {
  return (pixels - 1) * s.pixel + (lanes - 1) * s.lane + 1;
}

static gauntlet_memory from_memory, to_memory;

static void init_memories(void) {
  gauntlet_memory_init(&from_memory, CAPACITY);
  gauntlet_memory_init(&to_memory, CAPACITY);
}

/* All that this CPU can run. */
static cardinal_selector selector_of_cpu(void) {
  cardinal_selector selector = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&selector.features);
  return selector;
}

/* The nearer one of the two numbers of bf16 that a float lies between, the even one in the middle. */
static uint16_t nearest_bf16(uint32_t bits) {
  const uint16_t lower = (uint16_t)(bits >> 16);
  const uint32_t exponent = bits & 0x7F800000u, rest = bits & 0xFFFFu;
  if (exponent == 0)
    return lower & 0x8000u;
  if (exponent == 0x7F800000u)
    return (bits & 0x7FFFFFu) ? lower | 0x40u : lower;
  return (uint16_t)(lower + (rest > 0x8000u || (rest == 0x8000u && lower & 1u)));
}

/* Random bits of a number of format `from` at `x`, and what is expected of it at `y`. */
static void draw(const cardinal_mover *mover, gauntlet_random *random, float scale, char *x, char *y) {
  const uint32_t bits = gauntlet_u32(random) | (gauntlet_between(random, 0, 3) ? 0 : UINT32_C(0x7F800000));
  if (mover->from == mover->to) {
    memcpy(x, &bits, cardinal_format_size(mover->from));
    memcpy(y, &bits, cardinal_format_size(mover->from));
    return;
  }
  float value;
  memcpy(&value, &bits, sizeof value);
  if (mover->to == CARDINAL_FORMAT_INT8 && isfinite(value) && gauntlet_between(random, 0, 3))
    value = (float)gauntlet_between(random, 0, 1000) * 0.25f * scale; /* steps, and halves between them */
  memcpy(x, &value, sizeof value);
  if (mover->to == CARDINAL_FORMAT_BF16) {
    const uint16_t rounded = nearest_bf16(bits);
    memcpy(y, &rounded, sizeof rounded);
  } else {
    const float steps = value / scale;
    *y = (char)(steps >= 0.0f ? steps < 127.0f ? nearbyint((double)steps) : 127.0 : 0.0);
  }
}

/* Moves rubbish of all kinds; what isn't to be written must keep its canaries, between the numbers as well. */
static bool run_case(const cardinal_mover *mover, lie from_lie, lie to_lie, size_t pixels, size_t lanes,
                     gauntlet_placement from_placement, gauntlet_placement to_placement) {
  static char expected[CAPACITY * sizeof(float)];
  gauntlet_random random = test_random(pixels * 64 + lanes * 4 + (size_t)from_lie);
  const size_t gap = gauntlet_between(&random, 0, 2);
  const strides from = strides_of(from_lie, pixels, lanes, gap), to = strides_of(to_lie, pixels, lanes, gap);
  const size_t from_size = cardinal_format_size(mover->from), to_size = cardinal_format_size(mover->to);
  const size_t from_numbers = extent(from, pixels, lanes), to_numbers = extent(to, pixels, lanes);
  char *x = gauntlet_memory_place_numbers(&from_memory, mover->from, from_numbers, from_placement);
  char *y = gauntlet_memory_place_numbers(&to_memory, mover->to, to_numbers, to_placement);
  const float scale = mover->to == CARDINAL_FORMAT_INT8 ? 0.375f : 0.0f;
  memcpy(expected, y, to_numbers * to_size);
  for (size_t p = 0; p < pixels; ++p)
    for (size_t l = 0; l < lanes; ++l)
      draw(mover, &random, scale, x + (p * from.pixel + l * from.lane) * from_size,
           expected + (p * to.pixel + l * to.lane) * to_size);
  mover->move(&(cardinal_move_args){.from = x,
                                    .to = y,
                                    .pixels = pixels,
                                    .lanes = lanes,
                                    .from_pixel = from.pixel,
                                    .from_lane = from.lane,
                                    .to_pixel = to.pixel,
                                    .to_lane = to.lane,
                                    .scale = scale});
  const bool right = memcmp(y, expected, to_numbers * to_size) == 0 && gauntlet_memory_intact(&from_memory) &&
                     gauntlet_memory_intact(&to_memory);
  cr_expect(right, "%s: %zu pixels of %zu lanes, strides %zu, %zu to %zu, %zu: wrong bits, or a number beside them",
            mover->name, pixels, lanes, from.pixel, from.lane, to.pixel, to.lane);
  return right;
}

/* With guard pages right before and right behind the numbers of both sides, and between them, aligned to no vector. */
static bool run_placements(const cardinal_mover *mover, lie from, lie to, size_t pixels, size_t lanes) {
  for (int placement = 0; placement < GAUNTLET_PLACEMENTS; ++placement)
    if (!run_case(mover, from, to, pixels, lanes, (gauntlet_placement)placement,
                  (gauntlet_placement)((placement + 1) % GAUNTLET_PLACEMENTS)))
      return false;
  return true;
}

Test(kernels, move, .init = init_memories) {
  const cardinal_selector everything = selector_of_cpu();
  size_t kernels = 0;
  for (size_t i = 0; i < cardinal_mover_count; ++i) {
    const cardinal_mover *mover = &cardinal_movers[i];
    if (mover->needs & ~everything.features.enabled)
      continue;
    ++kernels;
    for (size_t pixels = 1; pixels <= 70; pixels += pixels < 40 ? 1 : 7)
      for (size_t lanes = 1; lanes <= 16; lanes += test_scale(1, 3))
        for (int from = 0; from < LIES; ++from)
          for (int to = 0; to < LIES; ++to)
            if (!run_placements(mover, (lie)from, (lie)to, pixels, lanes))
              return;
  }
  cr_assert(kernels >= 1);
}

/* Copies blocks of `bytes` bytes between slots and pixels of an NHWC image that have more of them. */
static bool run_copy(const cardinal_copier *copier, bool to_image, size_t bytes, size_t pixels, size_t blocks,
                     gauntlet_placement from_placement, gauntlet_placement to_placement) {
  static char expected[CAPACITY * sizeof(float)];
  gauntlet_random random = test_random(pixels * 64 + blocks * 4 + bytes);
  const size_t image_pixel = (blocks + gauntlet_between(&random, 0, 2)) * bytes + gauntlet_between(&random, 0, 1);
  const size_t slots_block = (pixels + gauntlet_between(&random, 0, 2)) * bytes;
  const size_t image_bytes = (pixels - 1) * image_pixel + blocks * bytes;
  const size_t slots_bytes = (blocks - 1) * slots_block + pixels * bytes;
  const size_t from_bytes = to_image ? slots_bytes : image_bytes, to_bytes = to_image ? image_bytes : slots_bytes;
  char *x = gauntlet_memory_place_numbers(&from_memory, CARDINAL_FORMAT_INT8, from_bytes, from_placement);
  char *y = gauntlet_memory_place_numbers(&to_memory, CARDINAL_FORMAT_INT8, to_bytes, to_placement);
  const cardinal_copy_args args = {.from = x,
                                   .to = y,
                                   .pixels = pixels,
                                   .blocks = blocks,
                                   .bytes = bytes,
                                   .from_pixel = to_image ? bytes : image_pixel,
                                   .from_block = to_image ? slots_block : bytes,
                                   .to_pixel = to_image ? image_pixel : bytes,
                                   .to_block = to_image ? bytes : slots_block};
  memcpy(expected, y, to_bytes);
  for (size_t p = 0; p < pixels; ++p)
    for (size_t b = 0; b < blocks; ++b)
      for (size_t i = 0; i < bytes; ++i)
        expected[p * args.to_pixel + b * args.to_block + i] = x[p * args.from_pixel + b * args.from_block + i] =
            (char)gauntlet_u32(&random);
  copier->copy(&args);
  const bool right =
      memcmp(y, expected, to_bytes) == 0 && gauntlet_memory_intact(&from_memory) && gauntlet_memory_intact(&to_memory);
  cr_expect(right, "%s: %zu pixels of %zu blocks of %zu bytes %s an image: wrong bytes, or one beside them",
            copier->name, pixels, blocks, bytes, to_image ? "to" : "from");
  return right;
}

Test(kernels, move_whole_blocks, .init = init_memories) {
  const cardinal_selector everything = selector_of_cpu();
  size_t copies = 0;
  for (size_t i = 0; i < cardinal_copier_count; ++i) {
    const cardinal_copier *copier = &cardinal_copiers[i];
    if (copier->needs & ~everything.features.enabled)
      continue;
    for (size_t bytes = 16; bytes <= 64; bytes *= 2)
      for (size_t pixels = 1; pixels <= 70; pixels += pixels < 20 ? 1 : 7)
        for (size_t blocks = 1; blocks <= 17; blocks += test_scale(1, 3))
          for (int way = 0; way < 2 * GAUNTLET_PLACEMENTS; ++way, ++copies)
            if (!run_copy(copier, way & 1, bytes, pixels, blocks, (gauntlet_placement)(way / 2),
                          (gauntlet_placement)((way / 2 + 1) % GAUNTLET_PLACEMENTS)))
              return;
  }
  cr_assert(copies >= 1);
}

/* Caps and features that are taken away hold for moves as well; the portable one is always left. */
Test(kernels, move_obeys_the_selector) {
  cardinal_selector selector = selector_of_cpu();
  for (size_t i = 0; i < cardinal_mover_count; ++i) {
    const cardinal_mover *mover = &cardinal_movers[i];
    if (mover->needs & ~selector.features.enabled)
      continue;
    cardinal_selector capped = selector;
    capped.cap = mover->isa;
    cr_expect_eq(cardinal_move_select(&capped, mover->from, mover->to), mover->move, "%s", mover->name);
    if (!mover->needs)
      continue;
    capped.without = mover->needs;
    cr_expect_neq(cardinal_move_select(&capped, mover->from, mover->to), mover->move, "%s", mover->name);
  }
  for (size_t i = 0; i < cardinal_copier_count; ++i) {
    const cardinal_copier *copier = &cardinal_copiers[i];
    if (copier->needs & ~selector.features.enabled)
      continue;
    cardinal_selector capped = selector;
    capped.cap = copier->isa;
    cr_expect_eq(cardinal_copy_select(&capped), copier->copy, "%s", copier->name);
    if (!copier->needs)
      continue;
    capped.without = copier->needs;
    cr_expect_neq(cardinal_copy_select(&capped), copier->copy, "%s", copier->name);
  }
  selector.features.enabled = 0;
  cr_expect_eq(cardinal_copy_select(&selector), cardinal_copy_generic);
  cr_expect_eq(cardinal_move_select(&selector, CARDINAL_FORMAT_F32, CARDINAL_FORMAT_F32), cardinal_move_f32_generic);
}
