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

/* Distances in bytes. */
typedef struct pitches {
  size_t pixel, block;
} pitches;

/* All blocks of a pixel, then of the next one: images are read and written as they lie in memory, some pixels ahead. */
static inline void copy_blocks(const char *from, pitches from_pitches, char *to, pitches to_pitches, size_t blocks,
                               size_t pixels, size_t bytes) {
  enum {
    AHEAD = 8
  };
  for (size_t p = 0; p < pixels; ++p, from += from_pitches.pixel, to += to_pitches.pixel)
    for (size_t b = 0; b < blocks; ++b) {
      __builtin_prefetch(from + AHEAD * from_pitches.pixel + b * from_pitches.block);
      __builtin_prefetch(to + AHEAD * to_pitches.pixel + b * to_pitches.block, 1);
      memcpy(to + b * to_pitches.block, from + b * from_pitches.block, bytes);
    }
}

/* A constant number of bytes makes memcpy a few moves. */
static void copy_format(cardinal_format format, const char *from, pitches from_pitches, char *to, pitches to_pitches,
                        size_t blocks, size_t pixels) {
  switch (format) {
  case CARDINAL_FORMAT_F32:
    copy_blocks(from, from_pitches, to, to_pitches, blocks, pixels, 4 * CARDINAL_BLOCK);
    break;
  case CARDINAL_FORMAT_BF16:
    copy_blocks(from, from_pitches, to, to_pitches, blocks, pixels, 2 * CARDINAL_BLOCK);
    break;
  case CARDINAL_FORMAT_INT8:
    copy_blocks(from, from_pitches, to, to_pitches, blocks, pixels, CARDINAL_BLOCK);
    break;
  }
}

static pitches of_image(cardinal_format format, const cardinal_image_layout *l) {
  const size_t bytes = cardinal_format_bytes(format);
  return (pitches){.pixel = l->channels * bytes, .block = CARDINAL_BLOCK * bytes};
}

static pitches of_slots(cardinal_format format, size_t distance) {
  const size_t bytes = cardinal_format_bytes(format);
  return (pitches){.pixel = CARDINAL_BLOCK * bytes, .block = distance * bytes};
}

void cardinal_nhwc_gather(cardinal_format format, const cardinal_image_layout *l, const void *image, size_t block,
                          size_t blocks, size_t first, size_t pixels, void *slots, size_t distance) {
  copy_format(format, cardinal_at(image, format, first * l->channels + block * CARDINAL_BLOCK), of_image(format, l),
              slots, of_slots(format, distance), blocks, pixels);
}

void cardinal_nhwc_scatter(cardinal_format format, const cardinal_image_layout *l, void *image, size_t block,
                           size_t blocks, size_t first, size_t pixels, const void *slots, size_t distance) {
  copy_format(format, slots, of_slots(format, distance),
              cardinal_place(image, format, first * l->channels + block * CARDINAL_BLOCK), of_image(format, l), blocks,
              pixels);
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
