/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"

enum {
  OPTION_MODEL = 0x100,
  OPTION_ARCH,
  OPTION_CARDINALITY,
  OPTION_WIDTH,
  OPTION_PRECISION,
  OPTION_ISA,
  OPTION_WITHOUT,
  OPTION_THREADS,
  OPTION_CROP,
  OPTION_RESIZE,
  OPTION_MEAN,
  OPTION_STD,
  OPTION_JSON
};

enum {
  LEAST_CROP = 32,
  MOST_RESIZE = 65536
};

void options_refuse(const struct argp_state *state, const char *format, ...) {
  char *message = NULL;
  va_list arguments;
  va_start(arguments, format);
  const bool made = vasprintf(&message, format, arguments) >= 0;
  va_end(arguments);
  argp_error(state, "%s", made ? message : "no memory");
  exit(TOOL_USAGE); /* argp_error doesn't return, but its declaration doesn't say so */
}

error_t options_others(int key, const char *argument, const struct argp_state *state) {
  if (key == ARGP_KEY_ARG)
    options_refuse(state, "\"%s\" is one argument too many", argument);
  return ARGP_ERR_UNKNOWN;
}

uint64_t options_number(const struct argp_state *state, const char *option, const char *text, uint64_t least,
                        uint64_t most) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  /* strtoull takes signs and spaces, too. */
  if (text[0] < '0' || text[0] > '9' || *end || errno || value < least || value > most)
    options_refuse(state, "%s: expected a whole number from %" PRIu64 " to %" PRIu64 ", found \"%s\"", option, least,
                   most, text);
  return value;
}

double options_real(const struct argp_state *state, const char *option, const char *text, double most) {
  char *end;
  const double value = strtod(text, &end);
  if (end == text || *end || !(value > 0 && value <= most))
    options_refuse(state, "%s: expected a number above 0, up to %g, found \"%s\"", option, most, text);
  return value;
}

void options_parse(const struct argp *argp, const char *title, int argc, char **argv, void *input) {
  argp_err_exit_status = TOOL_USAGE;
  char *name = strdup(title);
  if (name)
    argv[0] = name; /* argp's messages begin with it */
  error_t failed = argp_parse(argp, argc, argv, 0, NULL, input);
  free(name);
  if (failed) {
    fprintf(stderr, "%s: %s\n", title, strerror(failed));
    exit(TOOL_FAILED);
  }
}

/* A list such as "a, b or c" of names that the library knows, behind `before`; memory from malloc, or NULL. */
static char *list_names(const char *before, const char *(*name_of)(size_t index), const char *after) {
  char *list = NULL;
  size_t size;
  FILE *text = open_memstream(&list, &size);
  if (!text)
    return NULL;
  fputs(before, text);
  for (size_t i = 0; name_of(i); i++)
    fprintf(text, "%s%s", !i ? "" : name_of(i + 1) ? ", " : " or ", name_of(i));
  fputs(after, text);
  return fclose(text) ? NULL : list;
}

/* ---- models -------------------------------------------------------------------------------------------------- */

static const struct argp_option model_options_list[] = {
    {"model", OPTION_MODEL, "NAME", 0, "", GROUP_MODEL}, /* the text is made by help_model */
    {"arch", OPTION_ARCH, "DEPTH", 0,
     "another member of the family: its layers, 50, 101 or 152; with --cardinality and --width", GROUP_MODEL},
    {"cardinality", OPTION_CARDINALITY, "GROUPS", 0, "with --arch: the number of groups", GROUP_MODEL},
    {"width", OPTION_WIDTH, "CHANNELS", 0, "with --arch: channels of a group in the first stage", GROUP_MODEL},
    {0},
};

static char *help_model(int key, const char *text, void *input) {
  (void)input;
  if (key == OPTION_MODEL)
    return list_names("", cardinal_net_model_name,
                      ", or a made-up name such as resnext50_8x14d for 8 groups of width 14");
  return text ? strdup(text) : NULL; /* argp frees it */
}

