/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/match.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/architecture.h"
#include "net/common.h"
#include "net/schema.h"
#include "net/spec.h"

/* ---- what a spec needs --------------------------------------------------------------------------------------- */

static bool add_tensor(cardinal_tensor_table *table, const char *layer, const char *part, int rank,
                       const int64_t *shape) {
  return cardinal_table_add(table, layer, part, CARDINAL_DTYPE_F32, rank, shape);
}

cardinal_status cardinal_table_of_spec(const cardinal_net_spec *spec, cardinal_tensor_table *table,
                                       cardinal_error *error) {
  static const char *const norm_parts[] = {"weight", "bias", "running_mean", "running_var"};
  cardinal_walker walker;
  cardinal_layer layer;
  /* A convolution has its weight and four tensors of the batch norm behind it. */
  cardinal_tensor_table made = {.tensors = calloc(cardinal_walk_count(spec, NULL) * 5, sizeof *made.tensors)};
  bool fits = made.tensors != NULL;
  cardinal_walk_start(&walker, spec, 224, 224);
  while (fits && cardinal_walk_next(&walker, &layer)) {
    int64_t shape[4] = {layer.out_channels, layer.in_channels / layer.groups, layer.kernel, layer.kernel};
    if (layer.kind == CARDINAL_LAYER_CONV) {
      fits = add_tensor(&made, layer.name, "weight", 4, shape);
      for (size_t i = 0; fits && i < 4; i++)
        fits = add_tensor(&made, layer.norm, norm_parts[i], 1, shape);
    } else if (layer.kind == CARDINAL_LAYER_FULLY_CONNECTED) {
      fits = add_tensor(&made, layer.name, "weight", 2, shape) && add_tensor(&made, layer.name, "bias", 1, shape);
    }
  }
  if (!fits) {
    cardinal_table_free(&made);
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for the list of tensors of %s", spec->name);
  }
  cardinal_table_sort(&made);
  *table = made;
  return CARDINAL_OK;
}

/* ---- recognising --------------------------------------------------------------------------------------------- */

/* Stages and blocks are counted by the one tensor that every bottleneck block has. */
static uint32_t count_blocks(const cardinal_tensor_table *table, int stage) {
  uint32_t blocks = 0;
  char name[48];
  for (; blocks < CARDINAL_MAX_BLOCKS; blocks++) {
    snprintf(name, sizeof name, "layer%d.%u.conv3.weight", stage + 1, blocks);
    if (!cardinal_table_find(table, name))
      break;
  }
  return blocks;
}

static cardinal_status say_missing(const cardinal_tensor_table *table, const char *label, const char *name,
                                   cardinal_error *error) {
  char hint[128] = "";
  size_t wrapped = cardinal_table_count_prefix(table, "module.");
  if (wrapped)
    snprintf(hint, sizeof hint, "; of its %zu names %zu begin with \"module.\", which is passed over only if all do",
             table->count, wrapped);
  return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                           "%s: no ResNet or ResNeXt with bottleneck blocks, as it lacks the tensor \"%s\"%s", label,
                           name, hint);
}

static const cardinal_tensor *find_rank(const cardinal_tensor_table *table, const char *label, const char *name,
                                        int rank, cardinal_error *error) {
  const cardinal_tensor *tensor = cardinal_table_find(table, name);
  char shape[CARDINAL_SHAPE_TEXT];
  if (!tensor)
    say_missing(table, label, name, error);
  else if (tensor->rank != rank)
    cardinal_net_explain(error, CARDINAL_BAD_FILE, "%s: tensor \"%s\": expected %d dimensions, found shape %s", label,
                         name, rank, cardinal_shape_text(tensor, shape));
  else
    return tensor;
  return NULL;
}

/* The output channels of a convolution, which are those of a whole stream. */
static cardinal_status read_stream(const cardinal_tensor_table *table, const char *label, const char *name,
                                   uint32_t *channels, cardinal_error *error) {
  const cardinal_tensor *tensor = find_rank(table, label, name, 4, error);
  if (!tensor)
    return CARDINAL_BAD_FILE;
  char shape[CARDINAL_SHAPE_TEXT];
  if (tensor->shape[0] < 1 || tensor->shape[0] > CARDINAL_MAX_STREAM)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%s\": expected 1 to %d output channels, found %s",
                             label, name, CARDINAL_MAX_STREAM, cardinal_shape_text(tensor, shape));
  *channels = (uint32_t)tensor->shape[0];
  return CARDINAL_OK;
}

