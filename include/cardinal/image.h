/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Photos for the networks of <cardinal/net.h>: JPEG and PNG decoding and torchvision's evaluation transform.
 * The conventions of <cardinal/cardinal.h> hold. Part of the library cardinal_net; needs libjpeg-turbo and libpng.
 */
#ifndef CARDINAL_IMAGE_H
#define CARDINAL_IMAGE_H

#include <cardinal/cardinal.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 8-bit RGB, [height][width][3]; `pixels` is owned by the struct, freed by cardinal_image_free. */
typedef struct cardinal_image {
  int64_t height, width;
  uint8_t *pixels;
} cardinal_image;

/* Reads a JPEG or PNG file, told apart by content, as Pillow's convert("RGB") does: grey becomes RGB, alpha is dropped,
 * 16 bits lose the lower 8 (Pillow saturates 16-bit grey instead), CMYK and YCCK JPEGs are taken as inverted, as Adobe
 * writes them. The EXIF orientation is applied.
 * Errors: an unreadable, truncated, damaged or unknown file, a picture over 2^28 pixels. */
CARDINAL_API cardinal_status cardinal_image_read(const char *path, cardinal_image *image, cardinal_error *error);
CARDINAL_API void cardinal_image_free(cardinal_image *image);

/* torchvision's evaluation transform: the shorter side resized to `resize` (antialiased bilinear, as Pillow), centre
 * crop of crop×crop, scaled to [0,1], normalised with mean .485/.456/.406 and deviation .229/.224/.225.
 * `to` is [3][crop][crop]. Errors: resize < crop, crop < 1, memory. */
CARDINAL_API cardinal_status cardinal_image_transform(const cardinal_image *image, int64_t resize, int64_t crop,
                                                      float *to, cardinal_error *error);

#ifdef __cplusplus
}
#endif

#endif /* CARDINAL_IMAGE_H */
