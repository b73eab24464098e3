/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of bf16 as a real CPU's vdpbf16ps computes them, recorded, against every kernel that this CPU can run: the
 * portable ones give the same bits without the instruction. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dispatch/select.h"
#include "gauntlet/number.h"
#include "kernels/format.h"
#include "kernels/fpenv.h"
#include "kernels/registry.h"

typedef struct recorded {
  uint32_t x;
  struct {
    uint32_t w, before, after;
  } lane[CARDINAL_BLOCK];
} recorded;

static const recorded products[] = {
#include "tests/kernels/vdpbf16ps.inc"
};

enum {
  PRODUCTS = sizeof products / sizeof products[0]
};

/* A 1×1 convolution of one pixel with two channels: one cell. */
static void compute(const cardinal_kernel *kernel, const recorded *p, void *y, bool y_f32) {
  uint32_t x[CARDINAL_BLOCK * sizeof(cardinal_bf16) / sizeof(uint32_t)] = {p->x};
  _Alignas(64) uint32_t w[CARDINAL_BLOCK];
  float before[CARDINAL_BLOCK];
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    w[l] = p->lane[l].w;
    memcpy(&before[l], &p->lane[l].before, sizeof before[l]);
  }
  const cardinal_conv1x1_args args = {.x = x,
                                      .w = w,
                                      .bias = before,
                                      .y = y,
                                      .pixels = 1,
                                      .channels = 2,
                                      .blocks = 1,
                                      .x_block = CARDINAL_BLOCK,
                                      .w_panel = CARDINAL_BLOCK,
                                      .y_block = CARDINAL_BLOCK,
                                      .lane_mask = CARDINAL_ALL_LANES,
                                      .y_f32 = y_f32};
  const cardinal_fp_modes modes = cardinal_fp_enter(true);
  kernel->conv1x1(&args);
  cardinal_fp_leave(modes);
}

static bool multiplies_bf16(const cardinal_kernel *kernel, const cardinal_selector *selector) {
  return kernel->form == CARDINAL_FORM_CONV1X1 && kernel->format == CARDINAL_FORMAT_BF16 &&
         !cardinal_kernel_unusable(kernel, selector);
}

/* Up to the first product that is wrong. */
static void expect_recorded(const cardinal_kernel *kernel) {
  for (size_t p = 0; p < PRODUCTS; ++p) {
    float y[CARDINAL_BLOCK];
    compute(kernel, &products[p], y, true);
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
      float after;
      memcpy(&after, &products[p].lane[l].after, sizeof after);
      const bool same = gauntlet_same(y[l], after);
      cr_expect(same, "%s: product %zu, lane %zu: %a, vdpbf16ps gave %a", kernel->name, p, l, (double)y[l],
                (double)after);
      if (!same)
        return;
    }
  }
}

Test(products, kernels_compute_what_vdpbf16ps_did) {
  cardinal_selector everything = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&everything.features);
  size_t kernels = 0;
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    if (!multiplies_bf16(kernel, &everything))
      continue;
    ++kernels;
    expect_recorded(kernel);
  }
  cr_expect(kernels >= 1);
}

/* Where sums become bf16, one that is a NaN with all bits of the payload stays a NaN. */
Test(products, nans_stay_nans_in_bf16) {
  static const uint32_t nans[] = {0x7FFFFFFF, 0xFFFFFFFF, 0x7FFF8000, 0xFF800001};
  const size_t kinds = sizeof nans / sizeof nans[0];
  recorded sums = {0};
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
    sums.lane[l].before = nans[l % kinds];
  cardinal_selector everything = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&everything.features);
  size_t kernels = 0;
  for (size_t i = 0; i < cardinal_kernel_count; ++i) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    if (!multiplies_bf16(kernel, &everything))
      continue;
    ++kernels;
    cardinal_bf16 y[CARDINAL_BLOCK];
    compute(kernel, &sums, y, false);
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l)
      cr_expect((y[l] & 0x7FFF) > 0x7F80, "%s: 0x%08x became 0x%04x", kernel->name, nans[l % kinds], y[l]);
  }
  cr_expect(kernels >= 1);
}

/* Channel c of a cell. */
static float channel(uint32_t cell, size_t c) {
  return gauntlet_flush(gauntlet_number(CARDINAL_FORMAT_BF16, &cell, c));
}

/* The record would be worth nothing if another order gave it, too. */
Test(products, record_tells_orders_apart) {
  size_t even_first = 0, flushed = 0, infinite = 0, nan = 0;
  for (size_t p = 0; p < PRODUCTS; ++p)
    for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
      const uint32_t x = products[p].x, w = products[p].lane[l].w;
      float other, after;
      memcpy(&other, &products[p].lane[l].before, sizeof other);
      memcpy(&after, &products[p].lane[l].after, sizeof after);
      other = gauntlet_flush(other);
      for (size_t c = 0; c < 2; ++c)
        other = gauntlet_flush(fmaf(channel(x, c), channel(w, c), other));
      even_first += !gauntlet_same(other, after);
      flushed += after == 0.0f;
      infinite += isinf(after) != 0;
      nan += isnan(after) != 0;
    }
  cr_expect(even_first > 100 && flushed > 5 && infinite > 10 && nan > 5, "%zu, %zu, %zu and %zu lanes", even_first,
            flushed, infinite, nan);
}
