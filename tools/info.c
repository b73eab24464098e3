/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal info`: what this machine offers, what of it is used, and which kernel serves which layer for what reason.
 */
#include "tools/command.h"
#include "tools/machine.h"
#include "tools/network_options.h"

static const char name[] = "info";

typedef struct {
  weights_options network;
  image_options image;
  context_options context;
  cardinal_precision precision;
  uint64_t batch;
  bool json;
} info_options;

/* ---- options ------------------------------------------------------------------------------------------------- */

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "Network:", GROUP_MODEL},
    {NULL, 0, NULL, 0, "Output:", GROUP_RESULTS},
    {NULL, 0, NULL, 0, "Running:", GROUP_RUNNING},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  info_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->network;
    state->child_inputs[1] = &to->image;
    state->child_inputs[2] = &to->batch;
    state->child_inputs[3] = &to->precision;
    state->child_inputs[4] = &to->context;
    state->child_inputs[5] = &to->json;
    return 0;
  case ARGP_KEY_END:
    weights_options_exclude(state, &to->network);
    return 0;
  default:
    return options_others(key, argument, state);
  }
}

static const struct argp_child children[] = {{&weights_argp, 0, NULL, 0},
                                             {&image_argp, 0, NULL, 0},
                                             {&batch_argp, 0, NULL, 0},
                                             {&precision_argp, 0, NULL, 0},
                                             {&context_argp, 0, NULL, 0},
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

/* Kernels are chosen when plans are made, so the network is made, with weights that don't matter unless they are
 * named. */
static cardinal_status describe_model(const info_options *o, const cardinal_context *context, json_t **described,
                                      cardinal_error *error) {
  cardinal_net_spec spec;
  cardinal_weights *weights = NULL;
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)o->batch;
  desc.image_height = (int64_t)o->image.height;
  desc.image_width = (int64_t)o->image.width;
  desc.precision = o->precision;
  cardinal_status status = weights_options_open(&o->network, &spec, &weights, error);
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
  if (weights_options_given(&o->network) && describe_model(o, context, &model, &error)) {
    json_decref(machine);
    return tool_fail(name, "%s", error.message);
  }
  bool complete = machine && (model || !weights_options_given(&o->network)) &&
                  (!model || !json_object_set_new(machine, "model", model));
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
  info_options options = {.batch = 1};
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
