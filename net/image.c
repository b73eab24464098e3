/* SPDX-License-Identifier: BSD-3-Clause */
/* JPEG and PNG files to upright 8-bit RGB, as Pillow's convert("RGB") gives it. */
#include <cardinal/image.h>

#include <stdlib.h>
#include <string.h>

#include "net/common.h"
#include "net/file.h"
#include "net/picture.h"

static cardinal_status decode(cardinal_picture_file *file, cardinal_image *image, int *orientation) {
  static const unsigned char jpeg_start[3] = {0xFF, 0xD8, 0xFF};
  static const unsigned char png_start[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  if (!file->size)
    return cardinal_net_fail(file->error, CARDINAL_BAD_FILE, "%s: the file is empty", file->path);
  if (file->size >= sizeof jpeg_start && !memcmp(file->bytes, jpeg_start, sizeof jpeg_start))
    return cardinal_jpeg_read(file, image, orientation);
  if (file->size >= sizeof png_start && !memcmp(file->bytes, png_start, sizeof png_start))
    return cardinal_png_read(file, image, orientation);
  return cardinal_net_fail(file->error, CARDINAL_BAD_FILE, "%s: neither a JPEG nor a PNG file", file->path);
}

cardinal_status cardinal_image_read(const char *path, cardinal_image *image, cardinal_error *error) {
  if (!path || !image)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s is NULL", path ? "image" : "path");
  cardinal_picture_file file = {.path = path, .error = error};
  cardinal_image made = {0};
  int orientation = 1;
  cardinal_status status = cardinal_file_read_all(path, CARDINAL_MAX_PICTURE_FILE, &file.bytes, &file.size, error);
  if (!status)
    status = decode(&file, &made, &orientation);
  free(file.bytes);
  if (!status)
    status = cardinal_picture_turn(&file, orientation, &made);
  if (status) {
    free(made.pixels);
    return status;
  }
  *image = made;
  return CARDINAL_OK;
}

void cardinal_image_free(cardinal_image *image) {
  if (!image)
    return;
  free(image->pixels);
  *image = (cardinal_image){0};
}
