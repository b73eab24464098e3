/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/net/pictures.h"

#include <criterion/criterion.h>
#include <string.h>

/* A sample of the test picture, in the bit depth of the file. */
static unsigned sample(size_t row, size_t column, size_t channel, int depth) {
  return (unsigned)(row * 7919 + column * 104729 + channel * 1299709 + row * column * 31) & ((1u << depth) - 1);
}

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

void picture_write_png(const char *path, const png_kind *kind, const unsigned char *exif, size_t exif_bytes) {
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

void picture_pixel(const png_kind *kind, size_t row, size_t column, uint8_t rgb[3]) {
  bool color = kind->color_type == PNG_COLOR_TYPE_RGB || kind->color_type == PNG_COLOR_TYPE_RGB_ALPHA;
  for (size_t channel = 0; channel < 3; channel++) {
    unsigned value = sample(row, column, color ? channel : 0, kind->depth);
    rgb[channel] = (uint8_t)(kind->depth == 16 ? value >> 8 : value * 255 / ((1u << kind->depth) - 1));
  }
  if (kind->color_type == PNG_COLOR_TYPE_PALETTE)
    palette_entry(sample(row, column, 0, kind->depth), rgb);
}

void picture_exif(int orientation, bool big_endian, unsigned char exif[EXIF_BYTES]) {
  static const unsigned char little[EXIF_BYTES] = {'I', 'I', 42, 0, 8, 0, 0, 0,    2,    0, 0x00, 0x01, 4, 0, 1,
                                                   0,   0,   0,  9, 9, 9, 9, 0x12, 0x01, 3, 0,    1,    0, 0, 0};
  static const unsigned char big[EXIF_BYTES] = {'M', 'M', 0, 42, 0, 0, 0, 8,    0,    2, 0x01, 0x00, 0, 4, 0,
                                                0,   0,   1, 9,  9, 9, 9, 0x01, 0x12, 0, 3,    0,    0, 0, 1};
  memcpy(exif, big_endian ? big : little, EXIF_BYTES);
  exif[30 + big_endian] = (unsigned char)orientation;
}

void picture_write_jpeg(const char *path, const jpeg_kind *kind, const unsigned char *app1, size_t app1_bytes) {
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

void picture_write_scans(const char *path, int scans) {
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
