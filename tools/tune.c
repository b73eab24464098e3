/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal tune`: which kernel is the fastest for which convolution on this machine, as a file that contexts read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/schema.h"
#include "net/weights.h"
#include "ops/describe.h"
#include "tools/command.h"
#include "tools/network_options.h"
#include "tools/outfile.h"
#include "tools/tune_report.h"

static const char name[] = "tune";

typedef struct tune_options {
  weights_options network;
  image_options image;
  context_options context;
  format_set formats; /* of the network; given convolutions have their own */
  uint64_t batch;
  double seconds;
  const char *output;
  bool json;
  tune_subject subject;
} tune_options;

/* ---- what is tuned ------------------------------------------------------------------------------------------- */

/* Adds a convolution unless its shape is there. Of two that differ in the epilogue alone, one with a residual stays,
 * which has more to do. */
static cardinal_status add_conv(tune_subject *to, const cardinal_conv_desc *conv, cardinal_error *error) {
  tune_problem added = {.count = 0};
  gauntlet_problem scaled;
  cardinal_conv_desc plain = *conv;
  /* Not the network's scales, with which random data would all end up at an end of the range: results are compared. */
  plain.x_scale = plain.y_scale = plain.residual_scale = 0.0f;
  if (!gauntlet_problem_of_conv(&plain, &scaled, error))
    return error->status;
  const cardinal_status status =
      cardinal_describe_conv("cardinal tune", &scaled.conv, &added.conv, &added.shape, error);
  if (status)
    return status;
  for (size_t i = 0; i < to->count; i++) {
    if (!cardinal_tuning_same(&to->problems[i].shape, &added.shape))
      continue;
    if (conv->has_residual)
      to->problems[i] = added;
    return CARDINAL_OK;
  }
  tune_problem *more = realloc(to->problems, (to->count + 1) * sizeof *more);
  if (!more) {
    snprintf(error->message, sizeof error->message, "no memory for %zu shapes", to->count + 1);
    return error->status = CARDINAL_OUT_OF_MEMORY;
  }
  to->problems = more;
  to->problems[to->count++] = added;
  return CARDINAL_OK;
}

/* The convolutions of the network in one format. */
static cardinal_status add_network(tune_options *o, const cardinal_context *context, const cardinal_net_spec *spec,
                                   cardinal_weights *weights, cardinal_format format, cardinal_error *error) {
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)o->batch;
  desc.image_height = (int64_t)o->image.height;
  desc.image_width = (int64_t)o->image.width;
  desc.precision = precision_of_format(format);
  tool_progress("the network in %s", cardinal_format_name(format));
  cardinal_status status = cardinal_net_create(context, spec, weights, &desc, &net, error);
  tool_progress_clear();
  for (size_t i = 0; !status && i < cardinal_net_layer_count(net); i++) {
    cardinal_net_layer layer = {.struct_size = sizeof layer};
    cardinal_net_layer_get(net, i, &layer);
    status = layer.is_conv ? add_conv(&o->subject, layer.conv, error) : CARDINAL_OK;
  }
  cardinal_net_destroy(net);
  return status;
}

/* The convolutions of the network in all formats that were asked for and that its weights can have. */
static cardinal_status add_networks(tune_options *o, const cardinal_context *context, cardinal_error *error) {
  cardinal_net_spec spec;
  cardinal_weights *weights = NULL;
  cardinal_status status = weights_options_open(&o->network, &spec, &weights, error);
  format_set possible = ALL_FORMATS;
  if (!status && o->network.weights)
    possible = cardinal_is_quantised(&weights->table) ? 1u << CARDINAL_FORMAT_INT8
                                                      : ALL_FORMATS & ~(1u << CARDINAL_FORMAT_INT8);
  if (!status && !(o->formats & possible)) {
    snprintf(error->message, sizeof error->message, "--precision: %s can't be run in any of these formats",
             o->network.weights);
    status = error->status = CARDINAL_INVALID_ARGUMENT;
  }
  for (int format = CARDINAL_FORMAT_F32; !status && format <= CARDINAL_FORMAT_INT8; format++)
    if (format_set_has(o->formats & possible, (cardinal_format)format))
      status = add_network(o, context, &spec, weights, (cardinal_format)format, error);
  cardinal_weights_destroy(weights);
  return status;
}

/* ---- options ------------------------------------------------------------------------------------------------- */

enum {
  OPTION_CASE = OPTION_FIRST_OWN,
  OPTION_SECONDS
};

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "What is tuned:", GROUP_MODEL},
    {"case", OPTION_CASE, "DESCRIPTOR", 0,
     "this convolution, such as 'conv g32 ic128 oc128 i56 k3 p1 bias relu int8' (docs/descriptors.md), in the format "
     "that it says, f32 by default; may be repeated",
     GROUP_MODEL},
    {NULL, 0, NULL, 0, "Output:", GROUP_RESULTS},
    {"output", 'o', "FILE", 0, "write the tuning file; without it, the table is all that comes of it", GROUP_RESULTS},
    {NULL, 0, NULL, 0, "Running:", GROUP_RUNNING},
    {"seconds", OPTION_SECONDS, "S", 0,
     "at most so long for each kernel and shape, fractions allowed, up to 60 (default 1)", GROUP_RUNNING},
    {0},
};

static void add_case(tune_options *to, const char *text, const struct argp_state *state) {
  cardinal_error error;
  gauntlet_problem problem;
  if (!gauntlet_parse(text, &problem, &error))
    options_refuse(state, "--case: %s", error.message);
  if (problem.operation != CARDINAL_PLUGIN_CONV)
    options_refuse(state, "--case: \"%s\" is a pool; only convolutions have kernels to choose from", text);
  if (add_conv(&to->subject, &problem.conv, &error))
    argp_failure(state, TOOL_FAILED, 0, "--case: %s", error.message);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  tune_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->network;
    state->child_inputs[1] = &to->image;
    state->child_inputs[2] = &to->batch;
    state->child_inputs[3] = &to->formats;
    state->child_inputs[4] = &to->context;
    state->child_inputs[5] = &to->json;
    return 0;
  case OPTION_CASE:
    add_case(to, argument, state);
    return 0;
  case OPTION_SECONDS:
    to->seconds = options_real(state, "--seconds", argument, 60);
    return 0;
  case 'o':
    to->output = argument;
    return 0;
  case ARGP_KEY_SUCCESS:
    weights_options_exclude(state, &to->network);
    if (!to->subject.count && !weights_options_given(&to->network))
      options_refuse(state, "there is nothing to tune: name a network with --model or --weights, or a convolution with "
                            "--case");
    return 0;
  default:
    return options_others(key, argument, state);
  }
}

static const struct argp_child children[] = {{&weights_argp, 0, NULL, 0},
                                             {&image_argp, 0, NULL, 0},
                                             {&batch_argp, 0, NULL, 0},
                                             {&formats_argp, 0, NULL, 0},
                                             {&context_argp, 0, NULL, 0},
                                             {&json_argp, 0, NULL, 0},
                                             {0}};

static const struct argp tune_argp = {
    .options = list,
    .parser = parse,
    .doc = "Times, by turns, the kernels that serve the convolutions of a network, or given ones, on this machine, and "
           "says which is the fastest. The file is used by programs that find its name in CARDINAL_TUNING. It changes "
           "no result, since all kernels give the same bits; docs/tuning.md says what makes it stale.",
    .children = children,
};

/* ---- the run -------------------------------------------------------------------------------------------------- */

/* Measures all problems, and tells; returns the exit status. */
static int measure_all(tune_options *o, cardinal_context *context) {
  tune_subject *subject = &o->subject;
  tune_yardsticks yardsticks;
  cardinal_error error;
  cardinal_status status = CARDINAL_OK;
  if (!tune_yardsticks_init(&yardsticks, context, tune_subject_formats(subject)))
    return tool_fail(name, "no memory for the measurement of the peak");
  if (!o->json)
    tune_print_heading();
  for (size_t i = 0; !status && i < subject->count; i++) {
    tool_progress("shape %zu of %zu", i + 1, subject->count);
    status = tune_measure(context, &yardsticks, o->seconds, &subject->problems[i], &error);
    tool_progress_clear();
    if (!status && !o->json)
      tune_print_problem(&subject->problems[i]);
  }
  bool told = true;
  if (!status && o->json)
    told = tool_print_json(name, tune_json(subject, context, &yardsticks));
  else if (!status)
    tune_print_summary(subject, context, &yardsticks);
  tune_yardsticks_free(&yardsticks);
  if (status)
    return tool_fail(name, "%s", error.message);
  return told ? TOOL_OK : TOOL_FAILED;
}

static int tune(tune_options *o, cardinal_context *context) {
  cardinal_error error;
  outfile file = {.stream = NULL};
  if (weights_options_given(&o->network) && add_networks(o, context, &error))
    return tool_fail(name, "%s", error.message);
  int status = TOOL_OK;
  if (o->output && !outfile_open(&file, o->output)) /* before the time is spent */
    status = tool_fail(name, "%s: %s", o->output, file.problem);
  if (!status)
    status = measure_all(o, context);
  if (!status && o->output) {
    tune_write(file.stream, &o->subject, context);
    if (!outfile_finish(&file))
      status = tool_fail(name, "%s: %s", o->output, file.problem);
  }
  outfile_abandon(&file);
  if (!status && o->output && !o->json)
    printf("%s is written; CARDINAL_TUNING=%s has programs use it.\n", o->output, o->output);
  return status;
}

static int run(int argc, char **argv) {
  tune_options options = {.batch = 1, .seconds = 1.0};
  options_parse(&tune_argp, "cardinal tune", argc, argv, &options);
  unsetenv("CARDINAL_TUNING"); /* what it says is what is measured here */
  cardinal_context *context;
  cardinal_error error;
  int status = TOOL_FAILED;
  if (options_context(&options.context, &context, &error)) {
    tool_complain(name, "%s", error.message);
  } else {
    status = tune(&options, context);
    cardinal_context_destroy(context);
  }
  free(options.subject.problems);
  return status;
}

const command tune_command = {
    .name = name,
    .summary = "time the kernels on this machine, and remember the fastest",
    .run = run,
};
