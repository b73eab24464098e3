/* SPDX-License-Identifier: BSD-3-Clause */
#define _DEFAULT_SOURCE
#include "net/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/common.h"
#include "kernels/fpenv.h"

/* ---- tables -------------------------------------------------------------------------------------------------- */

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
  *table = (cardinal_tensor_table){0};
}

char *cardinal_shape_text(const cardinal_tensor *tensor, char *text, size_t size) {
  size_t used = 0;
  snprintf(text, size, "[");
  for (int i = 0; i < tensor->rank; i++) {
    used = strlen(text);
    snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "", tensor->shape[i]);
  }
  used = strlen(text);
  snprintf(text + used, size - used, "]");
  return text;
}

/* Adds "<layer>.<part>"; false if memory has run out. The table has room. */
static bool add_tensor(cardinal_tensor_table *table, const char *layer, const char *part, int rank,
                       const int64_t *shape) {
  size_t size = strlen(layer) + strlen(part) + 2;
  cardinal_tensor *tensor = &table->tensors[table->count];
  *tensor = (cardinal_tensor){.name = malloc(size), .dtype = CARDINAL_DTYPE_F32, .rank = rank, .count = 1};
  if (!tensor->name)
    return false;
  table->count++;
  snprintf(tensor->name, size, "%s.%s", layer, part);
  for (int i = 0; i < rank; i++) {
    tensor->shape[i] = shape[i];
    tensor->count *= (size_t)shape[i];
  }
  return true;
}

cardinal_status cardinal_table_of_spec(const cardinal_net_spec *spec, cardinal_tensor_table *table,
                                       cardinal_error *error) {
  static const char *const norm_parts[] = {"weight", "bias", "running_mean", "running_var"};
  cardinal_walker walker;
  cardinal_layer layer;
  size_t layers = 0;
  cardinal_walk_start(&walker, spec, 224, 224);
  while (cardinal_walk_next(&walker, &layer))
    layers++;

  /* A convolution has its weight and four tensors of the batch norm behind it. */
  cardinal_tensor_table made = {.tensors = calloc(layers * 5, sizeof *made.tensors)};
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

/* ---- opening ------------------------------------------------------------------------------------------------- */

static cardinal_weights *new_weights(const char *label) {
  cardinal_weights *weights = calloc(1, sizeof *weights);
  if (!weights)
    return NULL;
  weights->label = strdup(label);
  if (!weights->label) {
    free(weights);
    return NULL;
  }
  return weights;
}

void cardinal_weights_destroy(cardinal_weights *weights) {
  if (!weights)
    return;
  cardinal_table_free(&weights->table);
  if (weights->mapping)
    munmap((void *)(uintptr_t)weights->mapping, weights->mapping_bytes);
  free(weights->label);
  free(weights);
}

static cardinal_status map_file(const char *path, const unsigned char **mapping, size_t *bytes, cardinal_error *error) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return cardinal_net_fail(error, CARDINAL_IO_ERROR, "%s: %s", path, strerror(errno));
  struct stat info;
  cardinal_status status = CARDINAL_OK;
  if (fstat(file, &info))
    status = cardinal_net_fail(error, CARDINAL_IO_ERROR, "%s: %s", path, strerror(errno));
  else if (!S_ISREG(info.st_mode))
    status = cardinal_net_fail(error, CARDINAL_IO_ERROR, "%s: not a regular file", path);
  else if (info.st_size < 8)
    status = cardinal_net_fail(error, CARDINAL_BAD_FILE,
                               "%s: not a safetensors file: it has %lld bytes, expected 8 at least", path,
                               (long long)info.st_size);
  if (!status) {
    void *memory = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) {
      status = cardinal_net_fail(error, CARDINAL_IO_ERROR, "%s: cannot map %lld bytes: %s", path,
                                 (long long)info.st_size, strerror(errno));
    } else {
      *mapping = memory;
      *bytes = (size_t)info.st_size;
      /* Reading ahead starts now and goes on while the header is parsed; it is only a hint. */
      madvise(memory, *bytes, MADV_WILLNEED);
    }
  }
  close(file);
  return status;
}

