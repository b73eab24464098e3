/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/schema.h"

#include <stdlib.h>
#include <string.h>

#include "net/architecture.h"
#include "net/common.h"

/* ---- metadata -------------------------------------------------------------------------------------------------- */

bool cardinal_is_quantised(const cardinal_tensor_table *table) {
  return cardinal_table_remark(table, CARDINAL_QUANTISED_KEY);
}

cardinal_status cardinal_quantised_check_remarks(const cardinal_tensor_table *table, const char *label,
                                                 const cardinal_net_spec *spec, cardinal_error *error) {
  const char *version = cardinal_table_remark(table, CARDINAL_QUANTISED_KEY);
  if (strcmp(version, CARDINAL_QUANTISED_VERSION) != 0)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: metadata \"" CARDINAL_QUANTISED_KEY "\": expected version " CARDINAL_QUANTISED_VERSION
                             ", found \"%.40s\"",
                             label, version);
  const char *model = cardinal_table_remark(table, CARDINAL_QUANTISED_MODEL);
  if (!model || strcmp(model, spec->name) != 0)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: metadata \"" CARDINAL_QUANTISED_MODEL "\": expected \"%s\", found %s%.60s%s", label,
                             spec->name, model ? "\"" : "", model ? model : "none", model ? "\"" : "");
  return CARDINAL_OK;
}

/* ---- tensors --------------------------------------------------------------------------------------------------- */

static bool add_layer(cardinal_tensor_table *table, const cardinal_layer *layer) {
  const int64_t shape[4] = {layer->out_channels, layer->in_channels / layer->groups, layer->kernel, layer->kernel};
  const int64_t colours[1] = {CARDINAL_IMAGE_CHANNELS};
  const bool connects = layer->kind == CARDINAL_LAYER_FULLY_CONNECTED;
  if (layer->kind == CARDINAL_LAYER_MAX_POOL)
    return true; /* its output has the scale of its input */
  if (layer->kind != CARDINAL_LAYER_AVERAGE_POOL &&
      !(cardinal_table_add(table, layer->name, "weight", CARDINAL_DTYPE_I8, connects ? 2 : 4, shape) &&
        cardinal_table_add(table, layer->name, "weight_scale", CARDINAL_DTYPE_F32, 1, shape) &&
        cardinal_table_add(table, layer->name, "bias", CARDINAL_DTYPE_F32, 1, shape)))
    return false;
  if (layer->x == CARDINAL_VALUE_IMAGES &&
      !(cardinal_table_add(table, layer->name, "input_scale", CARDINAL_DTYPE_F32, 1, colours) &&
        cardinal_table_add(table, layer->name, "input_zero", CARDINAL_DTYPE_I8, 1, colours)))
    return false;
  return connects || cardinal_table_add(table, layer->name, "output_scale", CARDINAL_DTYPE_F32, 0, NULL);
}

/* In the order of names, which becomes that of the data. */
static void lay_out(cardinal_tensor_table *table) {
  cardinal_table_sort(table);
  size_t end = 0;
  for (size_t i = 0; i < table->count; i++) {
    const size_t bytes = table->tensors[i].end - table->tensors[i].begin;
    table->tensors[i].begin = end;
    table->tensors[i].end = end += bytes;
  }
}

cardinal_status cardinal_table_of_quantised(const cardinal_net_spec *spec, cardinal_tensor_table *table,
                                            cardinal_error *error) {
  enum {
    MOST_OF_A_LAYER = 6
  };
  cardinal_walker walker;
  cardinal_layer layer;
  size_t layers = 0;
  cardinal_walk_start(&walker, spec, 224, 224);
  while (cardinal_walk_next(&walker, &layer))
    layers++;
  cardinal_tensor_table made = {.tensors = calloc(layers * MOST_OF_A_LAYER, sizeof *made.tensors)};
  bool fits = made.tensors != NULL;
  cardinal_walk_start(&walker, spec, 224, 224);
  while (fits && cardinal_walk_next(&walker, &layer))
    fits = add_layer(&made, &layer);
  if (!fits) {
    cardinal_table_free(&made);
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for the list of tensors of %s", spec->name);
  }
  lay_out(&made);
  *table = made;
  return CARDINAL_OK;
}
