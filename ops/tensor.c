/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/tensor.h"

#include <string.h>

#include "kernels/format.h"
#include "ops/error.h"
#include "ops/sizes.h"

const char *cardinal_format_name(cardinal_format format) {
  static const char *const names[] = {"f32", "bf16", "int8"};
  return (unsigned)format < sizeof names / sizeof names[0] ? names[format] : NULL;
}

size_t cardinal_format_size(cardinal_format format) {
  return (unsigned)format > CARDINAL_FORMAT_INT8 ? 0 : cardinal_format_bytes(format);
}

cardinal_status cardinal_tensor_floats(cardinal_layout layout, int64_t batch, int64_t channels, int64_t height,
                                       int64_t width, size_t *floats) {
  if (batch < 1 || channels < 1 || height < 1 || width < 1 || (unsigned)layout > CARDINAL_LAYOUT_NHWC || !floats)
    return CARDINAL_INVALID_ARGUMENT;
  size_t product = (size_t)batch;
  const size_t stored =
      layout == CARDINAL_LAYOUT_BLOCKED16 ? cardinal_blocks((size_t)channels) * CARDINAL_BLOCK : (size_t)channels;
  if (!cardinal_multiply(&product, stored) || !cardinal_multiply(&product, (size_t)height) ||
      !cardinal_multiply(&product, (size_t)width) || product > PTRDIFF_MAX / sizeof(float))
    return CARDINAL_OVERFLOW;
  *floats = product;
  return CARDINAL_OK;
}

size_t cardinal_tensor_at(cardinal_layout layout, size_t channels, size_t pixels, size_t channel, size_t pixel) {
  switch (layout) {
  case CARDINAL_LAYOUT_NCHW:
    return channel * pixels + pixel;
  case CARDINAL_LAYOUT_NHWC:
    return pixel * channels + channel;
  default:
    return (channel / CARDINAL_BLOCK * pixels + pixel) * CARDINAL_BLOCK + channel % CARDINAL_BLOCK;
  }
}

/* Distances in numbers of pixels, and of channels inside a block. */
typedef struct strides {
  size_t pixel, lane;
} strides;

static strides strides_of(cardinal_layout layout, size_t channels, size_t pixels) {
  switch (layout) {
  case CARDINAL_LAYOUT_NCHW:
    return (strides){.pixel = 1, .lane = pixels};
  case CARDINAL_LAYOUT_NHWC:
    return (strides){.pixel = channels, .lane = 1};
  default:
    return (strides){.pixel = CARDINAL_BLOCK, .lane = 1};
  }
}

void cardinal_tensor_gather_strided(const cardinal_transfer *t, const cardinal_image_layout *l, const void *image,
                                    size_t channel, size_t lanes, size_t first, size_t step, size_t pixels,
                                    void *slots) {
  const strides s = strides_of(l->layout, l->channels, l->pixels);
  t->move(&(cardinal_move_args){
      .from = cardinal_at(image, t->from, cardinal_tensor_at(l->layout, l->channels, l->pixels, channel, first)),
      .to = slots,
      .pixels = pixels,
      .lanes = lanes,
      .from_pixel = step * s.pixel,
      .from_lane = s.lane,
      .to_pixel = CARDINAL_BLOCK,
      .to_lane = 1,
      .scale = t->scale,
  });
}

void cardinal_tensor_gather(const cardinal_transfer *t, const cardinal_image_layout *l, const void *image,
                            size_t channel, size_t lanes, size_t first, size_t pixels, void *slots) {
  cardinal_tensor_gather_strided(t, l, image, channel, lanes, first, 1, pixels, slots);
}

void cardinal_tensor_scatter(const cardinal_transfer *t, const cardinal_image_layout *l, void *image, size_t channel,
                             size_t lanes, size_t first, size_t pixels, const void *slots) {
  const strides s = strides_of(l->layout, l->channels, l->pixels);
  t->move(&(cardinal_move_args){
      .from = slots,
      .to = cardinal_place(image, t->to, cardinal_tensor_at(l->layout, l->channels, l->pixels, channel, first)),
      .pixels = pixels,
      .lanes = lanes,
      .from_pixel = CARDINAL_BLOCK,
      .from_lane = 1,
      .to_pixel = s.pixel,
      .to_lane = s.lane,
      .scale = t->scale,
  });
}

