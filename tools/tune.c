/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal tune`: which kernel is the fastest for which convolution on this machine, as a file that contexts read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/shape.h"
#include "gauntlet/descriptor.h"
#include "ops/describe.h"
#include "tools/command.h"
#include "tools/options.h"
#include "tools/outfile.h"
#include "tools/tune_measure.h"

static const char name[] = "tune";

typedef struct tune_options {
  model_options model;
  context_options context;
  uint64_t batch, seconds;
  const char *output;
  tune_problem *problems; /* each shape once; to be freed */
  size_t count;
} tune_options;

/* ---- what is tuned ------------------------------------------------------------------------------------------- */

/* Adds a convolution unless its shape is there. Of two that differ in the epilogue alone, one with a residual stays,
 * which has more to do. */
static cardinal_status add_conv(tune_options *o, const cardinal_conv_desc *conv, cardinal_error *error) {
  tune_problem added = {.count = 0};
  const cardinal_status status = cardinal_describe_conv("cardinal tune", conv, &added.conv, &added.shape, error);
  if (status)
    return status;
  for (size_t i = 0; i < o->count; i++) {
    if (!cardinal_tuning_same(&o->problems[i].shape, &added.shape))
      continue;
    if (conv->has_residual)
      o->problems[i] = added;
    return CARDINAL_OK;
  }
  tune_problem *more = realloc(o->problems, (o->count + 1) * sizeof *more);
  if (!more) {
    snprintf(error->message, sizeof error->message, "no memory for %zu shapes", o->count + 1);
    return error->status = CARDINAL_OUT_OF_MEMORY;
  }
  o->problems = more;
  o->problems[o->count++] = added;
  return CARDINAL_OK;
}

/* The convolutions of a network, which is made with weights that don't matter. */
static cardinal_status add_model(tune_options *o, const cardinal_context *context, cardinal_error *error) {
  cardinal_net_spec spec;
  cardinal_weights *weights = NULL;
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_net_spec_init(&spec);
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)o->batch;
  cardinal_status status = options_spec(&o->model, &spec, error);
  if (!status)
    status = cardinal_weights_synthetic(&spec, 0, &weights, error);
  if (!status)
    status = cardinal_net_create(context, &spec, weights, &desc, &net, error);
  for (size_t i = 0; !status && i < cardinal_net_layer_count(net); i++) {
    cardinal_net_layer layer = {.struct_size = sizeof layer};
    cardinal_net_layer_get(net, i, &layer);
    status = layer.is_conv ? add_conv(o, layer.conv, error) : CARDINAL_OK;
  }
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  return status;
}

/* ---- options ------------------------------------------------------------------------------------------------- */

enum {
  OPTION_CASE = OPTION_FIRST_OWN,
  OPTION_BATCH,
  OPTION_SECONDS
};

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "What is tuned:", GROUP_MODEL},
    {"case", OPTION_CASE, "DESCRIPTOR", 0,
     "this convolution, such as 'conv g32 ic128 oc128 i56 k3 p1 bias relu' (docs/descriptors.md); may be repeated",
     GROUP_MODEL},
    {"batch", OPTION_BATCH, "N", 0, "images that go through the network at once, 1 to 1024 (default 1)", GROUP_MODEL},
    {NULL, 0, NULL, 0, "Output:", GROUP_RESULTS},
    {"output", 'o', "FILE", 0, "write the tuning file; without it, the table is all that comes of it", GROUP_RESULTS},
    {NULL, 0, NULL, 0, "Running:", GROUP_RUNNING},
    {"seconds", OPTION_SECONDS, "N", 0, "at most so long for each kernel and shape, 1 to 60 (default 1)",
     GROUP_RUNNING},
    {0},
};

static void add_case(tune_options *to, const char *text, const struct argp_state *state) {
  cardinal_error error;
  gauntlet_problem problem;
  if (!gauntlet_parse(text, &problem, &error))
    options_refuse(state, "--case: %s", error.message);
  if (problem.operation != CARDINAL_PLUGIN_CONV)
    options_refuse(state, "--case: \"%s\" is a pool; only convolutions have kernels to choose from", text);
  if (add_conv(to, &problem.conv, &error))
    argp_failure(state, TOOL_FAILED, 0, "--case: %s", error.message);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  tune_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->model;
    state->child_inputs[1] = &to->context;
    return 0;
  case OPTION_CASE:
    add_case(to, argument, state);
    return 0;
  case OPTION_BATCH:
    to->batch = options_number(state, "--batch", argument, 1, 1024);
    return 0;
  case OPTION_SECONDS:
    to->seconds = options_number(state, "--seconds", argument, 1, 60);
    return 0;
  case 'o':
    to->output = argument;
    return 0;
  case ARGP_KEY_SUCCESS:
    if (!to->count && !options_model_given(&to->model))
      options_refuse(state, "there is nothing to tune: name a network with --model, or a convolution with --case");
    return 0;
  default:
    return options_others(key, argument, state);
  }
}

static const struct argp_child children[] = {{&model_argp, 0, NULL, 0}, {&context_argp, 0, NULL, 0}, {0}};

static const struct argp tune_argp = {
    .options = list,
    .parser = parse,
    .doc = "Times, by turns, the kernels that serve the convolutions of a network, or given ones, on this machine, and "
           "says which is the fastest. The file is used by programs that find its name in CARDINAL_TUNING. It changes "
           "no result, since all kernels give the same bits; docs/tuning.md says what makes it stale.",
    .children = children,
};

/* ---- the report ---------------------------------------------------------------------------------------------- */

static void print_problem(const tune_problem *problem) {
  char shape[96];
  bench_shape_of_conv(&problem->conv, shape, sizeof shape);
  for (size_t i = 0; i < problem->count; i++) {
    const tune_candidate *candidate = &problem->candidates[i];
    printf("%c %-30s %-30s", i == problem->chosen ? '*' : ' ', i ? "" : shape, candidate->kernel->name);
    if (candidate->given_up)
      printf(" %9.3f        slow\n", 1e3 * candidate->first_seconds);
    else
      printf(" %9.3f %8.1f %6zu%s\n", 1e3 * candidate->measured.seconds, candidate->measured.peak_pct,
             candidate->measured.quiet_rounds, cardinal_measurement_is_firm(&candidate->measured) ? "" : " uncertain");
  }
  fflush(stdout);
}

/* A line for each shape, below a comment with what was measured. */
static bool write_file(outfile *file, const tune_options *o, const cardinal_context *context) {
  char header[CARDINAL_TUNING_HEADER_BYTES], line[CARDINAL_TUNING_LINE_BYTES];
  cardinal_tuning_header(header, &context->selector.features, o->count);
  fputs(header, file->stream);
  fprintf(file->stream, "# made by cardinal tune with %u thread(s); percentages are of the FMA peak\n",
          cardinal_context_threads(context));
  for (size_t i = 0; i < o->count; i++) {
    const tune_problem *problem = &o->problems[i];
    fputc('#', file->stream);
    for (size_t c = 0; c < problem->count; c++)
      if (!problem->candidates[c].given_up)
        fprintf(file->stream, " %s %.1f %%", problem->candidates[c].kernel->name,
                problem->candidates[c].measured.peak_pct);
    cardinal_tuning_line(line, &(cardinal_tuned){problem->shape, problem->candidates[problem->chosen].kernel});
    fprintf(file->stream, "\n%s", line);
  }
  return outfile_finish(file);
}

/* Measures all problems, and returns the exit status. */
static int measure_all(tune_options *o, cardinal_context *context) {
  cardinal_yardstick yardstick;
  cardinal_error error;
  cardinal_status status = CARDINAL_OK;
  size_t changed = 0;
  if (!cardinal_yardstick_init(&yardstick, cardinal_context_isa(context), context))
    return tool_fail(name, "no memory for the measurement of the peak");
  printf("  %-30s %-30s %9s %8s %6s\n", "shape", "kernel", "ms", "% peak", "quiet");
  for (size_t i = 0; !status && i < o->count; i++) {
    tool_progress("shape %zu of %zu", i + 1, o->count);
    status = tune_measure(context, &yardstick, (double)o->seconds, &o->problems[i], &error);
    tool_progress_clear();
    if (status)
      break;
    print_problem(&o->problems[i]);
    changed += o->problems[i].chosen != 0;
  }
  if (!status)
    printf("\n%zu shapes on %s, %u thread(s), FMA peak %.1f GFLOP/s; * marks the choice, the first is what would be "
           "chosen without a file.\nAnother kernel is faster by 2 %% or more for %zu of them.\n",
           o->count, cardinal_isa_name(cardinal_context_isa(context)), cardinal_context_threads(context),
           cardinal_yardstick_peak(&yardstick), changed);
  cardinal_yardstick_free(&yardstick);
  return status ? tool_fail(name, "%s", error.message) : TOOL_OK;
}

static int tune(tune_options *o, cardinal_context *context) {
  cardinal_error error;
  outfile file = {.stream = NULL};
  if (options_model_given(&o->model) && add_model(o, context, &error))
    return tool_fail(name, "%s", error.message);
  int status = TOOL_OK;
  if (o->output && !outfile_open(&file, o->output)) /* before the time is spent */
    status = tool_fail(name, "%s: %s", o->output, file.problem);
  if (!status)
    status = measure_all(o, context);
  if (!status && o->output && !write_file(&file, o, context))
    status = tool_fail(name, "%s: %s", o->output, file.problem);
  outfile_abandon(&file);
  if (!status && o->output)
    printf("%s is written; CARDINAL_TUNING=%s has programs use it.\n", o->output, o->output);
  return status;
}

static int run(int argc, char **argv) {
  tune_options options = {.batch = 1, .seconds = 1};
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
  free(options.problems);
  return status;
}

const command tune_command = {
    .name = name,
    .summary = "time the kernels on this machine, and remember the fastest",
    .run = run,
};
