/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves between layouts: every kernel that this CPU can run, element by element, on guarded memory. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/select.h"
#include "gauntlet/memory.h"
#include "tests/support/scale.h"
#include "tests/support/seed.h"

enum {
  CAPACITY = 1 << 18
};

/* How the floats of one side lie. */
typedef enum lie {
  LIE_BLOCK,     /* 16 floats a pixel */
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

/* Moves rubbish of all kinds; what isn't to be written must keep its canaries, between the floats as well. */
static bool run_case(const cardinal_mover *mover, lie from_lie, lie to_lie, size_t pixels, size_t lanes) {
  static float expected[CAPACITY];
  gauntlet_random random = test_random(pixels * 64 + lanes * 4 + (size_t)from_lie);
  const size_t gap = gauntlet_between(&random, 0, 2);
  const strides from = strides_of(from_lie, pixels, lanes, gap), to = strides_of(to_lie, pixels, lanes, gap);
  const size_t from_floats = extent(from, pixels, lanes), to_floats = extent(to, pixels, lanes);
  float *x = gauntlet_memory_place(&from_memory, from_floats,
                                   (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1));
  float *y = gauntlet_memory_place(&to_memory, to_floats,
                                   (gauntlet_placement)gauntlet_between(&random, 0, GAUNTLET_PLACEMENTS - 1));
  memcpy(expected, y, to_floats * sizeof(float));
  for (size_t p = 0; p < pixels; ++p)
    for (size_t l = 0; l < lanes; ++l) {
      const uint32_t bits = gauntlet_u32(&random) | (gauntlet_between(&random, 0, 3) ? 0 : UINT32_C(0x7F800000));
      memcpy(&x[p * from.pixel + l * from.lane], &bits, sizeof bits);
      memcpy(&expected[p * to.pixel + l * to.lane], &bits, sizeof bits);
    }
  mover->move(&(cardinal_move_args){.from = x,
                                    .to = y,
                                    .pixels = pixels,
                                    .lanes = lanes,
                                    .from_pixel = from.pixel,
                                    .from_lane = from.lane,
                                    .to_pixel = to.pixel,
                                    .to_lane = to.lane});
  const bool right = memcmp(y, expected, to_floats * sizeof(float)) == 0 && gauntlet_memory_intact(&from_memory) &&
                     gauntlet_memory_intact(&to_memory);
  cr_expect(right, "%s: %zu pixels of %zu lanes, strides %zu, %zu to %zu, %zu: wrong bits, or a float beside them",
            mover->name, pixels, lanes, from.pixel, from.lane, to.pixel, to.lane);
  return right;
}

Test(kernels, move) {
  cardinal_selector everything = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&everything.features);
  gauntlet_memory_init(&from_memory, CAPACITY);
  gauntlet_memory_init(&to_memory, CAPACITY);
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
            if (!run_case(mover, (lie)from, (lie)to, pixels, lanes))
              return;
  }
  cr_assert(kernels >= 1);
}

/* Caps and features that are taken away hold for moves as well; the portable one is always left. */
Test(kernels, move_obeys_the_selector) {
  cardinal_selector selector = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&selector.features);
  for (size_t i = 0; i < cardinal_mover_count; ++i) {
    const cardinal_mover *mover = &cardinal_movers[i];
    if (mover->needs & ~selector.features.enabled)
      continue;
    cardinal_selector capped = selector;
    capped.cap = mover->isa;
    cr_expect_eq(cardinal_move_select(&capped), mover->move, "%s", mover->name);
    if (!mover->needs)
      continue;
    capped.without = mover->needs;
    cr_expect_neq(cardinal_move_select(&capped), mover->move, "%s", mover->name);
  }
  selector.features.enabled = 0;
  cr_expect_eq(cardinal_move_select(&selector), cardinal_move_f32_generic);
}
