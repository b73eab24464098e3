/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_NET_EXIF_H
#define CARDINAL_NET_EXIF_H

#include <stddef.h>

/* The orientation, 1 to 8, in a block of EXIF data (which is a TIFF file); 1, upright, if it holds none or makes no
 * sense: a photo is worth showing without it. */
int cardinal_exif_orientation(const unsigned char *tiff, size_t bytes);

#endif /* CARDINAL_NET_EXIF_H */
