/* SPDX-License-Identifier: BSD-3-Clause */
/* Photos: all kinds of JPEG and PNG files, and damaged ones. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>

#include <cardinal/image.h>

#include "net/exif.h"
#include "tests/net/files.h"

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

enum {
  PNG_WIDTH = 19,
  PNG_HEIGHT = 11
};

/* A sample of the test picture, in the bit depth of the file. */
static unsigned sample(size_t row, size_t column, size_t channel, int depth) {
  return (unsigned)(row * 7919 + column * 104729 + channel * 1299709 + row * column * 31) & ((1u << depth) - 1);
}

typedef struct {
  int color_type, depth, interlace;
  bool transparency;
} png_kind;

static size_t channels_of(int color_type) {
  switch (color_type) {
  case PNG_COLOR_TYPE_GRAY_ALPHA:
    return 2;
  case PNG_COLOR_TYPE_RGB:
    return 3;
  case PNG_COLOR_TYPE_RGB_ALPHA:
    return 4;
  default:
    return 1;
  }
}

static void pack_row(const png_kind *kind, size_t row, png_byte *to) {
  size_t channels = channels_of(kind->color_type);
  memset(to, 0, PNG_WIDTH * 8);
  for (size_t i = 0; i < PNG_WIDTH * channels; i++) {
    unsigned value = sample(row, i / channels, i % channels, kind->depth);
    if (kind->depth == 16) {
      to[2 * i] = (png_byte)(value >> 8);
      to[2 * i + 1] = (png_byte)value;
    } else {
      size_t bit = i * (size_t)kind->depth;
      to[bit / 8] |= (png_byte)(value << (8 - (size_t)kind->depth - bit % 8));
    }
  }
}

static void palette_entry(unsigned index, uint8_t rgb[3]) {
  rgb[0] = (uint8_t)(index * 37 + 5);
  rgb[1] = (uint8_t)(255 - index * 11);
  rgb[2] = (uint8_t)(index * index + 90);
}

static void write_png(const char *path, const png_kind *kind, const unsigned char *exif, size_t exif_bytes) {
  FILE *file = fopen(path, "wb");
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  cr_assert(file && png && info && !setjmp(png_jmpbuf(png)));
  png_init_io(png, file);
  png_set_IHDR(png, info, PNG_WIDTH, PNG_HEIGHT, kind->depth, kind->color_type,
               kind->interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (kind->color_type == PNG_COLOR_TYPE_PALETTE) {
    png_color palette[256];
    for (unsigned i = 0; i < 1u << kind->depth; i++) {
      uint8_t rgb[3];
      palette_entry(i, rgb);
      palette[i] = (png_color){rgb[0], rgb[1], rgb[2]};
    }
    png_set_PLTE(png, info, palette, 1 << kind->depth);
  }
  if (kind->transparency) {
    png_byte alpha[2] = {0, 100};
    png_color_16 key = {.gray = 1, .red = 1, .green = 1, .blue = 1};
    bool palette = kind->color_type == PNG_COLOR_TYPE_PALETTE;
    png_set_tRNS(png, info, palette ? alpha : NULL, palette ? 2 : 1, palette ? NULL : &key);
  }
  if (exif)
    png_set_eXIf_1(png, info, (png_uint_32)exif_bytes, (png_bytep)(uintptr_t)exif);
  png_write_info(png, info);
  int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; pass++)
    for (size_t row = 0; row < PNG_HEIGHT; row++) {
      png_byte bytes[PNG_WIDTH * 8];
      pack_row(kind, row, bytes);
      png_write_row(png, bytes);
    }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  fclose(file);
}

