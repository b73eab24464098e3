/* SPDX-License-Identifier: BSD-3-Clause */
/* Specs from outside: their checks and their names. */
#ifndef CARDINAL_NET_SPEC_H
#define CARDINAL_NET_SPEC_H

#include <cardinal/net.h>

enum {
  CARDINAL_NET_SPEC_LEAST = 80, /* the size of the first release: never to be changed */
  CARDINAL_MAX_BLOCKS = 1024,
  CARDINAL_MAX_CARDINALITY = 1024,
  CARDINAL_MAX_WIDTH = 1024,
  CARDINAL_MAX_STREAM = 1 << 14,
  CARDINAL_USUAL_STEM = 64,
  CARDINAL_USUAL_STAGE = 256,
  CARDINAL_MAX_CLASSES = 1 << 24,
  CARDINAL_MAX_IMAGE = 1 << 20,
  CARDINAL_MIN_IMAGE = 32
};

/* Takes a caller's spec over into `taken`, after checking every field; what stands for the usual numbers becomes them.
 */
cardinal_status cardinal_spec_take(const cardinal_net_spec *spec, cardinal_net_spec *taken, cardinal_error *error);

/* Fills a caller's struct with `made`, after the same checks. */
cardinal_status cardinal_spec_give(const cardinal_net_spec *made, cardinal_net_spec *spec, cardinal_error *error);

/* Writes the name that goes with the other fields: "resnet50", "wide_resnet50_2", "resnext50_8x14d"; with other numbers
 * of blocks than torchvision's, these stand behind: "resnext26_32x4d_2-2-2-2"; and so do the channels of another stem
 * or first stage: "resnext26_8x4d_2-2-2-2_16to64". */
void cardinal_spec_set_name(cardinal_net_spec *spec);

/* Checks the size of an image that a network is to take. */
cardinal_status cardinal_image_size_check(int64_t height, int64_t width, cardinal_error *error);

#endif /* CARDINAL_NET_SPEC_H */
