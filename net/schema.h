/* SPDX-License-Identifier: BSD-3-Clause */
/* What a file of a network in int8 consists of: docs/quantisation.md. */
#ifndef CARDINAL_NET_SCHEMA_H
#define CARDINAL_NET_SCHEMA_H

#include <stdbool.h>

#include <cardinal/net.h>

#include "net/tensors.h"

/* The metadata by which a quantised file is known, and the version of the schema that this library knows. */
#define CARDINAL_QUANTISED_KEY "cardinal.quantised"
#define CARDINAL_QUANTISED_VERSION "1"
/* Metadata: the architecture's name. */
#define CARDINAL_QUANTISED_MODEL "cardinal.model"

enum {
  CARDINAL_IMAGE_CHANNELS = 3
};

/* What images become: round(value / scale) + zero, a channel at a time. */
typedef struct cardinal_quantised_input {
  float scale[CARDINAL_IMAGE_CHANNELS];
  int8_t zero[CARDINAL_IMAGE_CHANNELS]; /* 0 to 127 */
} cardinal_quantised_input;

bool cardinal_is_quantised(const cardinal_tensor_table *table);

/* Checks the schema's version, and that the file is meant for this spec. */
cardinal_status cardinal_quantised_check_remarks(const cardinal_tensor_table *table, const char *label,
                                                 const cardinal_net_spec *spec, cardinal_error *error);

/* The tensors that the schema has for a spec, sorted by name, with their places in one piece of memory, which ends
 * where the last one of them does. Memory can run out. */
cardinal_status cardinal_table_of_quantised(const cardinal_net_spec *spec, cardinal_tensor_table *table,
                                            cardinal_error *error);

#endif /* CARDINAL_NET_SCHEMA_H */
