/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The safetensors format: a little-endian 64-bit length N, N bytes of JSON, then the data.
 *
 *   {"__metadata__": {"key": "text", ...},
 *    "name": {"dtype": "F32", "shape": [64, 3, 7, 7], "data_offsets": [begin, end]}, ...}
 *
 * Offsets count from the end of the header; together the tensors cover the data without gaps or overlaps. The file may
 * come from anywhere, so nothing it says is believed before it is checked. Alignment of the data isn't demanded: the
 * format doesn't promise it, and readers of the data copy bytes.
 */
#define _DEFAULT_SOURCE
#include "net/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "net/common.h"
#include "net/file.h"

/* The format's own limit; it keeps a wrong length from being parsed as JSON for minutes. */
static const uint64_t max_header_bytes = 100000000;

/* What PyTorch's DataParallel puts before all names of the model that it wraps. */
static const char wrapper[] = "module.";

/* Where a message is about: file, tensor, and who wants to know. */
typedef struct {
  const char *path;
  const char *tensor;
  cardinal_error *error;
} place;

#define BAD(where, format, ...)                                                                                        \
  cardinal_net_fail((where)->error, CARDINAL_BAD_FILE, "%s: tensor \"%.200s\": " format, (where)->path,                \
                    (where)->tensor, __VA_ARGS__)

static bool is_batch_counter(const char *name) {
  const char *end = ".num_batches_tracked";
  size_t length = strlen(name), end_length = strlen(end);
  return length > end_length && !strcmp(name + length - end_length, end);
}

static cardinal_status read_dtype(const json_t *entry, cardinal_tensor *tensor, size_t *element_bytes,
                                  const place *where) {
  const char *name = json_string_value(json_object_get(entry, "dtype"));
  if (!name)
    return BAD(where, "expected a text \"dtype\", found %s", json_object_get(entry, "dtype") ? "another type" : "none");
  for (cardinal_dtype dtype = CARDINAL_DTYPE_F32; dtype <= CARDINAL_DTYPE_I64; dtype++) {
    if (strcmp(name, cardinal_dtype_name(dtype)) != 0)
      continue;
    tensor->dtype = dtype;
    *element_bytes = cardinal_dtype_bytes(dtype);
    if (dtype != CARDINAL_DTYPE_I64 || is_batch_counter(where->tensor))
      return CARDINAL_OK;
  }
  return BAD(where, "expected dtype F32, F16, BF16 or I8, found %.40s", name);
}

static cardinal_status read_shape(const json_t *entry, cardinal_tensor *tensor, const place *where) {
  const json_t *shape = json_object_get(entry, "shape");
  if (!json_is_array(shape))
    return BAD(where, "expected a list \"shape\", found %s", shape ? "another type" : "none");
  if (json_array_size(shape) > CARDINAL_MAX_RANK)
    return BAD(where, "expected at most %d dimensions, found %zu", CARDINAL_MAX_RANK, json_array_size(shape));
  tensor->rank = (int)json_array_size(shape);
  tensor->count = 1;
  for (int i = 0; i < tensor->rank; i++) {
    const json_t *size = json_array_get(shape, (size_t)i);
    if (!json_is_integer(size) || json_integer_value(size) < 0)
      return BAD(where, "dimension %d: expected a whole number, 0 or more", i);
    tensor->shape[i] = json_integer_value(size);
    if (!cardinal_net_multiply(tensor->count, (size_t)tensor->shape[i], &tensor->count))
      return BAD(where, "the number of elements of its %d dimensions doesn't fit 64 bits", tensor->rank);
  }
  return CARDINAL_OK;
}

static cardinal_status read_offsets(const json_t *entry, cardinal_tensor *tensor, size_t element_bytes, size_t data,
                                    size_t bytes, const place *where) {
  const json_t *offsets = json_object_get(entry, "data_offsets");
  if (!json_is_array(offsets) || json_array_size(offsets) != 2 || !json_is_integer(json_array_get(offsets, 0)) ||
      !json_is_integer(json_array_get(offsets, 1)))
    return BAD(where, "expected \"data_offsets\" to be two whole numbers, found %s",
               offsets ? "something else" : "none");
  json_int_t begin = json_integer_value(json_array_get(offsets, 0));
  json_int_t end = json_integer_value(json_array_get(offsets, 1));
  size_t available = bytes - data;
  if (begin < 0 || end < begin || (uint64_t)end > available)
    return BAD(
        where, "its bytes are given as [%" PRId64 ", %" PRId64 "), expected a range within the %zu bytes of data%s",
        (int64_t)begin, (int64_t)end, available, begin >= 0 && end >= begin ? "; the file may be cut short" : "");
  size_t needed;
  if (!cardinal_net_multiply(tensor->count, element_bytes, &needed) || needed != (size_t)(end - begin)) {
    char shape[CARDINAL_SHAPE_TEXT];
    return BAD(where, "expected %zu bytes for each element of shape %s, found %" PRId64 " bytes in all", element_bytes,
               cardinal_shape_text(tensor, shape), (int64_t)(end - begin));
  }
  tensor->begin = data + (size_t)begin;
  tensor->end = data + (size_t)end;
  return CARDINAL_OK;
}

