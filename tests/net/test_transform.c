/* SPDX-License-Identifier: BSD-3-Clause */
/* From photos to tensors: torchvision's values, and what the transform does to pictures of any shape. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/image.h>

#include "tests/net/files.h"

/* ---- torchvision --------------------------------------------------------------------------------------------- */

static const float mean[3] = {0.485f, 0.456f, 0.406f}, deviation[3] = {0.229f, 0.224f, 0.225f};

/* Compares with the picture that torchvision has before it normalises. */
static void compare_transform(const char *photo, const char *expected_name, int64_t resize, bool lossless) {
  enum {
    CROP = 224
  };
  static float values[3 * CROP * CROP];
  char path[128];
  snprintf(path, sizeof path, "photos/%s", photo);
  cardinal_image image = test_read_image(test_data_path(path));
  snprintf(path, sizeof path, "photos/%s", expected_name);
  cardinal_image expected = test_read_image(test_data_path(path));
  cr_assert(expected.height == CROP && expected.width == CROP);
  cr_assert_eq(cardinal_image_transform(&image, resize, CROP, values, NULL), CARDINAL_OK);

  size_t differ = 0, far = 0;
  for (size_t channel = 0; channel < 3; channel++)
    for (size_t pixel = 0; pixel < CROP * CROP; pixel++) {
      float wanted = (float)expected.pixels[3 * pixel + channel] / 255.0f;
      float found = values[channel * CROP * CROP + pixel];
      differ += found != (wanted - mean[channel]) / deviation[channel];
      far += !(fabsf(found * deviation[channel] + mean[channel] - wanted) <= 1.001f / 255.0f);
    }
  /* Decoders of JPEG may differ in the last bit, those of PNG may not. */
  cr_expect(differ == 0 || !lossless, "%s to %d: %zu values differ", photo, (int)resize, differ);
  cr_expect(far * 1000 <= 3 * CROP * CROP, "%s to %d: %zu values differ by more than 1/255", photo, (int)resize, far);
  cardinal_image_free(&image);
  cardinal_image_free(&expected);
}

Test(torchvision, transform_of_real_photos) {
  compare_transform("chelsea.png", "chelsea.256.png", 256, true);
  compare_transform("chelsea.png", "chelsea.232.png", 232, true);
  compare_transform("rocket.jpg", "rocket.256.png", 256, false);
  compare_transform("grace_hopper.jpg", "grace_hopper.256.png", 256, false);
  compare_transform("grace_hopper.jpg", "grace_hopper.232.png", 232, false);
  compare_transform("coffee.jpg", "coffee.256.png", 256, false);
}

Test(torchvision, normalised_values_to_the_bit) {
  float expected[3 * 16 * 16], found[3 * 16 * 16];
  cardinal_image image = test_read_image(test_data_path("photos/chelsea.png"));
  test_read_npy(test_data_path("photos/chelsea.16.npy"), expected, 3 * 16 * 16);
  cr_assert_eq(cardinal_image_transform(&image, 16, 16, found, NULL), CARDINAL_OK);
  cr_expect(!memcmp(found, expected, sizeof found));
  cardinal_image_free(&image);
}

/* ---- the transform on its own -------------------------------------------------------------------------------- */

static cardinal_image flat_image(int64_t height, int64_t width, uint8_t value) {
  cardinal_image image = {height, width, malloc((size_t)(3 * height * width))};
  cr_assert_not_null(image.pixels);
  memset(image.pixels, value, (size_t)(3 * height * width));
  return image;
}

Test(transform, a_flat_picture_of_any_shape_stays_flat) {
  static const int64_t sizes[][2] = {{1, 1}, {1, 1000}, {3000, 2}, {17, 16}, {256, 256}, {257, 999}};
  static float values[3 * 32 * 32];
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    cardinal_image image = flat_image(sizes[i][0], sizes[i][1], 200);
    cr_assert_eq(cardinal_image_transform(&image, 37, 32, values, NULL), CARDINAL_OK);
    for (size_t v = 0; v < 3 * 32 * 32; v++) {
      size_t channel = v / (32 * 32);
      cr_assert_eq(values[v], (200 / 255.0f - mean[channel]) / deviation[channel], "%d×%d", (int)sizes[i][0],
                   (int)sizes[i][1]);
    }
    cardinal_image_free(&image);
  }
}

