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

bool cardinal_same_shape(const cardinal_tensor *a, const cardinal_tensor *b) {
  return a->rank == b->rank && !memcmp(a->shape, b->shape, sizeof a->shape[0] * (size_t)a->rank);
}

char *cardinal_shape_text(const cardinal_tensor *tensor, char text[CARDINAL_SHAPE_TEXT]) {
  char *end = text;
  *end++ = '[';
  /* 20 characters a number at most, and 2 between: there is room. */
  for (int i = 0; i < tensor->rank; i++)
    end += sprintf(end, "%s%" PRId64, i ? ", " : "", tensor->shape[i]);
  strcpy(end, "]");
  return text;
}
