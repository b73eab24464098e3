/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal info`: what this machine offers, what of it is used, and which kernel serves which layer for what reason.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/context.h"
#include "tools/command.h"

static const char name[] = "info";

static const char help_text[] =
    "usage: cardinal info [OPTION...]\n"
    "\n"
    "Prints what this machine offers (CPU, features, cores, caches), what of it is used, and the table of kernels.\n"
    "With a model, prints for each of its layers which kernel serves it, and why the others were passed over.\n"
    "\n"
    "  --model NAME        resnet50, resnet101, resnext50_32x4d, resnext101_32x4d, resnext101_32x8d or\n"
    "                      resnext101_64x4d\n"
    "  --arch DEPTH --cardinality GROUPS --width WIDTH\n"
    "                      another member of the family, such as --arch 50 --cardinality 8 --width 14\n"
    "  --image HEIGHTxWIDTH, --batch N\n"
    "                      what the model is to run on (default 224x224, 1)\n"
    "  --threads N         threads (default: one per core that this process may use)\n"
    "  --isa NAME          the highest instruction set to use: generic, neon, avx2 or avx512\n"
    "  --json              print one JSON document\n"
    "  --help              print this text\n";

typedef struct {
  model_options model;
  context_options context;
  uint64_t height, width, batch;
  bool json;
} info_options;

/* ---- options ------------------------------------------------------------------------------------------------- */

enum {
  OPTION_MODEL = 256,
  OPTION_ARCH,
  OPTION_CARDINALITY,
  OPTION_WIDTH,
  OPTION_IMAGE,
  OPTION_BATCH,
  OPTION_THREADS,
  OPTION_ISA,
  OPTION_JSON,
  OPTION_HELP
};

static const struct option long_options[] = {
    {"model", required_argument, NULL, OPTION_MODEL},
    {"arch", required_argument, NULL, OPTION_ARCH},
    {"cardinality", required_argument, NULL, OPTION_CARDINALITY},
    {"width", required_argument, NULL, OPTION_WIDTH},
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"batch", required_argument, NULL, OPTION_BATCH},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"isa", required_argument, NULL, OPTION_ISA},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static bool read_image_size(info_options *to) {
  char *middle = strchr(optarg, 'x');
  if (!middle) {
    tool_usage(name, "--image: expected HEIGHTxWIDTH, such as 224x224, found \"%s\"", optarg);
    return false;
  }
  *middle = '\0';
  return tool_number(name, "--image", optarg, 32, 65536, &to->height) &&
         tool_number(name, "--image", middle + 1, 32, 65536, &to->width);
}

static bool read_option(info_options *to, int option) {
  switch (option) {
  case OPTION_MODEL:
    to->model.model = optarg;
    return true;
  case OPTION_ARCH:
    return tool_number(name, "--arch", optarg, 50, 101, &to->model.depth);
  case OPTION_CARDINALITY:
    return tool_number(name, "--cardinality", optarg, 1, 1024, &to->model.cardinality);
  case OPTION_WIDTH:
    return tool_number(name, "--width", optarg, 1, 1024, &to->model.width);
  case OPTION_IMAGE:
    return read_image_size(to);
  case OPTION_BATCH:
    return tool_number(name, "--batch", optarg, 1, 1024, &to->batch);
  case OPTION_THREADS:
    return tool_number(name, "--threads", optarg, 1, 4096, &to->context.threads);
  case OPTION_ISA:
    to->context.isa = optarg;
    return true;
  case OPTION_JSON:
    to->json = true;
    return true;
  default:
    return false; /* getopt_long has said why */
  }
}

/* ---- the machine --------------------------------------------------------------------------------------------- */

static json_t *feature_names(uint32_t bits) {
  json_t *names = json_array();
  for (uint32_t bit = 1; bit; bit <<= 1)
    if (bits & bit && cardinal_cpu_feature_name(bit))
      json_array_append_new(names, json_string(cardinal_cpu_feature_name(bit)));
  return names;
}

static json_t *available_isas(const cardinal_cpu_features *features) {
  json_t *names = json_array();
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; isa++)
    if (cardinal_isa_usable((cardinal_isa)isa, features))
      json_array_append_new(names, json_string(cardinal_isa_name((cardinal_isa)isa)));
  return names;
}

static json_t *cache(size_t bytes, uint32_t cores) {
  return bytes ? json_pack("{s:I, s:i}", "bytes", (json_int_t)bytes, "cores", (int)cores) : json_null();
}

static json_t *describe_machine(const cardinal_context *context) {
  const cardinal_cpu_features *cpu = &context->selector.features;
  const cardinal_topology *top = &context->topology;
  cardinal_isa used = context->selector.cap;
  return json_pack(
      "{s:s, s:{s:s, s:s, s:i, s:i, s:i}, s:{s:o, s:o, s:o, s:b}, s:{s:s, s:o}, s:i, s:s,"
      " s:{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:f}, s:{s:o, s:o, s:o}}",
      "version", cardinal_version(), "cpu", "vendor", cpu->vendor, "brand", cpu->brand, "family", (int)cpu->family,
      "model", (int)cpu->model, "stepping", (int)cpu->stepping, "features", "present", feature_names(cpu->present),
      "enabled", feature_names(cpu->enabled), "used", feature_names(cardinal_isa_needs(used)), "prefers_512",
      (int)cpu->prefers_512, "isa", "used", cardinal_isa_name(used), "available", available_isas(cpu), "threads",
      (int)context->threads, "threading", cardinal_threading_name(context->threading), "topology", "source",
      top->source, "packages", (int)top->packages, "cores", (int)top->cores, "cpus", (int)top->cpus, "numa_nodes",
      (int)top->numa_nodes, "allowed_cores", (int)top->allowed_cores, "allowed_cpus", (int)top->allowed_cpus,
      "cpu_quota", top->cpu_quota, "caches", "l1d", cache(top->l1d_bytes, top->l1d_cores), "l2",
      cache(top->l2_bytes, top->l2_cores), "l3", cache(top->l3_bytes, top->l3_cores));
}

static json_t *describe_kernels(const cardinal_context *context) {
  json_t *kernels = json_array();
  for (size_t i = 0; i < cardinal_kernel_count; i++) {
    const cardinal_kernel *kernel = &cardinal_kernels[i];
    bool available = !(kernel->needs & ~context->selector.features.enabled);
    bool used = !cardinal_kernel_unusable(kernel, &context->selector);
    json_array_append_new(kernels, json_pack("{s:s, s:s, s:b, s:b, s:s}", "name", kernel->name, "isa",
                                             cardinal_isa_name(kernel->isa), "available", (int)available, "allowed",
                                             (int)used, "twin", kernel->twin));
  }
  return kernels;
}

/* ---- a model ------------------------------------------------------------------------------------------------- */

static void add_candidate(void *user, const char *kernel, const char *reason) {
  json_t *passed_over = user;
  if (reason)
    json_array_append_new(passed_over, json_pack("{s:s, s:s}", "kernel", kernel, "reason", reason));
}

static json_t *describe_layer(const cardinal_net_layer *layer) {
  json_t *passed_over = json_array();
  cardinal_plan_candidates(layer->plan, add_candidate, passed_over);
  json_t *described = json_pack("{s:s, s:s, s:I, s:I, s:I}", "name", layer->name, "kernel",
                                cardinal_plan_kernel(layer->plan), "multiply_adds", (json_int_t)layer->multiply_adds,
                                "weight_bytes", (json_int_t)cardinal_plan_weight_bytes(layer->plan), "scratch_bytes",
                                (json_int_t)cardinal_plan_scratch_bytes(layer->plan));
  const cardinal_conv_desc *conv = layer->conv;
  const cardinal_pool_desc *pool = layer->pool;
  json_t *shape = layer->is_conv
                      ? json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "in_channels", (json_int_t)conv->in_channels,
                                  "in_height", (json_int_t)conv->in_height, "in_width", (json_int_t)conv->in_width,
                                  "out_channels", (json_int_t)conv->out_channels, "groups", (json_int_t)conv->groups,
                                  "kernel", (json_int_t)conv->kernel_height, "stride", (json_int_t)conv->stride_height)
                      : json_pack("{s:I, s:I, s:I}", "in_channels", (json_int_t)pool->channels, "in_height",
                                  (json_int_t)pool->in_height, "in_width", (json_int_t)pool->in_width);
  json_object_set_new(described, "shape", shape);
  json_object_set_new(described, "passed_over", passed_over);
  return described;
}

static json_t *describe_net(const info_options *o, const cardinal_net_spec *spec, const cardinal_net *net) {
  uint64_t parameters = 0, multiply_adds = 0;
  cardinal_net_count(spec, (int64_t)o->height, (int64_t)o->width, &parameters, &multiply_adds, NULL);
  json_t *layers = json_array();
  for (size_t i = 0; i < cardinal_net_layer_count(net); i++) {
    cardinal_net_layer layer = {.struct_size = sizeof layer};
    cardinal_net_layer_get(net, i, &layer);
    json_array_append_new(layers, describe_layer(&layer));
  }
  return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name", spec->name, "parameters",
                   (json_int_t)parameters, "multiply_adds_per_image", (json_int_t)multiply_adds, "image_height",
                   (json_int_t)o->height, "image_width", (json_int_t)o->width, "batch", (json_int_t)o->batch,
                   "arena_bytes", (json_int_t)cardinal_net_arena_bytes(net), "weight_bytes",
                   (json_int_t)cardinal_net_weight_bytes(net), "layers", layers);
}

/* Kernels are chosen when plans are made, so the network is made, with weights that don't matter. */
static cardinal_status describe_model(const info_options *o, const cardinal_context *context, json_t **described,
                                      cardinal_error *error) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_weights *weights = NULL;
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)o->batch;
  desc.image_height = (int64_t)o->height;
  desc.image_width = (int64_t)o->width;
  cardinal_status status = tool_make_spec(&o->model, &spec, error);
  if (!status)
    status = cardinal_weights_synthetic(&spec, 0, &weights, error);
  if (!status)
    status = cardinal_net_create(context, &spec, weights, &desc, &net, error);
  if (!status)
    *described = describe_net(o, &spec, net);
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  return status;
}

/* ---- text ---------------------------------------------------------------------------------------------------- */

static const char *text_at(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static json_int_t number_at(const json_t *object, const char *key) {
  return json_integer_value(json_object_get(object, key));
}

static void print_names(const char *title, const json_t *names) {
  printf("%s", title);
  for (size_t i = 0; i < json_array_size(names); i++)
    printf(" %s", json_string_value(json_array_get(names, i)));
  printf("%s\n", json_array_size(names) ? "" : " none");
}

static bool lists(const json_t *names, const char *wanted) {
  for (size_t i = 0; i < json_array_size(names); i++)
    if (strcmp(json_string_value(json_array_get(names, i)), wanted) == 0)
      return true;
  return false;
}

static void print_cache(const char *title, const json_t *level) {
  if (json_is_null(level))
    return;
  json_int_t cores = number_at(level, "cores");
  printf(" %s %lld KiB%s", title, (long long)number_at(level, "bytes") / 1024, cores > 1 ? " shared by " : ";");
  if (cores > 1)
    printf("%lld cores;", (long long)cores);
}

static void print_machine(const json_t *machine) {
  const json_t *cpu = json_object_get(machine, "cpu"), *features = json_object_get(machine, "features");
  const json_t *isa = json_object_get(machine, "isa"), *topology = json_object_get(machine, "topology");
  const json_t *caches = json_object_get(machine, "caches");
  printf("cardinal %s\n\n", text_at(machine, "version"));
  printf("CPU        %s (%s, family %lld, model %lld, stepping %lld)\n", text_at(cpu, "brand"), text_at(cpu, "vendor"),
         (long long)number_at(cpu, "family"), (long long)number_at(cpu, "model"),
         (long long)number_at(cpu, "stepping"));
  print_names("features   present:", json_object_get(features, "present"));
  print_names("           enabled by the OS:", json_object_get(features, "enabled"));
  print_names("           used:", json_object_get(features, "used"));
  printf("ISA        %s;", text_at(isa, "used"));
  print_names(" available:", json_object_get(isa, "available"));
  if (lists(json_object_get(isa, "available"), "avx512"))
    printf("           512-bit vectors are possible and %s on this CPU\n",
           json_is_true(json_object_get(features, "prefers_512")) ? "preferred"
                                                                  : "not preferred (CARDINAL_ISA=avx512 uses them)");
  printf("cores      %lld (%lld logical) in %lld package(s), %lld NUMA node(s), as told by %s\n",
         (long long)number_at(topology, "cores"), (long long)number_at(topology, "cpus"),
         (long long)number_at(topology, "packages"), (long long)number_at(topology, "numa_nodes"),
         text_at(topology, "source"));
  printf("allowed    %lld cores (%lld logical)", (long long)number_at(topology, "allowed_cores"),
         (long long)number_at(topology, "allowed_cpus"));
  double quota = json_real_value(json_object_get(topology, "cpu_quota"));
  if (quota > 0)
    printf(", with the time of %.2f CPUs\n", quota);
  else
    printf(", no limit of time\n");
  printf("caches    ");
  print_cache("L1d", json_object_get(caches, "l1d"));
  print_cache("L2", json_object_get(caches, "l2"));
  print_cache("L3", json_object_get(caches, "l3"));
  printf("\nthreads    %lld (%s)\n", (long long)number_at(machine, "threads"), text_at(machine, "threading"));
}

static void print_kernels(const json_t *kernels) {
  printf("\n%-36s %-8s %-11s %s\n", "kernel", "ISA", "", "twin");
  for (size_t i = 0; i < json_array_size(kernels); i++) {
    const json_t *kernel = json_array_get(kernels, i);
    bool available = json_is_true(json_object_get(kernel, "available"));
    bool allowed = json_is_true(json_object_get(kernel, "allowed"));
    printf("%-36s %-8s %-11s %s\n", text_at(kernel, "name"), text_at(kernel, "isa"),
           allowed     ? "used"
           : available ? "capped"
                       : "unavailable",
           text_at(kernel, "twin"));
  }
}

/* One line for each reason, with the kernels it is about. */
static void print_passed_over(const json_t *passed_over) {
  size_t count = json_array_size(passed_over);
  for (size_t i = 0; i < count; i++) {
    const char *reason = text_at(json_array_get(passed_over, i), "reason");
    bool told = false;
    for (size_t j = 0; j < i && !told; j++)
      told = !strcmp(reason, text_at(json_array_get(passed_over, j), "reason"));
    if (told)
      continue;
    printf("    %s:", reason);
    for (size_t j = i; j < count; j++)
      if (!strcmp(reason, text_at(json_array_get(passed_over, j), "reason")))
        printf(" %s", text_at(json_array_get(passed_over, j), "kernel"));
    putchar('\n');
  }
}

static void print_layer(const json_t *layer) {
  const json_t *shape = json_object_get(layer, "shape");
  printf("\n  %s: %lldx%lld, %lld", text_at(layer, "name"), (long long)number_at(shape, "in_height"),
         (long long)number_at(shape, "in_width"), (long long)number_at(shape, "in_channels"));
  if (json_object_get(shape, "out_channels")) {
    json_int_t kernel = number_at(shape, "kernel"), groups = number_at(shape, "groups");
    printf(" -> %lld channels, %lldx%lld", (long long)number_at(shape, "out_channels"), (long long)kernel,
           (long long)kernel);
    if (groups > 1)
      printf(" in %lld groups", (long long)groups);
    if (number_at(shape, "stride") > 1)
      printf(", stride %lld", (long long)number_at(shape, "stride"));
  } else {
    printf(" channels");
  }
  printf("\n    %s\n", text_at(layer, "kernel"));
  print_passed_over(json_object_get(layer, "passed_over"));
}

static void print_model(const json_t *model) {
  const json_t *layers = json_object_get(model, "layers");
  printf("\n%s on %lld image(s) of %lldx%lld: %.1f million parameters, %.2f billion multiply-adds an image;\n"
         "%.1f MB of packed weights, %.1f MB for activations and scratch\n",
         text_at(model, "name"), (long long)number_at(model, "batch"), (long long)number_at(model, "image_height"),
         (long long)number_at(model, "image_width"), 1e-6 * (double)number_at(model, "parameters"),
         1e-9 * (double)number_at(model, "multiply_adds_per_image"), 1e-6 * (double)number_at(model, "weight_bytes"),
         1e-6 * (double)number_at(model, "arena_bytes"));
  printf("\nFor each layer: the kernel that serves it, and the others by the reason why they don't.\n");
  for (size_t i = 0; i < json_array_size(layers); i++)
    print_layer(json_array_get(layers, i));
}

/* ---- the command --------------------------------------------------------------------------------------------- */

static int show(const info_options *o, const cardinal_context *context) {
  json_t *machine = describe_machine(context), *model = NULL;
  cardinal_error error;
  int status = TOOL_OK;
  json_object_set_new(machine, "kernels", describe_kernels(context));
  if (tool_model_given(&o->model)) {
    if (describe_model(o, context, &model, &error))
      status = tool_fail(name, "%s", error.message);
    else
      json_object_set_new(machine, "model", model);
  }
  if (!status && o->json)
    return tool_print_json(name, machine) ? TOOL_OK : TOOL_FAILED;
  if (!status) {
    print_machine(machine);
    if (model)
      print_model(model);
    else
      print_kernels(json_object_get(machine, "kernels"));
  }
  json_decref(machine);
  return status;
}

static int run(int argc, char **argv) {
  info_options options = {.height = 224, .width = 224, .batch = 1};
  char title[] = "cardinal info";
  argv[0] = title; /* getopt_long's messages begin with it */
  for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
    if (option == OPTION_HELP) {
      fputs(help_text, stdout);
      return TOOL_OK;
    }
    if (!read_option(&options, option))
      return TOOL_USAGE;
  }
  if (optind < argc)
    return tool_usage(name, "\"%s\" is one argument too many", argv[optind]);
  if (!tool_model_complete(name, &options.model))
    return TOOL_USAGE;

  cardinal_context *context;
  cardinal_error error;
  if (tool_make_context(&options.context, &context, &error))
    return tool_fail(name, "%s", error.message);
  int status = show(&options, context);
  cardinal_context_destroy(context);
  return status;
}

const command info_command = {
    .name = name,
    .summary = "print what this machine offers, and which kernel serves which layer",
    .help = help_text,
    .run = run,
};
