/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/classify_options.h"

enum {
  OPTION_TOP = OPTION_FIRST_OWN,
  OPTION_LABELS,
  OPTION_FEATURES,
  OPTION_JSON,
  OPTION_NDJSON,
  OPTION_CSV,
  OPTION_OUTPUT,
  OPTION_SHARD,
  OPTION_PROFILE
};

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "Network and weights:", GROUP_MODEL},
    {NULL, 0, NULL, 0, "Photos and results:", GROUP_RESULTS},
    {"top", OPTION_TOP, "N", 0, "how many classes to show (default 5)", GROUP_RESULTS},
    {"labels", OPTION_LABELS, "FILE", 0, "names of the classes, one a line (default: ImageNet's, if there are 1000)",
     GROUP_RESULTS},
    {"features", OPTION_FEATURES, "FILE", 0,
     "write the pooled features of each photo, 2048 in the named models, to a .npy file, and show no classes; a photo "
     "that can't be read gets a row of NaN",
     GROUP_RESULTS},
    {"json", OPTION_JSON, NULL, 0, "print one JSON document in the end", GROUP_RESULTS},
    {"ndjson", OPTION_NDJSON, NULL, 0, "print a JSON object a line for each photo, batch by batch", GROUP_RESULTS},
    {"csv", OPTION_CSV, NULL, 0, "print a table with commas, batch by batch", GROUP_RESULTS},
    {"output", OPTION_OUTPUT, "FILE", 0,
     "with --ndjson or --csv: write the results to a file, which appears whole or not at all", GROUP_RESULTS},
    {"shard", OPTION_SHARD, "I/N", 0,
     "only the I-th of N shares of the photos, to --output or --features, whose FILE gets the ending .I-of-N; a shard "
     "that is there already isn't made again; cardinal merge puts them together. slurm: the task of a job array is "
     "the shard; slurm/N: its number is",
     GROUP_RESULTS},
    {NULL, 0, NULL, 0, "Running:", GROUP_RUNNING},
    {"profile", OPTION_PROFILE, NULL, 0,
     "also show, for each layer, its kernel, time, rate and share of the measured peak", GROUP_RUNNING},
    {0},
};

static void set_format(classify_options *to, result_format format, const struct argp_state *state) {
  if (to->format != RESULTS_TEXT && to->format != format)
    options_refuse(state, "--json, --ndjson and --csv are three ways to print; choose one");
  to->format = format;
}

static void check(const classify_options *o, const struct argp_state *state) {
  if (!o->photo_count)
    options_refuse(state, "no photo was named");
  if (o->features && (o->labels || o->top_given))
    options_refuse(state, "--features shows no classes; --labels and --top have no meaning with it");
  if (o->profile && (o->format == RESULTS_NDJSON || o->format == RESULTS_CSV))
    options_refuse(state, "--profile goes with text or --json; --ndjson and --csv have no place for it");
  if (o->output && o->format != RESULTS_NDJSON && o->format != RESULTS_CSV)
    options_refuse(state, "--output goes with --ndjson or --csv");
  if (o->share.of && !o->output == !o->features)
    options_refuse(state, "--shard goes with --output or with --features, whichever the shards are to be of");
}

static void read_shard(classify_options *to, const char *text, const struct argp_state *state) {
  char why[512];
  if (!shard_parse(text, &to->share, why, sizeof why))
    options_refuse(state, "--shard: %s", why);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  classify_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->network;
    state->child_inputs[1] = &to->network;
    state->child_inputs[2] = &to->precision;
    state->child_inputs[3] = &to->transform;
    state->child_inputs[4] = &to->batch;
    state->child_inputs[5] = &to->context;
    return 0;
  case OPTION_TOP:
    to->top_given = true;
    to->top = options_number(state, "--top", argument, 1, 1 << 24);
    return 0;
  case OPTION_LABELS:
    to->labels = argument;
    return 0;
  case OPTION_FEATURES:
    to->features = argument;
    return 0;
  case OPTION_JSON:
    set_format(to, RESULTS_JSON, state);
    return 0;
  case OPTION_NDJSON:
    set_format(to, RESULTS_NDJSON, state);
    return 0;
  case OPTION_CSV:
    set_format(to, RESULTS_CSV, state);
    return 0;
  case OPTION_OUTPUT:
    to->output = argument;
    return 0;
  case OPTION_SHARD:
    read_shard(to, argument, state);
    return 0;
  case OPTION_PROFILE:
    to->profile = true;
    return 0;
  case ARGP_KEY_ARGS:
    to->photos = state->argv + state->next;
    to->photo_count = (size_t)(state->argc - state->next);
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
                                             {&precision_argp, 0, NULL, 0},
                                             {&transform_argp, 0, NULL, 0},
                                             {&batch_argp, 0, NULL, 0},
                                             {&context_argp, 0, NULL, 0},
                                             {0}};

static const struct argp classify_argp = {
    .options = list,
    .parser = parse,
    .args_doc = "PHOTO...",
    .doc =
        "Prints the most probable classes of each photo (JPEG or PNG). The photo is prepared as torchvision does for "
        "evaluation: the shorter side resized, the central pixels cut out, 224x224 of them unless --crop says "
        "otherwise, "
        "colours normalised."
        "\v"
        "A PHOTO may also be a folder, which stands for all .jpg, .jpeg, .jpe, .jfif and .png files below it, or "
        "@LIST, a file that names photos and folders, one a line (@- is the standard input).\n"
        "\n"
        "A photo that can't be read is told in its place and doesn't keep the others from their results; the exit "
        "status is 1 then, and 2 if the command line is wrong.",
    .children = children,
};

void classify_options_read(classify_options *to, int argc, char **argv) {
  *to = (classify_options){.top = 5, .batch = 1};
  options_parse(&classify_argp, "cardinal classify", argc, argv, to);
}
