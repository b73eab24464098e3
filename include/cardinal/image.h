/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Photos for the networks of <cardinal/net.h>: JPEG and PNG decoding and torchvision's evaluation transform.
 * The conventions of <cardinal/cardinal.h> hold. Part of the library cardinal_net; needs libjpeg-turbo and libpng.
 */
#ifndef CARDINAL_IMAGE_H
#define CARDINAL_IMAGE_H

#include <cardinal/cardinal.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @defgroup image Images
 * Reading photos, and preparing them as torchvision does.
 * @{ */

/** 8-bit RGB. This struct is what it is and never grows. */
typedef struct cardinal_image {
  int64_t height;  /**< rows */
  int64_t width;   /**< columns */
  uint8_t *pixels; /**< [height][width][3]; freed by cardinal_image_free */
} cardinal_image;

/** Reads a JPEG or PNG file, told apart by content, as Pillow's convert("RGB") does: grey becomes RGB, alpha is
 * dropped, 16 bits lose the lower 8 (Pillow saturates 16-bit grey instead), CMYK and YCCK JPEGs are taken as inverted,
 * as Adobe writes them. The EXIF orientation is applied. The pixels are the caller's until cardinal_image_free.
 * Reading a file takes memory for the file (at most 2^30 bytes), 3 bytes a pixel, for a turned picture 3 more, and for
 * a progressive JPEG 6 to 8 more. Errors: an unreadable, truncated, damaged or unknown file, a picture over 2^28 pixels
 * (268 million), a JPEG of more than 100 scans, memory. */
CARDINAL_API cardinal_status cardinal_image_read(const char *path, cardinal_image *image, cardinal_error *error);

/** Frees an image's pixels and clears the struct; NULL is allowed, and so is a cleared struct. */
CARDINAL_API void cardinal_image_free(cardinal_image *image);

/** torchvision's evaluation transform: the shorter side resized (antialiased bilinear, as Pillow), centre crop, scaled
 * to [0,1], normalised with mean .485/.456/.406 and deviation .229/.224/.225. Errors: resize < crop, crop < 1, memory.
 * @param image   what to transform; stays as it is
 * @param resize  pixels of the shorter side
 * @param crop    pixels of the square's sides
 * @param to      output, [3][crop][crop]
 * @param error   may be NULL
 * @return CARDINAL_OK, or why `to` isn't written */
CARDINAL_API cardinal_status cardinal_image_transform(const cardinal_image *image, int64_t resize, int64_t crop,
                                                      float *to, cardinal_error *error);

/** How a photo becomes what a network takes. */
typedef struct cardinal_transform_desc {
  uint32_t struct_size; /**< set by cardinal_transform_desc_init */
  uint32_t reserved;    /**< must be 0 */
  int64_t resize;       /**< pixels of the shorter side before the crop, up to 65536; no fewer than `crop` */
  int64_t crop;         /**< pixels of the square's sides, at least 1 */
  float mean[3];        /**< of red, green and blue, in [0,1]: taken off */
  float deviation[3];   /**< of red, green and blue, in [0,1]: divided by; above 0 */
} cardinal_transform_desc;

/** Fills `desc` with what torchvision's ImageNet models are evaluated with: resize 256, crop 224, mean .485/.456/.406,
 * deviation .229/.224/.225. */
CARDINAL_API void cardinal_transform_desc_init(cardinal_transform_desc *desc);

/** The same for a struct of `size` bytes, of which no more are written; see cardinal_net_spec_init_sized. */
CARDINAL_API void cardinal_transform_desc_init_sized(cardinal_transform_desc *desc, size_t size);
/** Calls cardinal_transform_desc_init_sized. */
#define cardinal_transform_desc_init(desc) cardinal_transform_desc_init_sized((desc), sizeof *(desc))

/** cardinal_image_transform for networks that were trained on pictures of another size or with other normalisation.
 * Errors: a number of `desc` out of range (the message names it), memory.
 * @param image  what to transform; stays as it is
 * @param desc   how; not kept
 * @param to     output, [3][crop][crop]
 * @param error  may be NULL
 * @return CARDINAL_OK, or why `to` isn't written */
CARDINAL_API cardinal_status cardinal_image_prepare(const cardinal_image *image, const cardinal_transform_desc *desc,
                                                    float *to, cardinal_error *error);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* CARDINAL_IMAGE_H */