Test(transform, centre_crop_rounds_halves_to_even) {
  /* Each column has its own value, and nothing is resized: the first value tells where the crop begins. */
  static const struct {
    int64_t width, crop, begin;
  } cases[] = {{13, 8, 2}, {15, 8, 4}, {12, 8, 2}, {11, 8, 2}, {9, 8, 0}, {8, 8, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    float values[3 * 8 * 8];
    cardinal_image image = flat_image(8, cases[i].width, 0);
    for (int64_t p = 0; p < 8 * cases[i].width; p++)
      image.pixels[3 * p] = (uint8_t)(p % cases[i].width);
    cr_assert_eq(cardinal_image_transform(&image, 8, 8, values, NULL), CARDINAL_OK);
    float first = (values[0] * deviation[0] + mean[0]) * 255.0f;
    cr_expect_eq(lrintf(first), cases[i].begin, "width %d: begins at %f", (int)cases[i].width, (double)first);
    cardinal_image_free(&image);
  }
}

Test(transform, other_means_and_deviations) {
  cardinal_image image = flat_image(3, 5, 51);
  image.pixels[1] = 255;
  cardinal_transform_desc desc;
  cardinal_transform_desc_init(&desc);
  desc.resize = desc.crop = 3;
  desc.mean[0] = 0.25f;
  desc.mean[1] = 0.0f;
  desc.mean[2] = -1.0f;
  desc.deviation[0] = desc.deviation[1] = 1.0f;
  desc.deviation[2] = 0.5f;
  float values[27];
  cr_assert_eq(cardinal_image_prepare(&image, &desc, values, NULL), CARDINAL_OK);
  for (int i = 0; i < 9; i++) {
    cr_expect_eq(values[i], 51 / 255.0f - 0.25f);
    cr_expect_eq(values[9 + i], 51 / 255.0f);
    cr_expect_eq(values[18 + i], (51 / 255.0f + 1.0f) / 0.5f);
  }
  cardinal_image_free(&image);
}

Test(transform, the_defaults_are_imagenets) {
  cardinal_image image = test_read_image(test_data_path("photos/chelsea.png"));
  cardinal_transform_desc desc;
  cardinal_transform_desc_init(&desc);
  cr_assert(desc.resize == 256 && desc.crop == 224);
  static float one[3 * 224 * 224], other[3 * 224 * 224];
  cr_assert_eq(cardinal_image_prepare(&image, &desc, one, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_image_transform(&image, 256, 224, other, NULL), CARDINAL_OK);
  cr_expect(!memcmp(one, other, sizeof one));
  cardinal_image_free(&image);
}

Test(transform, bad_arguments_are_named) {
  cardinal_image image = flat_image(4, 4, 0);
  float values[3];
  cardinal_error error;
  cr_expect_eq(cardinal_image_transform(&image, 1, 2, values, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "resize is 1 and crop 2"), "%s", error.message);
  cr_expect_eq(cardinal_image_transform(&image, 1, 0, values, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect_eq(cardinal_image_transform(&image, (int64_t)1 << 40, 1, values, &error), CARDINAL_INVALID_ARGUMENT);
  static const struct {
    float mean, deviation;
    const char *message;
  } colours[] = {{NAN, 1, "the mean of green is nan"},
                 {INFINITY, 1, "the mean of green is inf"},
                 {0, 0, "the deviation of green is 0"},
                 {0, -1, "the deviation of green is -1"},
                 {0, INFINITY, "the deviation of green is inf"}};
  for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
    cardinal_transform_desc desc;
    cardinal_transform_desc_init(&desc);
    desc.resize = desc.crop = 1;
    desc.mean[1] = colours[i].mean;
    desc.deviation[1] = colours[i].deviation;
    cr_expect_eq(cardinal_image_prepare(&image, &desc, values, &error), CARDINAL_INVALID_ARGUMENT);
    cr_expect(strstr(error.message, colours[i].message), "%s", error.message);
  }
  cr_expect_eq(cardinal_image_prepare(&image, NULL, values, &error), CARDINAL_INVALID_ARGUMENT);
  image.height = 0;
  cr_expect_eq(cardinal_image_transform(&image, 1, 1, values, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "4×0"), "%s", error.message);
  cardinal_image_free(&image);
}
