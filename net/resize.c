/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * torchvision's evaluation transform on 8-bit pictures, where the resampling is Pillow's: a triangle filter as wide as
 * the reduction, its coefficients rounded to 22 fractional bits, first along rows, then along columns, with the
 * intermediate picture rounded to 8 bits. Only what the crop shows is computed.
 */
#include <cardinal/image.h>

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "net/common.h"
#include "net/picture.h"
#include "kernels/fpenv.h"

/* 8 bits for the pixel, 2 for the sum's overshoot and sign. */
enum {
  COEFFICIENT_BITS = 32 - 8 - 2
};

/* The filter for `count` neighbouring output positions along one axis. */
typedef struct {
  int64_t count, taps;   /* `taps` is room for each; fewer are used at the edges */
  int64_t *first, *used; /* per output position: the first input position, and how many */
  int32_t *coefficients; /* [count][taps] */
} filter;

static void free_filter(filter *f) {
  free(f->first);
  free(f->used);
  free(f->coefficients);
}

static double triangle(double x) {
  x = fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/* Coefficients for the output position `position` of an axis scaled by `scale`, written in Pillow's order of
 * operations, since another one could round differently. */
static void fill_position(filter *f, int64_t index, int64_t position, int64_t in_size, double scale, double *weights) {
  double support = scale < 1.0 ? 1.0 : scale;
  double centre = ((double)position + 0.5) * scale;
  double inverse = 1.0 / support;
  int64_t begin = (int64_t)(centre - support + 0.5), end = (int64_t)(centre + support + 0.5);
  begin = begin < 0 ? 0 : begin;
  end = end > in_size ? in_size : end;
  double sum = 0.0;
  for (int64_t i = 0; i < end - begin; i++) {
    weights[i] = triangle(((double)(i + begin) - centre + 0.5) * inverse);
    sum += weights[i];
  }
  int32_t *to = f->coefficients + index * f->taps;
  for (int64_t i = 0; i < end - begin; i++) {
    double weight = sum != 0.0 ? weights[i] / sum : weights[i];
    to[i] = (int32_t)(0.5 + weight * (1 << COEFFICIENT_BITS));
  }
  f->first[index] = begin;
  f->used[index] = end - begin;
}

/* The filter for output positions [begin, begin + count) of an axis resized from in_size to out_size; false without
 * memory. */
static bool make_filter(filter *f, int64_t in_size, int64_t out_size, int64_t begin, int64_t count) {
  double scale = (double)in_size / (double)out_size;
  double support = scale < 1.0 ? 1.0 : scale;
  int64_t taps = (int64_t)ceil(support) * 2 + 1;
  size_t coefficients;
  *f = (filter){.count = count, .taps = taps};
  if (!cardinal_net_multiply((size_t)count, (size_t)taps, &coefficients))
    return false;
  f->first = malloc((size_t)count * sizeof *f->first);
  f->used = malloc((size_t)count * sizeof *f->used);
  f->coefficients = calloc(coefficients, sizeof *f->coefficients);
  double *weights = malloc((size_t)taps * sizeof *weights);
  bool made = f->first && f->used && f->coefficients && weights;
  for (int64_t i = 0; made && i < count; i++)
    fill_position(f, i, begin + i, in_size, scale, weights);
  free(weights);
  if (!made)
    free_filter(f);
  return made;
}

/* The coefficients of one position sum to 1 and none is negative, so the sum stays within 8 bits but for rounding. */
static uint8_t round_sum(int32_t sum) {
  int32_t value = sum >> COEFFICIENT_BITS;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void filter_row(const filter *f, const uint8_t *from, uint8_t *to) {
  for (int64_t i = 0; i < f->count; i++) {
    const int32_t *coefficients = f->coefficients + i * f->taps;
    const uint8_t *pixel = from + 3 * f->first[i];
    int32_t red = 1 << (COEFFICIENT_BITS - 1), green = red, blue = red;
    for (int64_t tap = 0; tap < f->used[i]; tap++, pixel += 3) {
      red += pixel[0] * coefficients[tap];
      green += pixel[1] * coefficients[tap];
      blue += pixel[2] * coefficients[tap];
    }
    to[3 * i] = round_sum(red);
    to[3 * i + 1] = round_sum(green);
    to[3 * i + 2] = round_sum(blue);
  }
}

/* One output row from `rows` of `length` bytes, whose first is input row `first_row`; `sums` has room for a row. */
static void filter_column(const filter *f, int64_t index, const uint8_t *rows, int64_t first_row, int64_t length,
                          int32_t *sums, uint8_t *to) {
  for (int64_t i = 0; i < length; i++)
    sums[i] = 1 << (COEFFICIENT_BITS - 1);
  for (int64_t tap = 0; tap < f->used[index]; tap++) {
    int32_t coefficient = f->coefficients[index * f->taps + tap];
    const uint8_t *from = rows + (f->first[index] + tap - first_row) * length;
    for (int64_t i = 0; i < length; i++)
      sums[i] += from[i] * coefficient;
  }
  for (int64_t i = 0; i < length; i++)
    to[i] = round_sum(sums[i]);
}

/* ToTensor and Normalize, in the float operations that torchvision uses. */
static void normalise_row(const uint8_t *from, int64_t row, const cardinal_transform_desc *desc, float *to) {
  for (int channel = 0; channel < 3; channel++) {
    float *plane = to + (channel * desc->crop + row) * desc->crop;
    for (int64_t column = 0; column < desc->crop; column++) {
      float value = (float)from[3 * column + channel] / 255.0f;
      plane[column] = (value - desc->mean[channel]) / desc->deviation[channel];
    }
  }
}

/* Both passes over the crop; `narrow` holds the rows that `across` has already made narrow. */
static cardinal_status resample(const cardinal_image *image, const filter *across, const filter *down,
                                const cardinal_transform_desc *desc, float *to, cardinal_error *error) {
  int64_t crop = desc->crop, length = 3 * crop;
  int64_t first_row = down->first[0];
  int64_t rows = down->first[crop - 1] + down->used[crop - 1] - first_row;
  size_t narrow_bytes;
  uint8_t *narrow = NULL, *row_out = malloc((size_t)length);
  int32_t *sums = malloc((size_t)length * sizeof *sums);
  if (cardinal_net_multiply((size_t)rows, (size_t)length, &narrow_bytes))
    narrow = malloc(narrow_bytes);
  cardinal_status status = CARDINAL_OK;
  if (!narrow || !row_out || !sums) {
    status = cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory to resize a picture of %" PRId64 "×%" PRId64,
                               image->width, image->height);
  } else {
    for (int64_t row = 0; row < rows; row++)
      filter_row(across, image->pixels + (first_row + row) * image->width * 3, narrow + row * length);
    for (int64_t row = 0; row < crop; row++) {
      filter_column(down, row, narrow, first_row, length, sums, row_out);
      normalise_row(row_out, row, desc, to);
    }
  }
  free(narrow);
  free(row_out);
  free(sums);
  return status;
}

/* Python's round(x / 2): halves go to the even neighbour. */
static int64_t half_to_even(int64_t x) {
  return x / 2 + (x % 2 && x / 2 % 2);
}

static cardinal_status transform(const cardinal_image *image, const cardinal_transform_desc *desc, float *to,
                                 cardinal_error *error) {
  int64_t resize = desc->resize, crop = desc->crop, width = resize, height = resize;
  if (image->width <= image->height)
    height = (int64_t)((double)(resize * image->height) / (double)image->width);
  else
    width = (int64_t)((double)(resize * image->width) / (double)image->height);

  filter across, down;
  bool made_across = make_filter(&across, image->width, width, half_to_even(width - crop), crop);
  bool made_down = made_across && make_filter(&down, image->height, height, half_to_even(height - crop), crop);
  cardinal_status status =
      made_down ? resample(image, &across, &down, desc, to, error)
                : cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for the filters to resize a picture");
  if (made_across)
    free_filter(&across);
  if (made_down)
    free_filter(&down);
  return status;
}

/* ---- from outside -------------------------------------------------------------------------------------------- */

enum {
  TRANSFORM_DESC_LEAST = 48 /* the size of the first release: never to be changed */
};

_Static_assert(offsetof(cardinal_transform_desc, resize) == 8 && offsetof(cardinal_transform_desc, mean) == 24 &&
                   offsetof(cardinal_transform_desc, deviation) + 3 * sizeof(float) == TRANSFORM_DESC_LEAST,
               "cardinal_transform_desc has moved");

void cardinal_transform_desc_init_sized(cardinal_transform_desc *desc, size_t size) {
  const cardinal_transform_desc defaults = {
      .resize = 256, .crop = 224, .mean = {0.485f, 0.456f, 0.406f}, .deviation = {0.229f, 0.224f, 0.225f}};
  desc->struct_size = (uint32_t)size;
  cardinal_net_give(desc, &defaults, sizeof defaults);
}

/* A macro of this name gives the size that the caller's header knows; whoever has no header gets the first release's.
 */
#undef cardinal_transform_desc_init
void cardinal_transform_desc_init(cardinal_transform_desc *desc) {
  cardinal_transform_desc_init_sized(desc, TRANSFORM_DESC_LEAST);
}

static cardinal_status check_desc(const cardinal_transform_desc *desc, cardinal_error *error) {
  static const char *const colours[3] = {"red", "green", "blue"};
  const int64_t max_side = 1 << 16;
  if (desc->reserved)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "reserved is %" PRIu32 ", expected 0", desc->reserved);
  if (desc->crop < 1 || desc->resize < desc->crop || desc->resize > max_side)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "resize is %" PRId64 " and crop %" PRId64 ", expected 1 <= crop <= resize <= %" PRId64,
                             desc->resize, desc->crop, max_side);
  for (int i = 0; i < 3; i++) {
    if (!isfinite(desc->mean[i]))
      return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "the mean of %s is %f, expected a finite number",
                               colours[i], (double)desc->mean[i]);
    if (!isfinite(desc->deviation[i]) || !(desc->deviation[i] > 0))
      return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                               "the deviation of %s is %g, expected a finite number above 0", colours[i],
                               (double)desc->deviation[i]);
  }
  return CARDINAL_OK;
}

