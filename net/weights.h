/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A set of named tensors, whatever their source: a table sorted by name, and a source that hands out values as float,
 * any range of a tensor at a time, so that nobody has to hold a whole converted tensor.
 */
#ifndef CARDINAL_NET_WEIGHTS_H
#define CARDINAL_NET_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/architecture.h"

typedef enum cardinal_dtype {
  CARDINAL_DTYPE_F32,
  CARDINAL_DTYPE_F16,
  CARDINAL_DTYPE_BF16,
  CARDINAL_DTYPE_I64
} cardinal_dtype;

enum {
  CARDINAL_MAX_RANK = 8
};

typedef struct cardinal_tensor {
  char *name;
  cardinal_dtype dtype;
  int rank;
  int64_t shape[CARDINAL_MAX_RANK];
  size_t count;      /* elements */
  size_t begin, end; /* bytes from the start of the file; 0 in the synthetic source */
} cardinal_tensor;

typedef struct cardinal_tensor_table {
  cardinal_tensor *tensors; /* sorted by name */
  size_t count;
} cardinal_tensor_table;

struct cardinal_weights {
  cardinal_tensor_table table;
  char *label;                  /* how messages call the source: the file's path, or "synthetic weights" */
  const unsigned char *mapping; /* the file; NULL: synthetic */
  size_t mapping_bytes;
  uint64_t seed;
};

/* ---- tables (weights.c) -------------------------------------------------------------------------------------- */

void cardinal_table_free(cardinal_tensor_table *table);
void cardinal_table_sort(cardinal_tensor_table *table);
const cardinal_tensor *cardinal_table_find(const cardinal_tensor_table *table, const char *name);

/* The tensors of a spec, as F32. Its shapes fit; memory can run out, and element counts overflow. */
cardinal_status cardinal_table_of_spec(const cardinal_net_spec *spec, cardinal_tensor_table *table,
                                       cardinal_error *error);

/* Writes "[64, 3, 7, 7]"; returns `text`. */
char *cardinal_shape_text(const cardinal_tensor *tensor, char *text, size_t size);

/* Compares a source with what the spec needs: nothing missing, misshapen or left over. */
cardinal_status cardinal_weights_match(const cardinal_weights *weights, const cardinal_net_spec *spec,
                                       cardinal_error *error);

/* ---- values -------------------------------------------------------------------------------------------------- */

/* Elements [first, first + count) of a tensor as float, exactly. */
void cardinal_weights_fetch(const cardinal_weights *weights, const cardinal_tensor *tensor, size_t first, size_t count,
                            float *to);

/* Lets go of the memory pages behind a tensor; they are read again if somebody wants it again. */
void cardinal_weights_release(const cardinal_weights *weights, const cardinal_tensor *tensor);

/* Converts without rounding, whatever the floating-point modes of the caller (convert.c). `from` needs no alignment. */
void cardinal_convert_f16(const unsigned char *from, float *to, size_t count);
void cardinal_convert_bf16(const unsigned char *from, float *to, size_t count);

/* The synthetic generator (synthetic.c). */
void cardinal_synthetic_fill(uint64_t seed, const cardinal_tensor *tensor, size_t first, size_t count, float *to);

/* Reads the header of a mapped safetensors file into a table (safetensors.c). */
cardinal_status cardinal_safetensors_parse(const char *path, const unsigned char *mapping, size_t bytes,
                                           cardinal_tensor_table *table, cardinal_error *error);

#endif /* CARDINAL_NET_WEIGHTS_H */