cardinal_status cardinal_match_spec(const cardinal_tensor_table *table, const char *label, cardinal_net_spec *spec,
                                    cardinal_error *error) {
  const cardinal_tensor *grouped = find_rank(table, label, "layer1.0.conv2.weight", 4, error);
  const cardinal_tensor *classifier = grouped ? find_rank(table, label, "fc.weight", 2, error) : NULL;
  if (!classifier)
    return CARDINAL_BAD_FILE;

  int64_t channels = grouped->shape[0], width = grouped->shape[1], classes = classifier->shape[0];
  char shape[CARDINAL_SHAPE_TEXT];
  if (width < 1 || width > CARDINAL_MAX_WIDTH || channels % width || channels / width > CARDINAL_MAX_CARDINALITY)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: tensor \"%s\": expected [groups * width, width, 3, 3] with at most %d groups of at "
                             "most %d channels, found %s",
                             label, grouped->name, CARDINAL_MAX_CARDINALITY, CARDINAL_MAX_WIDTH,
                             cardinal_shape_text(grouped, shape));
  if (classes > CARDINAL_MAX_CLASSES)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: tensor \"fc.weight\": expected at most %d classes, found %s", label,
                             CARDINAL_MAX_CLASSES, cardinal_shape_text(classifier, shape));

  cardinal_net_spec made = {
      .struct_size = sizeof made,
      .cardinality = (uint32_t)(channels / width),
      .width_per_group = (uint32_t)width,
      .classes = (uint32_t)classes,
  };
  for (int stage = 0; stage < CARDINAL_STAGES; stage++) {
    made.blocks[stage] = count_blocks(table, stage);
    char name[48];
    snprintf(name, sizeof name, "layer%d.0.conv3.weight", stage + 1);
    if (!made.blocks[stage])
      return say_missing(table, label, name, error);
  }
  cardinal_status status = read_stream(table, label, "conv1.weight", &made.stem_channels, error);
  if (!status)
    status = read_stream(table, label, "layer1.0.conv3.weight", &made.stage_channels, error);
  if (status)
    return status;
  cardinal_spec_set_name(&made);
  return cardinal_spec_take(&made, spec, error);
}

/* ---- matching ------------------------------------------------------------------------------------------------ */

static cardinal_status refuse_int8(const cardinal_tensor_table *table, const char *label, cardinal_error *error) {
  for (size_t i = 0; i < table->count; i++)
    if (table->tensors[i].dtype == CARDINAL_DTYPE_I8)
      return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                               "%s: tensor \"%.200s\": found dtype I8, which takes a quantised file's scales and its "
                               "metadata \"" CARDINAL_QUANTISED_KEY "\" (docs/quantisation.md)",
                               label, table->tensors[i].name);
  return CARDINAL_OK;
}

cardinal_status cardinal_match_tensors(const cardinal_tensor_table *table, const char *label,
                                       const cardinal_net_spec *spec, cardinal_error *error) {
  char expected_shape[CARDINAL_SHAPE_TEXT], found_shape[CARDINAL_SHAPE_TEXT];
  /* A file of another architecture differs in many tensors; saying which one it is helps more than the first of them.
   */
  char hint[96] = "";
  cardinal_net_spec recognised;
  if (!cardinal_match_spec(table, label, &recognised, NULL) && strcmp(recognised.name, spec->name) != 0)
    snprintf(hint, sizeof hint, " (the tensors look like %s)", recognised.name);

  const bool quantised = cardinal_is_quantised(table);
  cardinal_tensor_table needed;
  cardinal_status status =
      quantised ? cardinal_quantised_check_remarks(table, label, spec, error) : refuse_int8(table, label, error);
  if (!status)
    status =
        quantised ? cardinal_table_of_quantised(spec, &needed, error) : cardinal_table_of_spec(spec, &needed, error);
  if (status)
    return status;
  for (size_t i = 0; !status && i < needed.count; i++) {
    const cardinal_tensor *expected = &needed.tensors[i];
    const cardinal_tensor *found = cardinal_table_find(table, expected->name);
    cardinal_shape_text(expected, expected_shape);
    if (!found)
      status =
          cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%s\" is missing: %s expects it with shape %s%s",
                            label, expected->name, spec->name, expected_shape, hint);
    else if (!cardinal_same_shape(expected, found))
      status =
          cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%s\": %s expects shape %s, found %s%s", label,
                            expected->name, spec->name, expected_shape, cardinal_shape_text(found, found_shape), hint);
    else if (quantised && found->dtype != expected->dtype)
      status =
          cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%s\": expected dtype %s, found %s", label,
                            expected->name, cardinal_dtype_name(expected->dtype), cardinal_dtype_name(found->dtype));
  }
  for (size_t i = 0; !status && i < table->count; i++) {
    const cardinal_tensor *found = &table->tensors[i];
    if (!cardinal_table_find(&needed, found->name))
      status = cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%.200s\" with shape %s has no place in %s%s",
                                 label, found->name, cardinal_shape_text(found, found_shape), spec->name, hint);
  }
  cardinal_table_free(&needed);
  return status;
}