cardinal_status cardinal_image_prepare(const cardinal_image *image, const cardinal_transform_desc *desc, float *to,
                                       cardinal_error *error) {
  if (!image || !image->pixels || !to)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "image, its pixels or to is NULL");
  if (image->width < 1 || image->height < 1 || image->width > CARDINAL_MAX_PIXELS / image->height)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "the picture has %" PRId64 "×%" PRId64 " pixels, expected 1 to 2^28", image->width,
                             image->height);
  cardinal_transform_desc taken;
  cardinal_transform_desc_init_sized(&taken, sizeof taken);
  cardinal_status status =
      cardinal_net_take(&taken, sizeof taken, TRANSFORM_DESC_LEAST, desc, "the transform's desc", error);
  if (!status)
    status = check_desc(&taken, error);
  if (status)
    return status;
  const cardinal_fp_modes caller = cardinal_fp_enter(false);
  status = transform(image, &taken, to, error);
  cardinal_fp_leave(caller);
  return status;
}

cardinal_status cardinal_image_transform(const cardinal_image *image, int64_t resize, int64_t crop, float *to,
                                         cardinal_error *error) {
  cardinal_transform_desc desc;
  cardinal_transform_desc_init_sized(&desc, sizeof desc);
  desc.resize = resize;
  desc.crop = crop;
  return cardinal_image_prepare(image, &desc, to, error);
}
