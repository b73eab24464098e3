/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/network_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  OPTION_WEIGHTS = 0x800,
  OPTION_SEED,
  OPTION_IMAGE,
  OPTION_BATCH,
  OPTION_FORMATS
};

enum {
  MOST_BATCH = 1024,
  STANDARD_SIZE = 224,
  LEAST_SIZE = 32,
  MOST_SIZE = 65536
};

/* ---- weights --------------------------------------------------------------------------------------------------- */

static const struct argp_option weights_options_list[] = {
    {"weights", OPTION_WEIGHTS, "FILE", 0,
     "weights as a safetensors file with torchvision's names, in F32, F16 or BF16, or as cardinal quantize writes "
     "them; "
     "without it, weights are synthetic",
     GROUP_MODEL},
    {0},
};

static error_t parse_weights(int key, char *argument, struct argp_state *state) {
  weights_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->model;
    return 0;
  case OPTION_WEIGHTS:
    to->weights = argument;
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child weights_children[] = {{&model_argp, 0, NULL, 0}, {0}};

const struct argp weights_argp = {
    .options = weights_options_list, .parser = parse_weights, .children = weights_children};

bool weights_options_given(const weights_options *options) {
  return options->weights || options_model_given(&options->model);
}

void weights_options_exclude(const struct argp_state *state, const weights_options *options) {
  if (options->weights && options_model_given(&options->model))
    options_refuse(state, "--weights says what network it is; --model and --arch have no meaning with it");
}

cardinal_status weights_options_open(const weights_options *options, cardinal_net_spec *spec,
                                     cardinal_weights **weights, cardinal_error *error) {
  const bool named = options_model_given(&options->model);
  cardinal_status status = CARDINAL_OK;
  cardinal_net_spec recognised;
  cardinal_net_spec_init(&recognised);
  cardinal_net_spec_init(spec);
  if (options->weights)
    status = cardinal_weights_open(options->weights, weights, error);
  if (!status)
    status = named ? options_spec(&options->model, spec, error) : cardinal_weights_spec(*weights, spec, error);
  if (status)
    return status;
  if (!options->weights)
    return cardinal_weights_synthetic(spec, options->seed, weights, error);
  /* A named model has 1000 classes by convention; one trained for others is still that model. */
  if (named && !cardinal_weights_spec(*weights, &recognised, NULL))
    spec->classes = recognised.classes;
  return CARDINAL_OK;
}

static const struct argp_option seed_options_list[] = {
    {"seed", OPTION_SEED, "N", 0, "seed of what is synthetic (default 0)", GROUP_MODEL},
    {0},
};

static error_t parse_seed(int key, char *argument, struct argp_state *state) {
  if (key != OPTION_SEED)
    return ARGP_ERR_UNKNOWN;
  ((weights_options *)state->input)->seed = options_number(state, "--seed", argument, 0, UINT64_MAX);
  return 0;
}

const struct argp seed_argp = {.options = seed_options_list, .parser = parse_seed};

/* ---- images ---------------------------------------------------------------------------------------------------- */

static const struct argp_option image_options_list[] = {
    {"image", OPTION_IMAGE, "HEIGHTxWIDTH", 0,
     "rows and columns of the images that the network is to run on (default 224x224)", GROUP_MODEL},
    {0},
};

static error_t parse_image(int key, char *argument, struct argp_state *state) {
  image_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    to->height = to->width = STANDARD_SIZE;
    return 0;
  case OPTION_IMAGE: {
    char *middle = strchr(argument, 'x');
    if (!middle)
      options_refuse(state, "--image: expected HEIGHTxWIDTH, such as 224x224, found \"%s\"", argument);
    *middle = '\0';
    to->height = options_number(state, "--image", argument, LEAST_SIZE, MOST_SIZE);
    to->width = options_number(state, "--image", middle + 1, LEAST_SIZE, MOST_SIZE);
    return 0;
  }
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

const struct argp image_argp = {.options = image_options_list, .parser = parse_image};

static const struct argp_option batch_options_list[] = {
    {"batch", OPTION_BATCH, "N", 0, "", GROUP_RUNNING}, /* the text is made by help_batch */
    {0},
};

static char *help_batch(int key, const char *text, void *input) {
  char *made = NULL;
  if (key != OPTION_BATCH)
    return (char *)(uintptr_t)text;
  const uint64_t *standard = input;
  const int length = asprintf(&made, "images that go through the network at once, 1 to %d (default %" PRIu64 ")",
                              MOST_BATCH, standard ? *standard : 1);
  return length < 0 ? NULL : made;
}

static error_t parse_batch(int key, char *argument, struct argp_state *state) {
  if (key != OPTION_BATCH)
    return ARGP_ERR_UNKNOWN;
  *(uint64_t *)state->input = options_number(state, "--batch", argument, 1, MOST_BATCH);
  return 0;
}

const struct argp batch_argp = {.options = batch_options_list, .parser = parse_batch, .help_filter = help_batch};

/* ---- formats --------------------------------------------------------------------------------------------------- */

static const struct argp_option formats_options_list[] = {
    {"precision", OPTION_FORMATS, "FORMATS", 0,
     "of the number formats only these, with commas between: f32, bf16, int8 (default: all of them)", GROUP_RUNNING},
    {0},
};

bool format_set_has(format_set set, cardinal_format format) {
  return set >> format & 1;
}

cardinal_precision precision_of_format(cardinal_format format) {
  return format == CARDINAL_FORMAT_F32    ? CARDINAL_PRECISION_F32
         : format == CARDINAL_FORMAT_BF16 ? CARDINAL_PRECISION_BF16
                                          : CARDINAL_PRECISION_INT8;
}

static format_set read_formats(const struct argp_state *state, const char *text) {
  format_set set = 0;
  for (const char *at = text;; at++) {
    const size_t length = strcspn(at, ",");
    const char *known = NULL;
    for (int format = CARDINAL_FORMAT_F32; !known && format <= CARDINAL_FORMAT_INT8; format++) {
      known = cardinal_format_name((cardinal_format)format);
      if (strlen(known) == length && !strncmp(known, at, length))
        set |= 1u << format;
      else
        known = NULL;
    }
    if (!known)
      options_refuse(state, "--precision: expected f32, bf16 or int8, or several with commas between, found \"%s\"",
                     text);
    at += length;
    if (!*at)
      return set;
  }
}

static error_t parse_formats(int key, char *argument, struct argp_state *state) {
  switch (key) {
  case ARGP_KEY_INIT:
    *(format_set *)state->input = ALL_FORMATS;
    return 0;
  case OPTION_FORMATS:
    *(format_set *)state->input = read_formats(state, argument);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

const struct argp formats_argp = {.options = formats_options_list, .parser = parse_formats};