void cardinal_nhwc_gather(const cardinal_transfer *t, const cardinal_image_layout *l, const void *image, size_t block,
                          size_t blocks, size_t first, size_t pixels, void *slots, size_t distance) {
  const size_t number = cardinal_format_bytes(t->to), bytes = CARDINAL_BLOCK * number;
  t->copy(&(cardinal_copy_args){
      .from = cardinal_at(image, t->to, first * l->channels + block * CARDINAL_BLOCK),
      .to = slots,
      .pixels = pixels,
      .blocks = blocks,
      .bytes = bytes,
      .from_pixel = l->channels * number,
      .from_block = bytes,
      .to_pixel = bytes,
      .to_block = distance * number,
  });
}

void cardinal_nhwc_scatter(const cardinal_transfer *t, const cardinal_image_layout *l, void *image, size_t block,
                           size_t blocks, size_t first, size_t pixels, const void *slots, size_t distance) {
  const size_t number = cardinal_format_bytes(t->to), bytes = CARDINAL_BLOCK * number;
  t->copy(&(cardinal_copy_args){
      .from = slots,
      .to = cardinal_place(image, t->to, first * l->channels + block * CARDINAL_BLOCK),
      .pixels = pixels,
      .blocks = blocks,
      .bytes = bytes,
      .from_pixel = bytes,
      .from_block = distance * number,
      .to_pixel = l->channels * number,
      .to_block = bytes,
  });
}

void cardinal_tensor_convert_block(const cardinal_transfer *t, cardinal_layout from_layout, const void *from,
                                   cardinal_layout to_layout, void *to, size_t channels, size_t pixels, size_t block) {
  const size_t first = block * CARDINAL_BLOCK;
  const size_t lanes = cardinal_min(CARDINAL_BLOCK, channels - first);
  const strides from_strides = strides_of(from_layout, channels, pixels);
  const strides to_strides = strides_of(to_layout, channels, pixels);
  void *target = cardinal_place(to, t->to, cardinal_tensor_at(to_layout, channels, pixels, first, 0));
  t->move(&(cardinal_move_args){
      .from = cardinal_at(from, t->from, cardinal_tensor_at(from_layout, channels, pixels, first, 0)),
      .to = target,
      .pixels = pixels,
      .lanes = lanes,
      .from_pixel = from_strides.pixel,
      .from_lane = from_strides.lane,
      .to_pixel = to_strides.pixel,
      .to_lane = to_strides.lane,
      .scale = t->scale,
  });
  if (to_layout == CARDINAL_LAYOUT_BLOCKED16 && lanes < CARDINAL_BLOCK)
    for (size_t pixel = 0; pixel < pixels; ++pixel)
      memset(cardinal_place(target, t->to, pixel * CARDINAL_BLOCK + lanes), 0,
             (CARDINAL_BLOCK - lanes) * cardinal_format_bytes(t->to));
}

cardinal_status cardinal_tensor_convert(cardinal_layout from_layout, const float *from, cardinal_layout to_layout,
                                        float *to, int64_t batch, int64_t channels, int64_t height, int64_t width,
                                        cardinal_error *error) {
  size_t from_floats, to_floats;
  cardinal_status status = cardinal_tensor_floats(from_layout, batch, channels, height, width, &from_floats);
  if (!status)
    status = cardinal_tensor_floats(to_layout, batch, channels, height, width, &to_floats);
  if (status)
    return cardinal_fail(error, status,
                         "cardinal_tensor_convert: layouts %d to %d, [%lld][%lld][%lld][%lld]: each size must be at "
                         "least 1, the layouts known, and the whole fit memory",
                         (int)from_layout, (int)to_layout, (long long)batch, (long long)channels, (long long)height,
                         (long long)width);
  if (!from || !to)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_tensor_convert: '%s' is NULL",
                         from ? "to" : "from");
  if (cardinal_overlap(from, from_floats * sizeof(float), to, to_floats * sizeof(float)))
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinal_tensor_convert: 'from' and 'to' overlap");

  const size_t pixels = (size_t)height * (size_t)width;
  const size_t blocks = cardinal_blocks((size_t)channels);
  const cardinal_transfer copy = {
      .move = cardinal_move_f32_generic, .from = CARDINAL_FORMAT_F32, .to = CARDINAL_FORMAT_F32};
  for (size_t n = 0; n < (size_t)batch; ++n)
    for (size_t block = 0; block < blocks; ++block)
      cardinal_tensor_convert_block(&copy, from_layout, from + n * (from_floats / (size_t)batch), to_layout,
                                    to + n * (to_floats / (size_t)batch), (size_t)channels, pixels, block);
  return CARDINAL_OK;
}
