/* SPDX-License-Identifier: BSD-3-Clause */
/* Options that say which network, with which weights, on what images and in which formats; and the network's weights.
 * They join a command's own as one of argp's children, as those of tools/options.h do. */
#ifndef CARDINAL_TOOLS_NETWORK_OPTIONS_H
#define CARDINAL_TOOLS_NETWORK_OPTIONS_H

#include "tools/options.h"

/* --model and the like, and --weights; the seed is that of synthetic weights. */
typedef struct weights_options {
  model_options model;
  const char *weights; /* NULL: not given */
  uint64_t seed;
} weights_options;

/* --image. */
typedef struct image_options {
  uint64_t height, width; /* 0 before parsing: 224 */
} image_options;

/* Number formats, one bit each: 1 << cardinal_format. */
typedef uint32_t format_set;

enum {
  ALL_FORMATS = 1 << CARDINAL_FORMAT_F32 | 1 << CARDINAL_FORMAT_BF16 | 1 << CARDINAL_FORMAT_INT8
};

/* Their input is a struct of the above. */
extern const struct argp weights_argp, image_argp;

/* --batch; its input is a uint64_t, which is the default beforehand. */
extern const struct argp batch_argp;

/* --seed; its input is a weights_options. */
extern const struct argp seed_argp;

/* --precision, of programs that go through several formats; its input is a format_set, all of them if it isn't given.
 */
extern const struct argp formats_argp;

/* Whether a set has a format. */
bool format_set_has(format_set set, cardinal_format format);

/* The precision of a network whose products are of that format. */
cardinal_precision precision_of_format(cardinal_format format);

/* Whether a network was named in either way. */
bool weights_options_given(const weights_options *options);

/* Ends the program if both --model and --weights were given, of a command in which the file alone says the network. */
void weights_options_exclude(const struct argp_state *state, const weights_options *options);

/* The network and its weights, to be destroyed by the caller, also after an error: those of the file, else synthetic
 * ones. Without a model, the network is what the names in the file tell; a named model takes the file's number of
 * classes. */
cardinal_status weights_options_open(const weights_options *options, cardinal_net_spec *spec,
                                     cardinal_weights **weights, cardinal_error *error);

#endif
