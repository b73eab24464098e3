/* SPDX-License-Identifier: BSD-3-Clause */
/* Photos: all kinds of JPEG and PNG files, and damaged ones. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cardinal/image.h>

#include "net/exif.h"
#include "tests/net/files.h"
#include "tests/net/pictures.h"

static void expect_refused(const char *path, cardinal_status wanted, const char *message) {
  cardinal_image image = {.height = 77};
  cardinal_error error;
  cardinal_status status = cardinal_image_read(path, &image, &error);
  cr_expect_eq(status, wanted, "%s: %s", path, cardinal_status_string(status));
  cr_expect_eq(image.height, 77, "a failed call changed its output");
  if (status)
    cr_expect(strstr(error.message, path) && strstr(error.message, message), "expected \"%s\", found \"%s\"", message,
              error.message);
}

/* ---- kinds of PNG -------------------------------------------------------------------------------------------- */

Test(png, every_kind_of_pixel) {
  static const struct {
    int color_type, depths[6];
  } types[] = {
      {PNG_COLOR_TYPE_GRAY, {1, 2, 4, 8, 16}}, {PNG_COLOR_TYPE_GRAY_ALPHA, {8, 16}},   {PNG_COLOR_TYPE_RGB, {8, 16}},
      {PNG_COLOR_TYPE_RGB_ALPHA, {8, 16}},     {PNG_COLOR_TYPE_PALETTE, {1, 2, 4, 8}},
  };
  for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
    for (const int *depth = types[t].depths; *depth; depth++)
      for (int variant = 0; variant < 4; variant++) {
        png_kind kind = {types[t].color_type, *depth, variant & 1, variant >> 1};
        if (kind.transparency && kind.color_type & PNG_COLOR_MASK_ALPHA)
          continue;
        picture_write_png(test_path("kind.png"), &kind, NULL, 0);
        cardinal_image image = test_read_image(test_path("kind.png"));
        cr_assert(image.width == PNG_WIDTH && image.height == PNG_HEIGHT);
        for (size_t pixel = 0; pixel < PNG_WIDTH * PNG_HEIGHT; pixel++) {
          uint8_t rgb[3];
          picture_pixel(&kind, pixel / PNG_WIDTH, pixel % PNG_WIDTH, rgb);
          cr_assert(!memcmp(image.pixels + 3 * pixel, rgb, 3), "type %d, depth %d, variant %d, pixel %zu: %d %d %d",
                    kind.color_type, kind.depth, variant, pixel, image.pixels[3 * pixel], image.pixels[3 * pixel + 1],
                    image.pixels[3 * pixel + 2]);
        }
        cardinal_image_free(&image);
      }
}

/* ---- EXIF ---------------------------------------------------------------------------------------------------- */

Test(exif, orientation_in_either_byte_order) {
  for (int orientation = 0; orientation < 10; orientation++)
    for (int big_endian = 0; big_endian < 2; big_endian++) {
      unsigned char exif[EXIF_BYTES];
      picture_exif(orientation, big_endian, exif);
      cr_expect_eq(cardinal_exif_orientation(exif, EXIF_BYTES), orientation >= 1 && orientation <= 8 ? orientation : 1);
    }
}

Test(exif, cut_or_damaged_blocks_count_as_upright) {
  unsigned char exif[EXIF_BYTES];
  for (size_t bytes = 0; bytes <= EXIF_BYTES; bytes++) {
    picture_exif(6, false, exif);
    unsigned char *cut = malloc(bytes + !bytes); /* exactly as long, for the address sanitizer */
    memcpy(cut, exif, bytes);
    int found = cardinal_exif_orientation(cut, bytes);
    cr_expect_eq(found, bytes >= 34 ? 6 : 1, "%zu bytes: %d", bytes, found);
    free(cut);
  }
  for (int at = 0; at < EXIF_BYTES; at++)
    for (int value = 0; value < 256; value++) {
      picture_exif(6, at % 2, exif);
      exif[at] = (unsigned char)value;
      int found = cardinal_exif_orientation(exif, EXIF_BYTES);
      cr_expect(found >= 1 && found <= 8);
    }
}

/* What viewers show for each orientation of a stored 2×3 picture a b c / d e f. */
static const char *const shown[9] = {NULL,       "abc/def",  "cba/fed",  "fed/cba", "def/abc",
                                     "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad"};

