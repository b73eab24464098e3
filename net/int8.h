/* SPDX-License-Identifier: BSD-3-Clause */
/* What a network in int8 does otherwise than others: docs/quantisation.md. */
#ifndef CARDINAL_NET_INT8_H
#define CARDINAL_NET_INT8_H

#include "net/network.h"
#include "net/weights.h"

/* Takes formats, scales and the images' zeros over into the descriptors of a network's steps, which are described but
 * for them. Errors: a file that can't be read, a scale out of range. */
cardinal_status cardinal_int8_describe(cardinal_net *net, const cardinal_weights *weights, cardinal_error *error);

/* The same, of a network with the same weights. */
void cardinal_int8_describe_alike(cardinal_net *net, const cardinal_net *with);

/* Packs the weights of all steps. Errors: a file that can't be read, weights out of range, memory. */
cardinal_status cardinal_int8_pack(cardinal_net *net, const cardinal_weights *weights, cardinal_error *error);

/* Bytes of a run's images as the stem takes them. CARDINAL_OVERFLOW. */
cardinal_status cardinal_int8_image_bytes(const cardinal_net *net, size_t *bytes);

/* Rounds images [batch][3][rows][columns] for the stem: blocked, with a border that means 0. */
void cardinal_int8_take_images(const cardinal_net *net, const float *images, void *to);

#endif /* CARDINAL_NET_INT8_H */