static void expected_pixel(const png_kind *kind, size_t row, size_t column, uint8_t rgb[3]) {
  bool color = kind->color_type == PNG_COLOR_TYPE_RGB || kind->color_type == PNG_COLOR_TYPE_RGB_ALPHA;
  for (size_t channel = 0; channel < 3; channel++) {
    unsigned value = sample(row, column, color ? channel : 0, kind->depth);
    rgb[channel] = (uint8_t)(kind->depth == 16 ? value >> 8 : value * 255 / ((1u << kind->depth) - 1));
  }
  if (kind->color_type == PNG_COLOR_TYPE_PALETTE)
    palette_entry(sample(row, column, 0, kind->depth), rgb);
}

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
        write_png(test_path("kind.png"), &kind, NULL, 0);
        cardinal_image image = test_read_image(test_path("kind.png"));
        cr_assert(image.width == PNG_WIDTH && image.height == PNG_HEIGHT);
        for (size_t pixel = 0; pixel < PNG_WIDTH * PNG_HEIGHT; pixel++) {
          uint8_t rgb[3];
          expected_pixel(&kind, pixel / PNG_WIDTH, pixel % PNG_WIDTH, rgb);
          cr_assert(!memcmp(image.pixels + 3 * pixel, rgb, 3), "type %d, depth %d, variant %d, pixel %zu: %d %d %d",
                    kind.color_type, kind.depth, variant, pixel, image.pixels[3 * pixel], image.pixels[3 * pixel + 1],
                    image.pixels[3 * pixel + 2]);
        }
        cardinal_image_free(&image);
      }
}

/* ---- EXIF ---------------------------------------------------------------------------------------------------- */

enum {
  EXIF_BYTES = 8 + 2 + 2 * 12 + 4
};

/* A directory of two entries, of which the second is the orientation. */
static void make_exif(int orientation, bool big_endian, unsigned char exif[EXIF_BYTES]) {
  static const unsigned char little[EXIF_BYTES] = {'I', 'I', 42, 0, 8, 0, 0, 0,    2,    0, 0x00, 0x01, 4, 0, 1,
                                                   0,   0,   0,  9, 9, 9, 9, 0x12, 0x01, 3, 0,    1,    0, 0, 0};
  static const unsigned char big[EXIF_BYTES] = {'M', 'M', 0, 42, 0, 0, 0, 8,    0,    2, 0x01, 0x00, 0, 4, 0,
                                                0,   0,   1, 9,  9, 9, 9, 0x01, 0x12, 0, 3,    0,    0, 0, 1};
  memcpy(exif, big_endian ? big : little, EXIF_BYTES);
  exif[30 + big_endian] = (unsigned char)orientation;
}

Test(exif, orientation_in_either_byte_order) {
  for (int orientation = 0; orientation < 10; orientation++)
    for (int big_endian = 0; big_endian < 2; big_endian++) {
      unsigned char exif[EXIF_BYTES];
      make_exif(orientation, big_endian, exif);
      cr_expect_eq(cardinal_exif_orientation(exif, EXIF_BYTES), orientation >= 1 && orientation <= 8 ? orientation : 1);
    }
}