cardinal_status cardinal_weights_open(const char *path, cardinal_weights **weights, cardinal_error *error) {
  if (!path || !weights)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s is NULL", path ? "weights" : "path");
  cardinal_weights *made = new_weights(path);
  if (!made)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory to open it", path);
  cardinal_status status = map_file(path, &made->mapping, &made->mapping_bytes, error);
  if (!status)
    status = cardinal_safetensors_parse(path, made->mapping, made->mapping_bytes, &made->table, error);
  if (status) {
    cardinal_weights_destroy(made);
    return status;
  }
  *weights = made;
  return CARDINAL_OK;
}

cardinal_status cardinal_weights_synthetic(const cardinal_net_spec *spec, uint64_t seed, cardinal_weights **weights,
                                           cardinal_error *error) {
  if (!weights)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "weights is NULL");
  cardinal_net_spec taken;
  cardinal_status status = cardinal_spec_take(spec, &taken, error);
  if (status)
    return status;
  cardinal_weights *made = new_weights("synthetic weights");
  if (!made)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for synthetic weights");
  made->seed = seed;
  status = cardinal_table_of_spec(&taken, &made->table, error);
  if (status) {
    cardinal_weights_destroy(made);
    return status;
  }
  *weights = made;
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

static const cardinal_tensor *find_rank(const cardinal_weights *weights, const char *name, int rank,
                                        cardinal_error *error) {
  const cardinal_tensor *tensor = cardinal_table_find(&weights->table, name);
  char shape[CARDINAL_MAX_RANK * 24];
  if (!tensor)
    cardinal_net_fail(error, CARDINAL_BAD_FILE,
                      "%s: no ResNet or ResNeXt with bottleneck blocks, as it lacks the tensor \"%s\"", weights->label,
                      name);
  else if (tensor->rank != rank)
    cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%s\": expected %d dimensions, found shape %s",
                      weights->label, name, rank, cardinal_shape_text(tensor, shape, sizeof shape));
  else
    return tensor;
  return NULL;
}

cardinal_status cardinal_weights_spec(const cardinal_weights *weights, cardinal_net_spec *spec, cardinal_error *error) {
  if (!weights || !spec)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s is NULL", weights ? "spec" : "weights");
  const cardinal_tensor *grouped = find_rank(weights, "layer1.0.conv2.weight", 4, error);
  const cardinal_tensor *classifier = grouped ? find_rank(weights, "fc.weight", 2, error) : NULL;
  if (!classifier)
    return CARDINAL_BAD_FILE;

  int64_t channels = grouped->shape[0], width = grouped->shape[1], classes = classifier->shape[0];
  char shape[CARDINAL_MAX_RANK * 24];
  if (width < 1 || channels % width || channels / width > 1024 || width > 1024)
    return cardinal_net_fail(
        error, CARDINAL_BAD_FILE,
        "%s: tensor \"%s\": expected [groups * width, width, 3, 3] with both at most 1024, found %s", weights->label,
        grouped->name, cardinal_shape_text(grouped, shape, sizeof shape));
  if (classes > 1 << 24)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: tensor \"fc.weight\": expected at most 2^24 classes, found %s", weights->label,
                             cardinal_shape_text(classifier, shape, sizeof shape));

  cardinal_net_spec made = {
      .struct_size = sizeof made,
      .cardinality = (uint32_t)(channels / width),
      .width_per_group = (uint32_t)width,
      .classes = (uint32_t)classes,
  };
  for (int stage = 0; stage < CARDINAL_STAGES; stage++) {
    made.blocks[stage] = count_blocks(&weights->table, stage);
    if (!made.blocks[stage])
      return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                               "%s: no ResNet or ResNeXt with bottleneck blocks, as it lacks the tensor "
                               "\"layer%d.0.conv3.weight\"",
                               weights->label, stage + 1);
  }
  cardinal_spec_set_name(&made);
  return cardinal_spec_take(&made, spec, error);
}

/* ---- matching ------------------------------------------------------------------------------------------------ */

static bool same_shape(const cardinal_tensor *a, const cardinal_tensor *b) {
  return a->rank == b->rank && !memcmp(a->shape, b->shape, sizeof a->shape[0] * (size_t)a->rank);
}

