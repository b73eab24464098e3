/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/tensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b) {
  return strcmp(((const cardinal_tensor *)a)->name, ((const cardinal_tensor *)b)->name);
}

void cardinal_table_sort(cardinal_tensor_table *table) {
  if (table->count)
    qsort(table->tensors, table->count, sizeof *table->tensors, compare_names);
}

const cardinal_tensor *cardinal_table_find(const cardinal_tensor_table *table, const char *name) {
  size_t low = 0, high = table->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(name, table->tensors[middle].name);
    if (!order)
      return &table->tensors[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

const char *cardinal_table_remark(const cardinal_tensor_table *table, const char *key) {
  for (size_t i = 0; i < table->remark_count; i++)
    if (!strcmp(table->remarks[i].key, key))
      return table->remarks[i].text;
  return NULL;
}

static const struct {
  const char *name;
  size_t bytes;
} dtypes[] = {
    [CARDINAL_DTYPE_F32] = {"F32", 4}, [CARDINAL_DTYPE_F16] = {"F16", 2}, [CARDINAL_DTYPE_BF16] = {"BF16", 2},
    [CARDINAL_DTYPE_I8] = {"I8", 1},   [CARDINAL_DTYPE_I64] = {"I64", 8},
};

const char *cardinal_dtype_name(cardinal_dtype dtype) {
  return dtypes[dtype].name;
}

size_t cardinal_dtype_bytes(cardinal_dtype dtype) {
  return dtypes[dtype].bytes;
}

void cardinal_table_free(cardinal_tensor_table *table) {
  for (size_t i = 0; i < table->count; i++)
    free(table->tensors[i].name);
  free(table->tensors);
  for (size_t i = 0; i < table->remark_count; i++) {
    free(table->remarks[i].key);
    free(table->remarks[i].text);
  }
  free(table->remarks);
  *table = (cardinal_tensor_table){0};
}

size_t cardinal_table_count_prefix(const cardinal_tensor_table *table, const char *prefix) {
  size_t length = strlen(prefix), found = 0;
  for (size_t i = 0; i < table->count; i++)
    found += !strncmp(table->tensors[i].name, prefix, length);
  return found;
}

void cardinal_table_strip(cardinal_tensor_table *table, size_t characters) {
  for (size_t i = 0; i < table->count; i++) {
    char *name = table->tensors[i].name;
    memmove(name, name + characters, strlen(name + characters) + 1);
  }
}

bool cardinal_table_add(cardinal_tensor_table *table, const char *layer, const char *part, cardinal_dtype dtype,
                        int rank, const int64_t *shape) {
  const size_t size = strlen(layer) + strlen(part) + 2;
  cardinal_tensor *tensor = &table->tensors[table->count];
  *tensor = (cardinal_tensor){.name = malloc(size), .dtype = dtype, .rank = rank, .count = 1};
  if (!tensor->name)
    return false;
  snprintf(tensor->name, size, "%s.%s", layer, part);
  for (int i = 0; i < rank; i++) {
    tensor->shape[i] = shape[i];
    tensor->count *= (size_t)shape[i];
  }
  tensor->begin = table->count ? tensor[-1].end : 0;
  tensor->end = tensor->begin + tensor->count * cardinal_dtype_bytes(dtype);
  table->count++;
  return true;
}

bool cardinal_same_shape(const cardinal_tensor *a, const cardinal_tensor *b) {
  return a->rank == b->rank && !memcmp(a->shape, b->shape, sizeof a->shape[0] * (size_t)a->rank);
}

char *cardinal_shape_text(const cardinal_tensor *tensor, char text[CARDINAL_SHAPE_TEXT]) {
  char *end = text;
  *end++ = '[';
  /* 20 characters a number at most, and 2 between: there is room. */
  for (int i = 0; i < tensor->rank; i++)
    end += sprintf(end, "%s%" PRId64, i ? ", " : "", tensor->shape[i]);
  *end++ = ']';
  *end = '\0';
  return text;
}