static cardinal_status read_metadata(const char *path, json_t *metadata, cardinal_tensor_table *table,
                                     cardinal_error *error) {
  const char *key;
  json_t *value;
  bool good = json_is_object(metadata);
  if (good)
    json_object_foreach(metadata, key, value) good = good && json_is_string(value);
  if (!good)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: expected \"__metadata__\" to map texts to texts", path);
  table->remarks = calloc(json_object_size(metadata) + 1, sizeof *table->remarks);
  if (!table->remarks)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for its metadata", path);
  json_object_foreach(metadata, key, value) {
    cardinal_remark *remark = &table->remarks[table->remark_count++];
    remark->key = strdup(key);
    remark->text = strdup(json_string_value(value));
    if (!remark->key || !remark->text)
      return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for its metadata", path);
  }
  return CARDINAL_OK;
}

static int compare_ranges(const void *a, const void *b) {
  const cardinal_tensor *one = a, *other = b;
  if (one->begin != other->begin)
    return one->begin < other->begin ? -1 : 1;
  return (one->end > other->end) - (one->end < other->end);
}

/* The tensors, all of them, must cover the data from `data` to `bytes` exactly. */
static cardinal_status check_cover(const char *path, cardinal_tensor_table *table, size_t data, size_t bytes,
                                   cardinal_error *error) {
  if (table->count)
    qsort(table->tensors, table->count, sizeof *table->tensors, compare_ranges);
  size_t covered = data;
  for (size_t i = 0; i < table->count; i++) {
    const cardinal_tensor *tensor = &table->tensors[i];
    place where = {path, tensor->name, error};
    if (tensor->begin < covered)
      return BAD(&where, "its data overlap with those of \"%.200s\": expected to begin at byte %zu, found %zu",
                 table->tensors[i - 1].name, covered - data, tensor->begin - data);
    if (tensor->begin > covered)
      return BAD(&where, "there is a gap before its data: expected to begin at byte %zu, found %zu", covered - data,
                 tensor->begin - data);
    covered = tensor->end;
  }
  if (covered != bytes)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: expected %zu bytes of data for its tensors, found %zu",
                             path, covered - data, bytes - data);
  return CARDINAL_OK;
}

/* The counters of training steps have done their duty once their bytes are accounted for. */
static void drop_batch_counters(cardinal_tensor_table *table) {
  size_t kept = 0;
  for (size_t i = 0; i < table->count; i++) {
    if (table->tensors[i].dtype == CARDINAL_DTYPE_I64)
      free(table->tensors[i].name);
    else
      table->tensors[kept++] = table->tensors[i];
  }
  table->count = kept;
}

static cardinal_status read_entry(const json_t *entry, cardinal_tensor *tensor, size_t data, size_t bytes,
                                  const place *where) {
  if (!json_is_object(entry))
    return BAD(where, "expected an object with %s", "dtype, shape and data_offsets");
  if (json_object_size(entry) != 3)
    return BAD(where, "expected dtype, shape and data_offsets, found %zu entries", json_object_size(entry));
  size_t element_bytes = 0;
  cardinal_status status = read_dtype(entry, tensor, &element_bytes, where);
  if (!status)
    status = read_shape(entry, tensor, where);
  if (!status && tensor->dtype == CARDINAL_DTYPE_I64 && tensor->count != 1)
    status = BAD(where, "expected a single number, found %zu", tensor->count);
  if (!status)
    status = read_offsets(entry, tensor, element_bytes, data, bytes, where);
  return status;
}

static cardinal_status read_entries(const char *path, json_t *header, size_t data, size_t bytes,
                                    cardinal_tensor_table *table, cardinal_error *error) {
  table->tensors = calloc(json_object_size(header) + 1, sizeof *table->tensors);
  if (!table->tensors)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a list of %zu tensors", path,
                             json_object_size(header));
  const char *name;
  json_t *entry, *metadata = json_object_get(header, "__metadata__");
  if (metadata) {
    cardinal_status status = read_metadata(path, metadata, table, error);
    if (status)
      return status;
  }
  json_object_foreach(header, name, entry) {
    if (entry == metadata)
      continue;
    cardinal_tensor *tensor = &table->tensors[table->count];
    place where = {path, name, error};
    cardinal_status status = read_entry(entry, tensor, data, bytes, &where);
    if (status)
      return status;
    tensor->name = strdup(name);
    if (!tensor->name)
      return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for the names of tensors", path);
    table->count++;
  }
  return check_cover(path, table, data, bytes, error);
}