static void expect_shown(const cardinal_image *image, int orientation, int64_t scale) {
  const char *expected = shown[orientation];
  int64_t columns = strchr(expected, '/') - expected;
  cr_assert_eq(image->width, columns * scale, "orientation %d", orientation);
  cr_assert_eq(image->height, 6 / columns * scale, "orientation %d", orientation);
  for (int64_t row = 0; row < 6 / columns; row++)
    for (int64_t column = 0; column < columns; column++) {
      const uint8_t *pixel =
          image->pixels + 3 * ((row * scale + scale / 2) * image->width + column * scale + scale / 2);
      int found = (pixel[1] + 20) / 40;
      cr_expect_eq(found, expected[row * (columns + 1) + column] - 'a', "orientation %d, row %d, column %d: %d",
                   orientation, (int)row, (int)column, found);
    }
}

/* ---- kinds of JPEG ------------------------------------------------------------------------------------------- */

Test(jpeg, every_color_space) {
  static const jpeg_kind kinds[] = {
      {JCS_GRAYSCALE, JCS_GRAYSCALE, 1, false}, {JCS_RGB, JCS_YCbCr, 3, false}, {JCS_RGB, JCS_RGB, 3, true},
      {JCS_CMYK, JCS_CMYK, 4, false},           {JCS_CMYK, JCS_YCCK, 4, true},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    picture_write_jpeg(test_path("kind.jpg"), &kinds[i], NULL, 0);
    cardinal_image image = test_read_image(test_path("kind.jpg"));
    expect_shown(&image, 1, 16);
    for (size_t pixel = 0; pixel < 48 * 32; pixel++)
      cr_assert(abs(image.pixels[3 * pixel] - image.pixels[3 * pixel + 1]) < 5 &&
                    abs(image.pixels[3 * pixel] - image.pixels[3 * pixel + 2]) < 5,
                "kind %zu isn't grey at pixel %zu", i, pixel);
    cardinal_image_free(&image);
  }
}

Test(jpeg, only_so_many_scans) {
  picture_write_scans(test_path("scans.jpg"), 100);
  cardinal_image image = test_read_image(test_path("scans.jpg"));
  cr_expect_eq(image.width, 16);
  cardinal_image_free(&image);
  picture_write_scans(test_path("scans.jpg"), 101);
  expect_refused(test_path("scans.jpg"), CARDINAL_UNSUPPORTED, "a progressive JPEG file of more than 100 scans");
}

Test(jpeg, exif_orientation_is_applied) {
  static const jpeg_kind kind = {JCS_RGB, JCS_YCbCr, 3, false};
  for (int orientation = 1; orientation <= 8; orientation++) {
    unsigned char app1[6 + EXIF_BYTES] = "Exif\0";
    picture_exif(orientation, orientation % 2, app1 + 6);
    picture_write_jpeg(test_path("turned.jpg"), &kind, app1, sizeof app1);
    cardinal_image image = test_read_image(test_path("turned.jpg"));
    expect_shown(&image, orientation, 16);
    cardinal_image_free(&image);
  }
}

Test(png, exif_orientation_is_applied) {
  png_kind kind = {PNG_COLOR_TYPE_RGB, 8, 0, false};
  unsigned char exif[EXIF_BYTES];
  picture_exif(6, true, exif);
  picture_write_png(test_path("turned.png"), &kind, exif, sizeof exif);
  cardinal_image image = test_read_image(test_path("turned.png"));
  cr_assert(image.width == PNG_HEIGHT && image.height == PNG_WIDTH);
  uint8_t rgb[3];
  picture_pixel(&kind, PNG_HEIGHT - 1, 0, rgb);
  cr_expect(!memcmp(image.pixels, rgb, 3), "a quarter turn to the right brings the lower left corner to the top");
  cardinal_image_free(&image);
}

/* ---- bad files ----------------------------------------------------------------------------------------------- */