static cardinal_status match_tables(const cardinal_weights *weights, const cardinal_tensor_table *needed,
                                    const char *model, cardinal_error *error) {
  char expected_shape[CARDINAL_MAX_RANK * 24], found_shape[CARDINAL_MAX_RANK * 24];
  /* A file of another architecture differs in many tensors; saying which one it is helps more than the first of them.
   */
  char hint[96] = "";
  cardinal_net_spec recognised;
  if (!cardinal_weights_spec(weights, &recognised, NULL) && strcmp(recognised.name, model))
    snprintf(hint, sizeof hint, " (the tensors look like %s)", recognised.name);

  for (size_t i = 0; i < needed->count; i++) {
    const cardinal_tensor *expected = &needed->tensors[i];
    const cardinal_tensor *found = cardinal_table_find(&weights->table, expected->name);
    cardinal_shape_text(expected, expected_shape, sizeof expected_shape);
    if (!found)
      return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%s\" is missing: %s expects it with shape %s%s",
                               weights->label, expected->name, model, expected_shape, hint);
    if (!same_shape(expected, found))
      return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%s\": %s expects shape %s, found %s%s",
                               weights->label, expected->name, model, expected_shape,
                               cardinal_shape_text(found, found_shape, sizeof found_shape), hint);
  }
  for (size_t i = 0; i < weights->table.count; i++) {
    const cardinal_tensor *found = &weights->table.tensors[i];
    if (!cardinal_table_find(needed, found->name))
      return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%.200s\" with shape %s has no place in %s%s",
                               weights->label, found->name, cardinal_shape_text(found, found_shape, sizeof found_shape),
                               model, hint);
  }
  return CARDINAL_OK;
}

cardinal_status cardinal_weights_match(const cardinal_weights *weights, const cardinal_net_spec *spec,
                                       cardinal_error *error) {
  cardinal_tensor_table needed;
  cardinal_status status = cardinal_table_of_spec(spec, &needed, error);
  if (status)
    return status;
  status = match_tables(weights, &needed, spec->name, error);
  cardinal_table_free(&needed);
  return status;
}

/* ---- values -------------------------------------------------------------------------------------------------- */

void cardinal_weights_fetch(const cardinal_weights *weights, const cardinal_tensor *tensor, size_t first, size_t count,
                            float *to) {
  if (!weights->mapping) {
    cardinal_synthetic_fill(weights->seed, tensor, first, count, to);
    return;
  }
  const unsigned char *from = weights->mapping + tensor->begin;
  switch (tensor->dtype) {
  case CARDINAL_DTYPE_F32:
    memcpy(to, from + 4 * first, 4 * count);
    break;
  case CARDINAL_DTYPE_F16:
    cardinal_convert_f16(from + 2 * first, to, count);
    break;
  case CARDINAL_DTYPE_BF16:
    cardinal_convert_bf16(from + 2 * first, to, count);
    break;
  case CARDINAL_DTYPE_I64: /* the parser keeps none in the table */
    break;
  }
}

void cardinal_weights_release(const cardinal_weights *weights, const cardinal_tensor *tensor) {
  if (!weights->mapping)
    return;
  /* The kernel maps 64 KB around a faulting page at once; rounding outwards lets those neighbours go as well. */
  const size_t window = 64 * 1024;
  size_t begin = tensor->begin / window * window;
  size_t end = tensor->end + window < weights->mapping_bytes ? tensor->end + window : weights->mapping_bytes;
  madvise((void *)(uintptr_t)(weights->mapping + begin), end - begin, MADV_DONTNEED);
}

cardinal_status cardinal_weights_read(const cardinal_weights *weights, const char *name, float *to, size_t floats,
                                      cardinal_error *error) {
  if (!weights || !name || !to)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "weights, name or to is NULL");
  const cardinal_tensor *tensor = cardinal_table_find(&weights->table, name);
  if (!tensor)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: no tensor \"%.200s\"", weights->label, name);
  if (tensor->count != floats)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: tensor \"%.200s\" has %zu elements, not %zu",
                             weights->label, name, tensor->count, floats);
  const cardinal_fp_modes caller = cardinal_fp_enter(false);
  cardinal_weights_fetch(weights, tensor, 0, floats, to);
  cardinal_fp_leave(caller);
  return CARDINAL_OK;
}
