/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal info`: what this machine offers, what of it is used, and which kernel serves which layer for what reason.
 */
#include <string.h>

#include "tools/command.h"
#include "tools/machine.h"
#include "tools/options.h"

static const char name[] = "info";

typedef struct {
  model_options model;
  context_options context;
  cardinal_precision precision;
  const char *weights;
  uint64_t height, width, batch;
  bool json;
} info_options;

/* ---- options ------------------------------------------------------------------------------------------------- */

enum {
  OPTION_WEIGHTS = OPTION_FIRST_OWN,
  OPTION_IMAGE,
  OPTION_BATCH
};

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "Network:", GROUP_MODEL},
    {"weights", OPTION_WEIGHTS, "FILE", 0, "the network that these weights are of, quantised or not", GROUP_MODEL},
    {"image", OPTION_IMAGE, "HEIGHTxWIDTH", 0, "rows and columns of what it is to run on (default 224x224)",
     GROUP_MODEL},
    {"batch", OPTION_BATCH, "N", 0, "images that go through it at once, 1 to 1024 (default 1)", GROUP_MODEL},
    {NULL, 0, NULL, 0, "Output:", GROUP_RESULTS},
    {NULL, 0, NULL, 0, "Running:", GROUP_RUNNING},
    {0},
};

static void read_image_size(info_options *to, char *text, const struct argp_state *state) {
  char *middle = strchr(text, 'x');
  if (!middle)
    options_refuse(state, "--image: expected HEIGHTxWIDTH, such as 224x224, found \"%s\"", text);
  *middle = '\0';
  to->height = options_number(state, "--image", text, 32, 65536);
  to->width = options_number(state, "--image", middle + 1, 32, 65536);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  info_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->model;
    state->child_inputs[1] = &to->context;
    state->child_inputs[2] = &to->precision;
    state->child_inputs[3] = &to->json;
    return 0;
  case OPTION_WEIGHTS:
    to->weights = argument;
    return 0;
  case OPTION_IMAGE:
    read_image_size(to, argument, state);
    return 0;
  case ARGP_KEY_END:
    if (to->weights && options_model_given(&to->model))
      argp_error(state, "--weights says what network it is; --model and --arch have no meaning with it");
    return 0;
  case OPTION_BATCH:
    to->batch = options_number(state, "--batch", argument, 1, 1024);
    return 0;
  default:
    return options_others(key, argument, state);
  }
}

static const struct argp_child children[] = {{&model_argp, 0, NULL, 0},
                                             {&context_argp, 0, NULL, 0},
                                             {&precision_argp, 0, NULL, 0},
                                             {&json_argp, 0, NULL, 0},
                                             {0}};

static const struct argp info_argp = {
    .options = list,
    .parser = parse,
    .doc =
        "Prints what this machine offers (CPU, features, cores, caches), what of it is used, and the table of kernels. "
        "With a model, prints for each of its layers which kernel serves it, and why the others were passed over.",
    .children = children,
};

/* ---- the command --------------------------------------------------------------------------------------------- */

static bool wants_model(const info_options *o) {
  return o->weights || options_model_given(&o->model);
}

/* Kernels are chosen when plans are made, so the network is made, with weights that don't matter unless they are
 * named. */
static cardinal_status describe_model(const info_options *o, const cardinal_context *context, json_t **described,
                                      cardinal_error *error) {
  cardinal_net_spec spec;
  cardinal_weights *weights = NULL;
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_net_spec_init(&spec);
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)o->batch;
  desc.image_height = (int64_t)o->height;
  desc.image_width = (int64_t)o->width;
  desc.precision = o->precision;
  cardinal_status status =
      o->weights ? cardinal_weights_open(o->weights, &weights, error) : options_spec(&o->model, &spec, error);
  if (!status)
    status = o->weights ? cardinal_weights_spec(weights, &spec, error)
                        : cardinal_weights_synthetic(&spec, 0, &weights, error);
  if (!status)
    status = cardinal_net_create(context, &spec, weights, &desc, &net, error);
  if (!status)
    *described = model_json(&spec, &desc, net);
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  return status;
}

static int show(const info_options *o, const cardinal_context *context) {
  json_t *machine = machine_json(context), *model = NULL;
  cardinal_error error;
  if (wants_model(o) && describe_model(o, context, &model, &error)) {
    json_decref(machine);
    return tool_fail(name, "%s", error.message);
  }
  bool complete = machine && (model || !wants_model(o)) && (!model || !json_object_set_new(machine, "model", model));
  if (o->json || !complete) {
    if (!complete)
      json_decref(machine);
    return tool_print_json(name, complete ? machine : NULL) ? TOOL_OK : TOOL_FAILED;
  }
  machine_print(machine);
  if (model)
    model_print(model);
  else
    kernels_print(json_object_get(machine, "kernels"));
  json_decref(machine);
  return TOOL_OK;
}

static int run(int argc, char **argv) {
  info_options options = {.height = 224, .width = 224, .batch = 1};
  options_parse(&info_argp, "cardinal info", argc, argv, &options);
  cardinal_context *context;
  cardinal_error error;
  if (options_context(&options.context, &context, &error))
    return tool_fail(name, "%s", error.message);
  int status = show(&options, context);
  cardinal_context_destroy(context);
  return status;
}

const command info_command = {
    .name = name,
    .summary = "print what this machine offers, and which kernel serves which layer",
    .run = run,
};
