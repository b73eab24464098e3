/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of all kinds, written with the libraries that write photos; each function ends the test where it fails. */
#ifndef CARDINAL_TESTS_NET_PICTURES_H
#define CARDINAL_TESTS_NET_PICTURES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>
#include <png.h>

enum {
  PNG_WIDTH = 19,
  PNG_HEIGHT = 11,
  EXIF_BYTES = 8 + 2 + 2 * 12 + 4
};

typedef struct png_kind {
  int color_type, depth, interlace;
  bool transparency;
} png_kind;

/* A PNG of PNG_WIDTH x PNG_HEIGHT pixels; `exif` may be NULL. */
void picture_write_png(const char *path, const png_kind *kind, const unsigned char *exif, size_t exif_bytes);

/* What a pixel of it looks like. */
void picture_pixel(const png_kind *kind, size_t row, size_t column, uint8_t rgb[3]);

/* A directory of two entries, of which the second is the orientation. */
void picture_exif(int orientation, bool big_endian, unsigned char exif[EXIF_BYTES]);

typedef struct jpeg_kind {
  J_COLOR_SPACE in, stored;
  int components;
  bool progressive;
} jpeg_kind;

/* Six squares of 16x16 pixels in two rows; all components of square i are 40 i, and black's is 255 in CMYK. */
void picture_write_jpeg(const char *path, const jpeg_kind *kind, const unsigned char *app1, size_t app1_bytes);

/* A grey picture in 64 to 127 scans: the DC coefficients, then each AC coefficient alone, of which the first ones come
 * in two scans, their lowest bit in the second. */
void picture_write_scans(const char *path, int scans);

#endif
