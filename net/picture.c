/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/picture.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "net/common.h"

cardinal_status cardinal_picture_allocate(const cardinal_picture_file *file, uint64_t width, uint64_t height,
                                          cardinal_image *image) {
  if (width < 1 || height < 1 || width > CARDINAL_MAX_PIXELS / height)
    return cardinal_net_fail(file->error, CARDINAL_UNSUPPORTED,
                             "%s: the picture has %" PRIu64 "×%" PRIu64 " pixels, expected 1 to 2^28", file->path,
                             width, height);
  image->width = (int64_t)width;
  image->height = (int64_t)height;
  image->pixels = malloc((size_t)(width * height * 3));
  if (!image->pixels)
    return cardinal_net_fail(file->error, CARDINAL_OUT_OF_MEMORY,
                             "%s: no memory for a picture of %" PRIu64 "×%" PRIu64 " pixels", file->path, width,
                             height);
  return CARDINAL_OK;
}

/* Each orientation reads the stored picture from one corner, in steps along rows and
 * columns. */
cardinal_status cardinal_picture_turn(const cardinal_picture_file *file, int orientation, cardinal_image *image) {
  if (orientation == 1)
    return CARDINAL_OK;
  int64_t height = image->height, width = image->width;
  bool swapped = orientation >= 5;
  bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  int64_t down = from_bottom ? -width : width, right = from_right ? -1 : 1;
  const unsigned char *corner =
      image->pixels + 3 * ((from_bottom ? (height - 1) * width : 0) + (from_right ? width - 1 : 0));

  cardinal_image upright;
  cardinal_status status = cardinal_picture_allocate(file, (uint64_t)(swapped ? height : width),
                                                     (uint64_t)(swapped ? width : height), &upright);
  if (status)
    return status;
  unsigned char *to = upright.pixels;
  for (int64_t row = 0; row < upright.height; row++)
    for (int64_t column = 0; column < upright.width; column++, to += 3)
      memcpy(to, corner + 3 * (row * (swapped ? right : down) + column * (swapped ? down : right)), 3);
  free(image->pixels);
  *image = upright;
  return CARDINAL_OK;
}