Test(exif, cut_or_damaged_blocks_count_as_upright) {
  unsigned char exif[EXIF_BYTES];
  for (size_t bytes = 0; bytes <= EXIF_BYTES; bytes++) {
    make_exif(6, false, exif);
    unsigned char *cut = malloc(bytes + !bytes); /* exactly as long, for the address sanitizer */
    memcpy(cut, exif, bytes);
    int found = cardinal_exif_orientation(cut, bytes);
    cr_expect_eq(found, bytes >= 34 ? 6 : 1, "%zu bytes: %d", bytes, found);
    free(cut);
  }
  for (int at = 0; at < EXIF_BYTES; at++)
    for (int value = 0; value < 256; value++) {
      make_exif(6, at % 2, exif);
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

typedef struct {
  J_COLOR_SPACE in, stored;
  int components;
  bool progressive;
} jpeg_kind;

/* Six squares of 16×16 pixels in two rows; all components of square i are 40 i, and black's is 255 in CMYK. */
static void write_jpeg(const char *path, const jpeg_kind *kind, const unsigned char *app1, size_t app1_bytes) {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  FILE *file = fopen(path, "wb");
  cr_assert_not_null(file);
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, file);
  jpeg.image_width = 48;
  jpeg.image_height = 32;
  jpeg.input_components = kind->components;
  jpeg.in_color_space = kind->in;
  jpeg_set_defaults(&jpeg);
  jpeg_set_colorspace(&jpeg, kind->stored);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (kind->progressive)
    jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  if (app1)
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, app1, (unsigned)app1_bytes);
  for (size_t row = 0; row < 32; row++) {
    unsigned char bytes[48 * 4];
    for (size_t i = 0; i < 48; i++)
      for (size_t c = 0; c < (size_t)kind->components; c++)
        bytes[i * (size_t)kind->components + c] = c == 3 ? 255 : (unsigned char)(40 * (row / 16 * 3 + i / 16));
    JSAMPROW line = bytes;
    jpeg_write_scanlines(&jpeg, &line, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  fclose(file);
}

Test(jpeg, every_color_space) {
  static const jpeg_kind kinds[] = {
      {JCS_GRAYSCALE, JCS_GRAYSCALE, 1, false}, {JCS_RGB, JCS_YCbCr, 3, false}, {JCS_RGB, JCS_RGB, 3, true},
      {JCS_CMYK, JCS_CMYK, 4, false},           {JCS_CMYK, JCS_YCCK, 4, true},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    write_jpeg(test_path("kind.jpg"), &kinds[i], NULL, 0);
    cardinal_image image = test_read_image(test_path("kind.jpg"));
    expect_shown(&image, 1, 16);
    for (size_t pixel = 0; pixel < 48 * 32; pixel++)
      cr_assert(abs(image.pixels[3 * pixel] - image.pixels[3 * pixel + 1]) < 5 &&
                    abs(image.pixels[3 * pixel] - image.pixels[3 * pixel + 2]) < 5,
                "kind %zu isn't grey at pixel %zu", i, pixel);
    cardinal_image_free(&image);
  }
}

/* A grey picture in 64 to 127 scans: the DC coefficients, then each AC coefficient alone, of which the first ones come
 * in two scans, their lowest bit in the second. */
static void write_scans(const char *path, int scans) {
  jpeg_scan_info script[127] = {{.comps_in_scan = 1}};
  int refined = scans - 64;
  for (int i = 1; i < scans; i++) {
    bool second = i > 63;
    int coefficient = second ? i - 63 : i;
    script[i] = (jpeg_scan_info){.comps_in_scan = 1,
                                 .Ss = coefficient,
                                 .Se = coefficient,
                                 .Ah = second,
                                 .Al = !second && coefficient <= refined};
  }
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  FILE *file = fopen(path, "wb");
  cr_assert_not_null(file);
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, file);
  jpeg.image_width = jpeg.image_height = 16;
  jpeg.input_components = 1;
  jpeg.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);
  jpeg.scan_info = script;
  jpeg.num_scans = scans;
  jpeg_start_compress(&jpeg, TRUE);
  for (int row = 0; row < 16; row++) {
    unsigned char bytes[16];
    for (int i = 0; i < 16; i++)
      bytes[i] = (unsigned char)(i * row);
    JSAMPROW line = bytes;
    jpeg_write_scanlines(&jpeg, &line, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  fclose(file);
}

Test(jpeg, only_so_many_scans) {
  write_scans(test_path("scans.jpg"), 100);
  cardinal_image image = test_read_image(test_path("scans.jpg"));
  cr_expect_eq(image.width, 16);
  cardinal_image_free(&image);
  write_scans(test_path("scans.jpg"), 101);
  expect_refused(test_path("scans.jpg"), CARDINAL_UNSUPPORTED, "a progressive JPEG file of more than 100 scans");
}

Test(jpeg, exif_orientation_is_applied) {
  static const jpeg_kind kind = {JCS_RGB, JCS_YCbCr, 3, false};
  for (int orientation = 1; orientation <= 8; orientation++) {
    unsigned char app1[6 + EXIF_BYTES] = "Exif\0";
    make_exif(orientation, orientation % 2, app1 + 6);
    write_jpeg(test_path("turned.jpg"), &kind, app1, sizeof app1);
    cardinal_image image = test_read_image(test_path("turned.jpg"));
    expect_shown(&image, orientation, 16);
    cardinal_image_free(&image);
  }
}

Test(png, exif_orientation_is_applied) {
  png_kind kind = {PNG_COLOR_TYPE_RGB, 8, 0, false};
  unsigned char exif[EXIF_BYTES];
  make_exif(6, true, exif);
  write_png(test_path("turned.png"), &kind, exif, sizeof exif);
  cardinal_image image = test_read_image(test_path("turned.png"));
  cr_assert(image.width == PNG_HEIGHT && image.height == PNG_WIDTH);
  uint8_t rgb[3];
  expected_pixel(&kind, PNG_HEIGHT - 1, 0, rgb);
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
      write_jpeg(test_path("whole"), &kinds[i], NULL, 0);
    else
      write_png(test_path("whole"), &(png_kind){PNG_COLOR_TYPE_RGB, 8, 1, false}, NULL, 0);
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
