/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/machine.h"

#include "ops/context.h"

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

json_t *machine_json(const cardinal_context *context) {
  const cardinal_cpu_features *cpu = &context->selector.features;
  const cardinal_topology *top = &context->topology;
  cardinal_isa used = context->selector.cap;
  return json_pack("{s:s, s:{s:s, s:s, s:i, s:i, s:i}, s:{s:o, s:o, s:o, s:b}, s:{s:s, s:o}, s:i, s:s,"
                   " s:{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:f}, s:{s:o, s:o, s:o}, s:o}",
                   "version", cardinal_version(), "cpu", "vendor", cpu->vendor, "brand", cpu->brand, "family",
                   (int)cpu->family, "model", (int)cpu->model, "stepping", (int)cpu->stepping, "features", "present",
                   feature_names(cpu->present), "enabled", feature_names(cpu->enabled), "used",
                   feature_names(cardinal_isa_needs(used)), "prefers_512", (int)cpu->prefers_512, "isa", "used",
                   cardinal_isa_name(used), "available", available_isas(cpu), "threads", (int)context->threads,
                   "threading", cardinal_threading_name(context->threading), "topology", "source", top->source,
                   "packages", (int)top->packages, "cores", (int)top->cores, "cpus", (int)top->cpus, "numa_nodes",
                   (int)top->numa_nodes, "allowed_cores", (int)top->allowed_cores, "allowed_cpus",
                   (int)top->allowed_cpus, "cpu_quota", top->cpu_quota, "caches", "l1d",
                   cache(top->l1d_bytes, top->l1d_cores), "l2", cache(top->l2_bytes, top->l2_cores), "l3",
                   cache(top->l3_bytes, top->l3_cores), "kernels", describe_kernels(context));
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

json_t *model_json(const cardinal_net_spec *spec, const cardinal_net_desc *desc, const cardinal_net *net) {
  uint64_t parameters = 0, multiply_adds = 0;
  cardinal_net_count(spec, desc->image_height, desc->image_width, &parameters, &multiply_adds, NULL);
  json_t *layers = json_array();
  for (size_t i = 0; i < cardinal_net_layer_count(net); i++) {
    cardinal_net_layer layer = {.struct_size = sizeof layer};
    cardinal_net_layer_get(net, i, &layer);
    json_array_append_new(layers, describe_layer(&layer));
  }
  return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name", spec->name, "parameters",
                   (json_int_t)parameters, "multiply_adds_per_image", (json_int_t)multiply_adds, "image_height",
                   (json_int_t)desc->image_height, "image_width", (json_int_t)desc->image_width, "batch",
                   (json_int_t)desc->batch, "arena_bytes", (json_int_t)cardinal_net_arena_bytes(net), "weight_bytes",
                   (json_int_t)cardinal_net_weight_bytes(net), "layers", layers);
}
