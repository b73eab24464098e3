/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/quantize_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"

enum {
  OPTION_CALIBRATE = OPTION_FIRST_OWN,
  OPTION_SYNTHETIC,
  OPTION_RANGES
};

enum {
  SYNTHETIC_IMAGES = 16,
  MOST_IMAGES = 1 << 20
};

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "Network and weights:", GROUP_MODEL},
    {NULL, 0, NULL, 0, "Calibration and results:", GROUP_RESULTS},
    {"calibrate", OPTION_CALIBRATE, "PHOTO", 0,
     "a photo, a folder or @LIST to calibrate on, as those named without an option are", GROUP_RESULTS},
    {"synthetic", OPTION_SYNTHETIC, "N", OPTION_ARG_OPTIONAL,
     "calibrate on N synthetic images (default 16) instead of photos: for tests and speed, not for accuracy",
     GROUP_RESULTS},
    {"ranges", OPTION_RANGES, "METHOD", 0,
     "where the range of a layer's outputs ends: least-error (default), where the squared errors are the least; "
     "percentile:P, where P percent of the numbers are within; or largest",
     GROUP_RESULTS},
    {"output", 'o', "FILE", 0, "where the quantised weights go; the file appears whole or not at all", GROUP_RESULTS},
    {NULL, 0, NULL, 0, "Running:", GROUP_RUNNING},
    {0},
};

static void read_ranges(quantize_options *to, const char *text, const struct argp_state *state) {
  static const char percentile[] = "percentile:";
  if (!strcmp(text, "least-error")) {
    to->ranges.method = CARDINAL_RANGE_LEAST_ERROR;
  } else if (!strcmp(text, "largest")) {
    to->ranges.method = CARDINAL_RANGE_LARGEST;
  } else if (!strncmp(text, percentile, sizeof percentile - 1)) {
    to->ranges.method = CARDINAL_RANGE_PERCENTILE;
    to->ranges.left_out = 1 - options_real(state, "--ranges percentile:P", text + sizeof percentile - 1, 100) / 100;
  } else {
    options_refuse(state, "--ranges: expected least-error, percentile:P or largest, found \"%s\"", text);
  }
}

void quantize_ranges_text(const cardinal_range_options *ranges, char *text, size_t size) {
  if (ranges->method == CARDINAL_RANGE_PERCENTILE)
    snprintf(text, size, "percentile:%.10g", 100 * (1 - ranges->left_out));
  else
    snprintf(text, size, "%s", ranges->method == CARDINAL_RANGE_LARGEST ? "largest" : "least-error");
}

static void add_photos(quantize_options *to, const char *argument) {
  if (!photos_add(&to->photos, argument))
    exit(TOOL_FAILED);
}

static void check(const quantize_options *o, const struct argp_state *state) {
  if (!weights_options_given(&o->network))
    options_refuse(state, "no network was named; --weights FILE has the weights to quantise");
  weights_options_exclude(state, &o->network);
  if (!o->output)
    options_refuse(state, "no --output was named");
  if (o->synthetic && o->photos.count)
    options_refuse(state, "--synthetic takes no photos");
  if (!o->synthetic && !o->photos.count)
    options_refuse(state, "no photo to calibrate on was named; --calibrate PHOTO_OR_FOLDER, or --synthetic");
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  quantize_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->network;
    state->child_inputs[1] = &to->network;
    state->child_inputs[2] = &to->transform;
    state->child_inputs[3] = &to->batch;
    state->child_inputs[4] = &to->context;
    state->child_inputs[5] = &to->json;
    return 0;
  case OPTION_CALIBRATE:
  case ARGP_KEY_ARG:
    add_photos(to, argument);
    return 0;
  case OPTION_SYNTHETIC:
    to->synthetic = argument ? options_number(state, "--synthetic", argument, 1, MOST_IMAGES) : SYNTHETIC_IMAGES;
    return 0;
  case OPTION_RANGES:
    read_ranges(to, argument, state);
    return 0;
  case 'o':
    to->output = argument;
    return 0;
  case ARGP_KEY_END:
    check(to, state);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {{&weights_argp, 0, NULL, 0},
                                             {&seed_argp, 0, NULL, 0},
                                             {&transform_argp, 0, NULL, 0},
                                             {&batch_argp, 0, NULL, 0},
                                             {&context_argp, 0, NULL, 0},
                                             {&json_argp, 0, NULL, 0},
                                             {0}};

static const struct argp quantize_argp = {
    .options = list,
    .parser = parse,
    .args_doc = "[PHOTO...]",
    .doc =
        "Writes the weights of a network in int8, for networks that compute in int8: batch norm is folded in, each "
        "output channel of a layer gets a scale, and the ranges of what flows between the layers are those seen when "
        "the network runs on photos (JPEG or PNG) such as it is to classify; a few hundred are enough."
        "\v"
        "Prepare the photos as they are to be classified: --crop, --resize, --mean and --std are those of cardinal "
        "classify.",
    .children = children,
};

void quantize_options_read(quantize_options *to, int argc, char **argv) {
  *to = (quantize_options){.batch = 8, .photos = {.command = "quantize"}};
  options_parse(&quantize_argp, "cardinal quantize", argc, argv, to);
}
