/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/declines.h"

#include <stdbool.h>

#include "kernels/kernel.h"

size_t cardinal_shape_slot(const cardinal_shape *s) {
  if (s->groups > 1) {
    if (s->in_per_group == 1 && s->out_per_group == 1)
      return 1;
    if (s->in_per_group == 4 && s->out_per_group <= 4)
      return 4;
    if (s->in_per_group <= 8 && s->out_per_group <= 8)
      return 8;
  }
  return 16;
}

static bool padded(const cardinal_shape *s) {
  return s->window.pad_top || s->window.pad_left || s->window.pad_bottom || s->window.pad_right;
}

const char *cardinal_declines_conv1x1(const cardinal_shape *s) {
  if (s->window.kernel_h != 1 || s->window.kernel_w != 1)
    return "the window is not 1x1";
  if (s->groups != 1)
    return "the convolution is grouped";
  if (padded(s))
    return "it is padded";
  return NULL;
}

/* Of so few channels most of a call is its beginning and its end, which matrix products make longer. */
const char *cardinal_declines_conv1x1_pairs(const cardinal_shape *s) {
  if (s->in_per_group < 24)
    return "it has fewer than 24 input channels";
  return cardinal_declines_conv1x1(s);
}

const char *cardinal_declines_fc(const cardinal_shape *s) {
  if (s->in_height != 1 || s->in_width != 1)
    return "the image is more than one pixel";
  return cardinal_declines_conv1x1(s);
}

static const char *declines_gconv3x3(const cardinal_shape *s) {
  if (s->window.kernel_h != 3 || s->window.kernel_w != 3)
    return "the window is not 3x3";
  if (s->window.dilation_h != 1 || s->window.dilation_w != 1)
    return "it is dilated";
  if (s->window.stride_h != s->window.stride_w || s->window.stride_h > 2)
    return "the stride is not 1 or 2 in both directions";
  if (s->window.pad_top > 1 || s->window.pad_left > 1 || s->window.pad_bottom > 1 || s->window.pad_right > 1)
    return "the padding is more than 1";
  return NULL;
}

const char *cardinal_declines_gconv3x3_w1(const cardinal_shape *s) {
  if (cardinal_shape_slot(s) != 1)
    return "it is not depthwise (one channel in and out a group)";
  return declines_gconv3x3(s);
}

const char *cardinal_declines_gconv3x3_w4(const cardinal_shape *s) {
  if (cardinal_shape_slot(s) != 4)
    return "the groups are not 4 channels in and at most 4 out";
  return declines_gconv3x3(s);
}

const char *cardinal_declines_gconv3x3_w8(const cardinal_shape *s) {
  if (cardinal_shape_slot(s) != 8)
    return "the groups don't fit slots of 8 channels, or fit narrower ones";
  return declines_gconv3x3(s);
}

const char *cardinal_declines_gconv3x3_w16(const cardinal_shape *s) {
  if (cardinal_shape_slot(s) != 16)
    return "the groups fit slots narrower than 16 channels";
  return declines_gconv3x3(s);
}

const char *cardinal_declines_conv7x7s2_nchw(const cardinal_shape *s) {
  if (s->window.kernel_h != 7 || s->window.kernel_w != 7)
    return "the window is not 7x7";
  if (s->groups != 1 || s->in_per_group > CARDINAL_BLOCK)
    return "it is grouped or has more than 16 input channels";
  if (s->window.stride_h != 2 || s->window.stride_w != 2)
    return "the stride is not 2";
  if (s->window.dilation_h != 1 || s->window.dilation_w != 1)
    return "it is dilated";
  if (s->window.pad_top != 3 || s->window.pad_left != 3 || s->window.pad_bottom != 3 || s->window.pad_right != 3)
    return "the padding is not 3";
  return NULL;
}

const char *cardinal_declines_conv_window(const cardinal_shape *s) {
  if (s->window.stride_w > 2)
    return "the horizontal stride is more than 2";
  if (s->window.kernel_w > CARDINAL_WINDOW_MOST_KERNEL_W)
    return "the window is more than 32 columns wide";
  return NULL;
}

const char *cardinal_declines_conv(const cardinal_shape *s) {
  (void)s;
  return NULL;
}

const char *cardinal_declines_max_pool(const cardinal_shape *s) {
  (void)s;
  return NULL;
}

const char *cardinal_declines_average_pool(const cardinal_shape *s) {
  (void)s;
  return NULL;
}