/* Parses the `length` bytes of JSON in a file of `bytes` bytes. */
static cardinal_status parse(const char *path, const char *text, size_t length, size_t bytes,
                             cardinal_tensor_table *table, cardinal_error *error) {
  if (text[0] != '{')
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: not a safetensors file: expected a header that begins with {", path);
  json_error_t why;
  json_t *header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
  /* Without memory, jansson mostly finds no words. */
  if (!header && (!why.text[0] || json_error_code(&why) == json_error_out_of_memory))
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory to read its header", path);
  if (!header)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: the header isn't valid JSON: %s, at byte %d", path,
                             why.text, why.position + 8);
  cardinal_tensor_table made = {0};
  cardinal_status status = read_entries(path, header, 8 + length, bytes, &made, error);
  json_decref(header);
  if (status) {
    cardinal_table_free(&made);
    return status;
  }
  drop_batch_counters(&made);
  cardinal_table_sort(&made);
  if (made.count && cardinal_table_count_prefix(&made, wrapper) == made.count)
    cardinal_table_strip(&made, strlen(wrapper));
  *table = made;
  return CARDINAL_OK;
}

cardinal_status cardinal_safetensors_read(const char *path, int descriptor, size_t bytes, cardinal_tensor_table *table,
                                          cardinal_error *error) {
  if (bytes < 8)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: not a safetensors file: it has %zu bytes, expected 8 at least", path, bytes);
  unsigned char length_bytes[8];
  cardinal_status status = cardinal_file_read_at(descriptor, path, 0, length_bytes, sizeof length_bytes, error);
  if (status)
    return status;
  uint64_t length = 0;
  for (int i = 0; i < 8; i++)
    length |= (uint64_t)length_bytes[i] << (8 * i);
  if (length > max_header_bytes)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: not a safetensors file: its header would have %" PRIu64
                             " bytes, the limit is %" PRIu64,
                             path, length, max_header_bytes);
  if (length > bytes - 8)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: the file is cut short: expected %" PRIu64 " bytes of header, found %zu", path, length,
                             bytes - 8);
  if (length < 2)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: not a safetensors file: expected a header that begins with {", path);
  char *text = malloc((size_t)length);
  if (!text)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for its header of %" PRIu64 " bytes", path,
                             length);
  status = cardinal_file_read_at(descriptor, path, 8, text, (size_t)length, error);
  if (!status)
    status = parse(path, text, (size_t)length, bytes, table, error);
  free(text);
  return status;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static json_t *tensor_json(const cardinal_tensor *tensor) {
  json_t *shape = json_array();
  for (int i = 0; i < tensor->rank; i++)
    if (json_array_append_new(shape, json_integer(tensor->shape[i]))) {
      json_decref(shape);
      return NULL;
    }
  return json_pack("{s:s, s:o, s:[I, I]}", "dtype", cardinal_dtype_name(tensor->dtype), "shape", shape, "data_offsets",
                   (json_int_t)tensor->begin, (json_int_t)tensor->end);
}

char *cardinal_safetensors_header(const cardinal_tensor_table *table, size_t *bytes) {
  json_t *header = json_object(), *metadata = json_object();
  bool made = header && metadata;
  for (size_t i = 0; made && i < table->remark_count; i++)
    made = !json_object_set_new(metadata, table->remarks[i].key, json_string(table->remarks[i].text));
  made = made && !json_object_set(header, "__metadata__", metadata);
  for (size_t i = 0; made && i < table->count; i++)
    made = !json_object_set_new(header, table->tensors[i].name, tensor_json(&table->tensors[i]));
  /* Blanks at its end, so that the data begin at a multiple of 8 bytes. */
  const size_t used = made ? json_dumpb(header, NULL, 0, JSON_COMPACT) : 0, length = (used + 7) / 8 * 8;
  char *whole = used ? malloc(8 + length) : NULL;
  if (whole) {
    for (int i = 0; i < 8; i++)
      whole[i] = (char)((uint64_t)length >> (8 * i));
    memset(whole + 8, ' ', length);
    *bytes = 8 + length;
    if (json_dumpb(header, whole + 8, used, JSON_COMPACT) != used) { /* no memory for its list of keys */
      free(whole);
      whole = NULL;
    }
  }
  json_decref(metadata);
  json_decref(header);
  return whole;
}
