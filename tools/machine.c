/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/machine.h"

#include "tools/command.h"

/* ---- the machine --------------------------------------------------------------------------------------------- */

static json_t *feature_names(uint64_t bits) {
  json_t *names = json_array();
  for (uint32_t bit = 1; bit; bit <<= 1)
    if (bits & bit && cardinal_cpu_feature_name(bit))
      json_array_append_new(names, json_string(cardinal_cpu_feature_name(bit)));
  return names;
}

static json_t *available_isas(const cardinal_machine *machine) {
  json_t *names = json_array();
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; isa++)
    if (machine->isas & 1u << isa)
      json_array_append_new(names, json_string(cardinal_isa_name((cardinal_isa)isa)));
  return names;
}

static json_t *cache(uint64_t bytes, uint32_t cores) {
  return bytes ? json_pack("{s:I, s:i}", "bytes", (json_int_t)bytes, "cores", (int)cores) : json_null();
}

typedef struct {
  json_t *described;
  uint64_t enabled; /* features of this CPU */
  uint64_t used;    /* that the kernels allowed need */
} kernel_list;

static void add_kernel(void *user, const cardinal_kernel_info *kernel) {
  kernel_list *list = user;
  if (!kernel->unusable)
    list->used |= kernel->needs;
  json_array_append_new(list->described,
                        json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:s?, s:s}", "name", kernel->name, "isa",
                                  cardinal_isa_name(kernel->isa), "form", kernel->form, "format", kernel->format,
                                  "needs", feature_names(kernel->needs), "available",
                                  (kernel->needs & ~list->enabled) == 0, "allowed", kernel->unusable == NULL,
                                  "unusable", kernel->unusable, "twin", kernel->twin));
}

json_t *machine_json(const cardinal_context *context) {
  cardinal_machine m = {.struct_size = sizeof m};
  cardinal_machine_get(&m, NULL);
  kernel_list kernels = {.described = json_array(), .enabled = m.features_enabled};
  cardinal_context_kernels(context, add_kernel, &kernels);
  return json_pack(
      "{s:s, s:{s:s, s:s, s:i, s:i, s:i}, s:{s:o, s:o, s:o, s:b}, s:{s:s, s:o}, s:i, s:s,"
      " s:{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:f}, s:{s:o, s:o, s:o}, s:o, s:o}",
      "version", cardinal_version(), "cpu", "vendor", m.vendor, "brand", m.brand, "family", (int)m.family, "model",
      (int)m.model, "stepping", (int)m.stepping, "features", "present", feature_names(m.features_present), "enabled",
      feature_names(m.features_enabled), "used", feature_names(kernels.used), "prefers_512", (int)m.prefers_512, "isa",
      "used", cardinal_isa_name(cardinal_context_isa(context)), "available", available_isas(&m), "threads",
      (int)cardinal_context_threads(context), "threading", cardinal_threading_name(cardinal_context_threading(context)),
      "topology", "source", m.topology_source, "packages", (int)m.packages, "cores", (int)m.cores, "cpus", (int)m.cpus,
      "numa_nodes", (int)m.numa_nodes, "allowed_cores", (int)m.allowed_cores, "allowed_cpus", (int)m.allowed_cpus,
      "cpu_quota", m.cpu_quota, "caches", "l1d", cache(m.l1d_bytes, m.l1d_cores), "l2", cache(m.l2_bytes, m.l2_cores),
      "l3", cache(m.l3_bytes, m.l3_cores), "tuning", tool_json_text(cardinal_context_tuning(context)), "kernels",
      kernels.described);
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
  json_t *described =
      json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "name", layer->name, "kernel", cardinal_plan_kernel(layer->plan),
                "basis", cardinal_plan_basis(layer->plan), "multiply_adds", (json_int_t)layer->multiply_adds,
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
  return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name", spec->name, "precision",
                   cardinal_precision_name(cardinal_net_precision(net)), "parameters", (json_int_t)parameters,
                   "multiply_adds_per_image", (json_int_t)multiply_adds, "image_height", (json_int_t)desc->image_height,
                   "image_width", (json_int_t)desc->image_width, "batch", (json_int_t)desc->batch, "arena_bytes",
                   (json_int_t)cardinal_net_arena_bytes(net), "weight_bytes",
                   (json_int_t)cardinal_net_weight_bytes(net), "layers", layers);
}
