/* SPDX-License-Identifier: BSD-3-Clause */
/* Which calls of convolution kernels are tried. */
#include "gauntlet/micro_conv.h"

/* The channel counts of a group that a slot takes. */
static size_t some_channels(size_t slot, size_t number, size_t most) {
  return slot < CARDINAL_BLOCK ? 1 + number % slot : 1 + number % most;
}

/* Every width with every padding of the four sides and both strides; heights, channels and the rest go along. */
static bool cases_3x3(micro_run *run, size_t slot) {
  static const size_t heights[] = {1, 2, 3, 4, 5, 7};
  size_t number = 0;
  for (size_t width = 1; width <= micro_scale(run, 40, 18); width += run->micro->small && width >= 9 ? 4 : 1)
    for (size_t stride = 1; stride <= 2; ++stride)
      for (size_t pads = 0; pads < 16; pads += micro_scale(run, 1, 5)) {
        ++number;
        micro_conv c = {.format = run->micro->kernel->format,
                        .slot = slot,
                        .in_h = heights[number * 7 / 3 % micro_scale(run, 6, 3)],
                        .in_w = width,
                        .window = {.kernel_h = 3,
                                   .kernel_w = 3,
                                   .stride_h = stride,
                                   .stride_w = stride,
                                   .dilation_h = 1,
                                   .dilation_w = 1,
                                   .pad_top = pads >> 1 & 1,
                                   .pad_left = pads & 1,
                                   .pad_bottom = pads >> 2 & 1,
                                   .pad_right = pads >> 3 & 1}};
        for (size_t tries = 0; tries < 8; ++tries) {
          c.channels = some_channels(slot, number * 5 + tries, micro_scale(run, 40, 18));
          if (micro_conv_complete(&c) && micro_conv_accepted(run, &c))
            break;
        }
        if (!micro_conv_try(run, &c))
          return false;
      }
  /* Every channel count, on images of a few rows. */
  for (size_t channels = 1; channels <= (slot < CARDINAL_BLOCK ? slot : micro_scale(run, 40, 18)); ++channels)
    for (size_t stride = 1; stride <= 2; ++stride) {
      micro_conv c = {.format = run->micro->kernel->format,
                      .slot = slot,
                      .channels = channels,
                      .in_h = 4,
                      .in_w = micro_scale(run, 15, 5),
                      .window = cardinal_square_window(3, stride, 1, 1)};
      if (!micro_conv_try(run, &c))
        return false;
    }
  return true;
}

static bool cases_stem(micro_run *run) {
  size_t number = 0;
  for (size_t width = 1; width <= micro_scale(run, 70, 24); width += run->micro->small && width >= 9 ? 5 : 1)
    for (size_t height = 1; height <= 8; height += micro_scale(run, 1, 3)) {
      ++number;
      micro_conv c = {.format = run->micro->kernel->format,
                      .planes = true,
                      .channels = number % 3 ? 3 : 1 + number / 3 % micro_scale(run, 16, 4),
                      .slot = CARDINAL_BLOCK,
                      .in_h = height,
                      .in_w = width,
                      .window = cardinal_square_window(7, 2, 1, 3)};
      for (int tries = 0; tries < 2; ++tries, c.channels = 3)
        if (micro_conv_complete(&c) && micro_conv_accepted(run, &c))
          break;
      if (!micro_conv_try(run, &c))
        return false;
    }
  return true;
}

/* Windows, strides, dilations and paddings of all kinds. */
static bool cases_any(micro_run *run) {
  static const size_t slots[] = {1, 4, 8, 16, 16};
  gauntlet_random random = gauntlet_seeded(1, run->micro->seed);
  const size_t wanted = micro_scale(run, 1500, 60);
  for (size_t number = 0; number < wanted; ++number) {
    micro_conv c = {.format = run->micro->kernel->format,
                    .slot = slots[gauntlet_between(&random, 0, 4)],
                    .in_h = gauntlet_between(&random, 1, 9),
                    .in_w = gauntlet_between(&random, 1, micro_scale(run, 20, 7)),
                    .window = {.kernel_h = gauntlet_between(&random, 1, 5),
                               .kernel_w = gauntlet_between(&random, 1, 5),
                               .stride_h = gauntlet_between(&random, 1, 3),
                               .stride_w = gauntlet_between(&random, 1, 3),
                               .dilation_h = gauntlet_between(&random, 1, 3),
                               .dilation_w = gauntlet_between(&random, 1, 3),
                               .pad_top = gauntlet_between(&random, 0, 6),
                               .pad_left = gauntlet_between(&random, 0, 6),
                               .pad_bottom = gauntlet_between(&random, 0, 6),
                               .pad_right = gauntlet_between(&random, 0, 6)}};
    c.channels = some_channels(c.slot, gauntlet_u32(&random), micro_scale(run, 40, 18));
    if (!micro_conv_try(run, &c))
      return false;
  }
  return true;
}

/* Every width of rows with each of some windows, so that tiles of each length meet padding on either side, on both or
 * nowhere, taps that are padding to all, and asymmetric paddings; slots, heights and channels go along. */
static bool cases_windows(micro_run *run) {
  static const size_t slots[] = {16, 8, 4, 1};
  static const cardinal_window windows[] = {
      /* kernel, stride, dilation (height, width), padding (top, left, bottom, right) */
      {5, 5, 1, 1, 1, 1, 2, 2, 2, 2}, {5, 5, 2, 2, 1, 1, 2, 2, 2, 2},   {3, 3, 1, 1, 2, 2, 2, 2, 2, 2},
      {3, 3, 1, 1, 4, 4, 4, 4, 4, 4}, {3, 3, 2, 2, 3, 3, 3, 3, 3, 3},   {7, 7, 1, 1, 1, 1, 3, 3, 3, 3},
      {1, 9, 1, 1, 1, 1, 0, 4, 0, 4}, {9, 1, 1, 1, 1, 1, 4, 0, 4, 0},   {2, 2, 1, 1, 1, 1, 0, 0, 1, 1},
      {4, 4, 1, 2, 1, 1, 2, 1, 0, 3}, {2, 4, 3, 1, 2, 5, 0, 9, 3, 0},   {3, 3, 1, 1, 1, 1, 2, 0, 1, 4},
      {1, 1, 2, 2, 1, 1, 0, 0, 0, 0}, {1, 32, 1, 1, 1, 1, 0, 31, 0, 2}, {1, 33, 1, 2, 1, 1, 0, 16, 0, 16},
  };
  enum {
    WINDOWS = sizeof windows / sizeof windows[0]
  };
  size_t number = 0;
  for (size_t width = 1; width <= micro_scale(run, 46, 30); width += micro_scale(run, 1, 6))
    for (size_t window = 0; window < WINDOWS; window += micro_scale(run, 1, 2)) {
      ++number;
      micro_conv c = {.format = run->micro->kernel->format,
                      .slot = slots[number % 4],
                      .in_h = 1 + number % 6,
                      .in_w = width,
                      .window = windows[window]};
      c.channels = c.slot == 4 ? 4 : some_channels(c.slot, number * 5, micro_scale(run, 40, 18));
      if (!micro_conv_try(run, &c))
        return false;
    }
  return true;
}

bool micro_conv_cases(micro_run *run) {
  const cardinal_kernel *kernel = run->micro->kernel;
  if (kernel->x_layout == CARDINAL_LAYOUT_NCHW)
    return cases_stem(run);
  if (kernel->slot)
    return cases_3x3(run, kernel->slot);
  return cases_any(run) && cases_windows(run);
}