static void check_model(const struct argp_state *state, const model_options *options) {
  bool custom = options->depth || options->cardinality || options->width;
  if (options->model && custom)
    options_refuse(state, "--model doesn't go with --arch, --cardinality and --width");
  if (custom && !(options->depth && options->cardinality && options->width))
    options_refuse(state, "--arch, --cardinality and --width go together; one of them is missing");
}

static error_t parse_model(int key, char *argument, struct argp_state *state) {
  model_options *to = state->input;
  switch (key) {
  case OPTION_MODEL:
    to->model = argument;
    return 0;
  case OPTION_ARCH:
    to->depth = options_number(state, "--arch", argument, 50, 152);
    return 0;
  case OPTION_CARDINALITY:
    to->cardinality = options_number(state, "--cardinality", argument, 1, 1024);
    return 0;
  case OPTION_WIDTH:
    to->width = options_number(state, "--width", argument, 1, 1024);
    return 0;
  case ARGP_KEY_END:
    check_model(state, to);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

const struct argp model_argp = {.options = model_options_list, .parser = parse_model, .help_filter = help_model};

bool options_model_given(const model_options *options) {
  return options->model || options->depth;
}

cardinal_status options_spec(const model_options *options, cardinal_net_spec *spec, cardinal_error *error) {
  if (options->model)
    return cardinal_net_spec_named(options->model, spec, error);
  return cardinal_net_spec_custom((uint32_t)options->depth, (uint32_t)options->cardinality, (uint32_t)options->width,
                                  spec, error);
}

/* ---- precision ------------------------------------------------------------------------------------------------ */

static const struct argp_option precision_options_list[] = {
    {"precision", OPTION_PRECISION, "NAME", 0, "", GROUP_MODEL}, /* the text is made by help_precision */
    {0},
};

/* The default isn't one that can be asked for. */
static const char *precision_at(size_t index) {
  return cardinal_precision_name((cardinal_precision)(index + 1));
}

static char *help_precision(int key, const char *text, void *input) {
  (void)input;
  return key == OPTION_PRECISION
             ? list_names("the numbers that its layers multiply: ", precision_at,
                          " (default: int8 for weights that were quantised, else f32); docs/quantisation.md")
             : (char *)(uintptr_t)text;
}

static error_t parse_precision(int key, char *argument, struct argp_state *state) {
  cardinal_precision *to = state->input;
  if (key != OPTION_PRECISION)
    return ARGP_ERR_UNKNOWN;
  for (size_t i = 0; precision_at(i); i++)
    if (!strcmp(argument, precision_at(i))) {
      *to = (cardinal_precision)(i + 1);
      return 0;
    }
  options_refuse(state, "--precision: unknown precision \"%s\"; expected f32, bf16 or int8", argument);
  return 0;
}

const struct argp precision_argp = {
    .options = precision_options_list, .parser = parse_precision, .help_filter = help_precision};

/* ---- contexts ------------------------------------------------------------------------------------------------ */

static const struct argp_option context_options_list[] = {
    {"threads", OPTION_THREADS, "N", 0, "threads (default: one per core that this process may use)", GROUP_RUNNING},
    {"isa", OPTION_ISA, "NAME", 0, "", GROUP_RUNNING}, /* the text is made by help_context */
    {"without", OPTION_WITHOUT, "FEATURES", 0, "CPU features not to be used, with commas between: avx512_vnni,fma",
     GROUP_RUNNING},
    {0},
};

static const char *isa_at(size_t index) {
  return index < CARDINAL_ISA_COUNT ? cardinal_isa_name((cardinal_isa)index) : NULL;
}

static char *help_context(int key, const char *text, void *input) {
  (void)input;
  if (key == OPTION_ISA)
    return list_names("the highest instruction set to use: ", isa_at, "");
  return text ? strdup(text) : NULL;
}

void options_check_isa(const struct argp_state *state, const char *isa) {
  for (size_t i = 0; isa_at(i); i++)
    if (!strcmp(isa, isa_at(i)))
      return;
  options_refuse(state, "--isa: unknown instruction set \"%s\"; expected generic, neon, avx2 or avx512", isa);
}

static error_t parse_context(int key, char *argument, struct argp_state *state) {
  context_options *to = state->input;
  switch (key) {
  case OPTION_THREADS:
    to->threads = options_number(state, "--threads", argument, 1, 4096);
    return 0;
  case OPTION_ISA:
    to->isa = argument;
    return 0;
  case OPTION_WITHOUT:
    to->without = argument;
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

const struct argp context_argp = {
    .options = context_options_list, .parser = parse_context, .help_filter = help_context};

cardinal_status options_context(const context_options *options, cardinal_context **context, cardinal_error *error) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.isa = options->isa;
  desc.without = options->without;
  desc.threads = (uint32_t)options->threads;
  return cardinal_context_create(&desc, context, error);
}

/* ---- photos -------------------------------------------------------------------------------------------------- */

static const struct argp_option transform_options_list[] = {
    {"crop", OPTION_CROP, "N", 0, "rows and columns that the network sees, from 32 on (default 224)", GROUP_RESULTS},
    {"resize", OPTION_RESIZE, "N", 0,
     "length of the shorter side before the crop (default 8/7 of the crop, 256 for 224; torchvision's newer weights "
     "want 232)",
     GROUP_RESULTS},
    {"mean", OPTION_MEAN, "R,G,B", 0,
     "what is taken off the colours, which run from 0 to 1; one number stands for all three (default "
     "0.485,0.456,0.406)",
     GROUP_RESULTS},
    {"std", OPTION_STD, "R,G,B", 0, "what they are divided by then (default 0.229,0.224,0.225)", GROUP_RESULTS},
    {0},
};

/* "0.5" or "0.485,0.456,0.406". */
static void read_colours(const struct argp_state *state, const char *option, const char *text, bool positive,
                         float to[3]) {
  float values[3];
  char *end = (char *)(uintptr_t)text;
  int count = 0;
  bool good;
  do {
    const char *begin = end + (count > 0);
    values[count] = strtof(begin, &end);
    good = end > begin && isfinite(values[count]) && (!positive || values[count] > 0);
  } while (++count < 3 && good && *end == ',');
  if (!good || *end || count == 2)
    options_refuse(state, "%s: expected one number or three with commas between%s, found \"%s\"", option,
                   positive ? ", above 0" : "", text);
  for (int i = 0; i < 3; i++)
    to[i] = values[count == 3 ? i : 0];
}

static void check_transform(const struct argp_state *state, transform_options *options) {
  if (!options->resize)
    options->resize = options->crop <= MOST_RESIZE / 8 * 7 ? (options->crop * 8 + 3) / 7 : MOST_RESIZE;
  if (options->resize < options->crop)
    options_refuse(state, "--resize: expected a whole number from the crop's %" PRId64 " to %d, found %" PRId64,
                   options->crop, MOST_RESIZE, options->resize);
}

static error_t parse_transform(int key, char *argument, struct argp_state *state) {
  transform_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    cardinal_transform_desc_init(to);
    to->resize = 0;
    return 0;
  case OPTION_CROP:
    to->crop = (int64_t)options_number(state, "--crop", argument, LEAST_CROP, MOST_RESIZE);
    return 0;
  case OPTION_RESIZE:
    to->resize = (int64_t)options_number(state, "--resize", argument, 1, MOST_RESIZE);
    return 0;
  case OPTION_MEAN:
    read_colours(state, "--mean", argument, false, to->mean);
    return 0;
  case OPTION_STD:
    read_colours(state, "--std", argument, true, to->deviation);
    return 0;
  case ARGP_KEY_END:
    check_transform(state, to);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

const struct argp transform_argp = {.options = transform_options_list, .parser = parse_transform};

/* ---- results ------------------------------------------------------------------------------------------------- */

static const struct argp_option json_options_list[] = {
    {"json", OPTION_JSON, NULL, 0, "print one JSON document", GROUP_RESULTS},
    {0},
};

static error_t parse_json(int key, char *argument, struct argp_state *state) {
  (void)argument;
  if (key != OPTION_JSON)
    return ARGP_ERR_UNKNOWN;
  *(bool *)state->input = true;
  return 0;
}

const struct argp json_argp = {.options = json_options_list, .parser = parse_json};