Test(bad_files, other_than_images) {
  expect_refused(test_path("absent.png"), CARDINAL_IO_ERROR, "No such file");
  expect_refused(test_directory(), CARDINAL_IO_ERROR, "Is a directory");
  test_write(test_path("empty.png"), "", 0);
  expect_refused(test_path("empty.png"), CARDINAL_BAD_FILE, "the file is empty");
  test_write(test_path("text.png"), "GIF89a and so on", 16);
  expect_refused(test_path("text.png"), CARDINAL_BAD_FILE, "neither a JPEG nor a PNG");
  test_write(test_path("short.jpg"), "\xFF\xD8\xFF", 3);
  expect_refused(test_path("short.jpg"), CARDINAL_BAD_FILE, "damaged JPEG");
  test_write(test_path("short.png"), "\x89PNG\r\n\x1A\n", 8);
  expect_refused(test_path("short.png"), CARDINAL_BAD_FILE, "damaged PNG file: it ends in the middle");
}

Test(bad_files, no_cut_of_a_good_file_is_accepted) {
  static const jpeg_kind kinds[] = {{JCS_RGB, JCS_YCbCr, 3, false}, {JCS_RGB, JCS_YCbCr, 3, true}};
  for (int i = 0; i < 3; i++) {
    if (i < 2)
      picture_write_jpeg(test_path("whole"), &kinds[i], NULL, 0);
    else
      picture_write_png(test_path("whole"), &(png_kind){PNG_COLOR_TYPE_RGB, 8, 1, false}, NULL, 0);
    size_t size;
    unsigned char *whole = test_read(test_path("whole"), &size);
    /* Headers and ends byte by byte, what lies between in steps. */
    for (size_t cut = 0; cut < size; cut += cut < 700 || cut + 64 > size ? 1 : 13) {
      test_write(test_path("cut"), whole, cut);
      expect_refused(test_path("cut"), CARDINAL_BAD_FILE, "");
    }
    free(whole);
  }
}

Test(bad_files, damage_inside_never_crashes) {
  static const char *const names[] = {"photos/grace_hopper.jpg", "photos/coffee.jpg", "photos/rocket.256.png"};
  uint32_t state = 1;
  for (int i = 0; i < 3; i++) {
    size_t size;
    unsigned char *bytes = test_read(test_data_path(names[i]), &size);
    for (int round = 0; round < 20; round++) {
      state = state * 1664525 + 1013904223;
      size_t at = 2 + state % (size - 2);
      unsigned char kept = bytes[at];
      bytes[at] ^= (unsigned char)(1 + state % 255);
      test_write(test_path("damaged"), bytes, size);
      bytes[at] = kept;
      cardinal_image image;
      cardinal_error error;
      if (cardinal_image_read(test_path("damaged"), &image, &error) == CARDINAL_OK)
        cardinal_image_free(&image);
      else
        cr_expect(strstr(error.message, "damaged"), "%s", error.message);
    }
    free(bytes);
  }
}

Test(bad_files, a_wrong_checksum_in_a_png) {
  size_t size;
  unsigned char *bytes = test_read(test_data_path("photos/rocket.256.png"), &size);
  bytes[size / 2] ^= 1;
  test_write(test_path("checksum.png"), bytes, size);
  expect_refused(test_path("checksum.png"), CARDINAL_BAD_FILE, "damaged PNG");
  free(bytes);
}

Test(bad_files, too_many_bytes) {
  test_write(test_path("long.jpg"), "\xFF\xD8\xFF", 3);
  cr_assert_eq(truncate(test_path("long.jpg"), ((off_t)1 << 30) + 1), 0);
  expect_refused(test_path("long.jpg"), CARDINAL_UNSUPPORTED, "the file has more than 1073741824 bytes");
}

Test(bad_files, too_many_pixels) {
  /* A PNG header of 999,999 × 999,999 pixels; its checksum is computed by zlib's rule. */
  unsigned char header[33] = "\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\x0F\x42\x3F\0\x0F\x42\x3F\x08\x02\0\0\0";
  uint32_t crc = 0xFFFFFFFF;
  for (int i = 12; i < 29; i++) {
    crc ^= header[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  for (int i = 0; i < 4; i++)
    header[29 + i] = (unsigned char)(~crc >> (24 - 8 * i));
  unsigned char file[45];
  memcpy(file, header, 33);
  memcpy(file + 33, "\0\0\0\0IDAT\x35\xAF\x06\x1E", 12);
  test_write(test_path("huge.png"), file, sizeof file);
  expect_refused(test_path("huge.png"), CARDINAL_UNSUPPORTED, "999999×999999 pixels, expected 1 to 2^28");
}
