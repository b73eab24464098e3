/* SPDX-License-Identifier: BSD-3-Clause */
/* What the decoders of pictures share: the file in memory, room for pixels, and limits. */
#ifndef CARDINAL_NET_PICTURE_H
#define CARDINAL_NET_PICTURE_H

#include <cardinal/image.h>

enum {
  CARDINAL_MAX_PIXELS = 1 << 28,
  CARDINAL_MAX_PICTURE_FILE = 1 << 30, /* bytes */
  /* Usual progressive files have about 10 scans. Each further one costs a pass over all pixels, though it may be a
   * few bytes long: a small file could keep a CPU busy for hours. */
  CARDINAL_MAX_SCANS = 100
};

/* The whole file, and where messages about it go. */
typedef struct cardinal_picture_file {
  const char *path;
  unsigned char *bytes;
  size_t size, position;
  cardinal_error *error;
} cardinal_picture_file;

/* Sets the size of `image` and allocates its pixels. Errors: CARDINAL_UNSUPPORTED past the limit, memory. */
cardinal_status cardinal_picture_allocate(const cardinal_picture_file *file, uint64_t width, uint64_t height,
                                          cardinal_image *image);

/* Decode the file into `image`, whose pixels are the caller's to free, whatever is returned; `*orientation` is EXIF's,
 * 1 to 8. */
cardinal_status cardinal_jpeg_read(cardinal_picture_file *file, cardinal_image *image, int *orientation);
cardinal_status cardinal_png_read(cardinal_picture_file *file, cardinal_image *image, int *orientation);

/* Turns the picture upright. */
cardinal_status cardinal_picture_turn(const cardinal_picture_file *file, int orientation, cardinal_image *image);

#endif /* CARDINAL_NET_PICTURE_H */
