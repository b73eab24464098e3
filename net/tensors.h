/* SPDX-License-Identifier: BSD-3-Clause */
/* Named tensors, wherever their values are: a table sorted by name. */
#ifndef CARDINAL_NET_TENSORS_H
#define CARDINAL_NET_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cardinal_dtype {
  CARDINAL_DTYPE_F32,
  CARDINAL_DTYPE_F16,
  CARDINAL_DTYPE_BF16,
  CARDINAL_DTYPE_I8,
  CARDINAL_DTYPE_I64
} cardinal_dtype;

enum {
  CARDINAL_MAX_RANK = 8,
  CARDINAL_SHAPE_TEXT = CARDINAL_MAX_RANK * 24 /* room for cardinal_shape_text */
};

typedef struct cardinal_tensor {
  char *name;
  cardinal_dtype dtype;
  int rank;
  int64_t shape[CARDINAL_MAX_RANK];
  size_t count;      /* elements */
  size_t begin, end; /* bytes from the start of the file or of the memory; 0 in the synthetic source */
} cardinal_tensor;

/* A line of a file's metadata. */
typedef struct cardinal_remark {
  char *key, *text;
} cardinal_remark;

typedef struct cardinal_tensor_table {
  cardinal_tensor *tensors; /* sorted by name */
  size_t count;
  cardinal_remark *remarks; /* in the file's order */
  size_t remark_count;
} cardinal_tensor_table;

void cardinal_table_free(cardinal_tensor_table *table);
void cardinal_table_sort(cardinal_tensor_table *table);
const cardinal_tensor *cardinal_table_find(const cardinal_tensor_table *table, const char *name);

/* The metadata's text under a key, or NULL. */
const char *cardinal_table_remark(const cardinal_tensor_table *table, const char *key);

/* "F32", "I8", as files have it, and the bytes of an element. */
const char *cardinal_dtype_name(cardinal_dtype dtype);
size_t cardinal_dtype_bytes(cardinal_dtype dtype);

/* How many of the names begin with `prefix`. */
size_t cardinal_table_count_prefix(const cardinal_tensor_table *table, const char *prefix);

/* Takes `characters` off the beginning of each name; they are the same everywhere, so the order stays. */
void cardinal_table_strip(cardinal_tensor_table *table, size_t characters);

/* Adds "<layer>.<part>", behind the data of those before it; false if memory has run out. The list has room. */
bool cardinal_table_add(cardinal_tensor_table *table, const char *layer, const char *part, cardinal_dtype dtype,
                        int rank, const int64_t *shape);

bool cardinal_same_shape(const cardinal_tensor *a, const cardinal_tensor *b);

/* Writes "[64, 3, 7, 7]"; returns `text`. */
char *cardinal_shape_text(const cardinal_tensor *tensor, char text[CARDINAL_SHAPE_TEXT]);

#endif /* CARDINAL_NET_TENSORS_H */
