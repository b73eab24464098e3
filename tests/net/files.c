/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tests/net/files.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/match.h"
#include "net/safetensors.h"
#include "net/weights.h"

static _Noreturn void give_up(const char *what, const char *path) {
  fprintf(stderr, "tests: %s: ", path);
  perror(what);
  exit(EXIT_FAILURE);
}

/* ---- paths --------------------------------------------------------------------------------------------------- */

static const char *join(const char *directory, const char *name) {
  static char paths[4][8192];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", directory, name);
  return path;
}

const char *test_data_path(const char *name) {
  const char *directory = getenv("CARDINAL_TEST_DATA");
  return join(directory ? directory : CARDINAL_TEST_DATA_DIRECTORY, name);
}

static char own_directory[2048];
static pid_t owner;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where) {
  (void)info;
  (void)type;
  (void)where;
  return remove(path);
}

static void remove_directory(void) {
  if (getpid() == owner)
    nftw(own_directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_directory(void) {
  /* Criterion runs each case in a process forked from a common one: every process makes a directory of its own. */
  if (owner != getpid()) {
    const char *parent = getenv("TMPDIR");
    snprintf(own_directory, sizeof own_directory, "%s/cardinal-test-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(own_directory))
      give_up("mkdtemp", own_directory);
    owner = getpid();
    atexit(remove_directory);
  }
  return own_directory;
}

const char *test_path(const char *name) {
  return join(test_directory(), name);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

void test_write(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(bytes, 1, size, file) != size || fclose(file))
    give_up("write", path);
}

unsigned char *test_read(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END))
    give_up("open", path);
  *size = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*size + 1);
  if (!bytes || fread(bytes, 1, *size, file) != *size)
    give_up("read", path);
  fclose(file);
  return bytes;
}

void test_read_npy(const char *path, float *to, size_t floats) {
  size_t size;
  unsigned char *bytes = test_read(path, &size);
  size_t header = size > 10 ? 10 + bytes[8] + 256u * bytes[9] : 0;
  if (header < 10 || size != header + 4 * floats || memcmp(bytes, "\x93NUMPY\x01", 7) ||
      !memmem(bytes, header, "'<f4'", 5) || !memmem(bytes, header, "'fortran_order': False", 22)) {
    fprintf(stderr, "tests: %s: not a .npy file of %zu float32 values\n", path, floats);
    exit(EXIT_FAILURE);
  }
  memcpy(to, bytes + header, 4 * floats);
  free(bytes);
}

cardinal_image test_read_image(const char *path) {
  cardinal_image image = {0};
  cardinal_error error;
  if (cardinal_image_read(path, &image, &error)) {
    fprintf(stderr, "tests: %s\n", error.message);
    exit(EXIT_FAILURE);
  }
  return image;
}

static FILE *start_safetensors(const char *path, const char *header) {
  FILE *file = fopen(path, "wb");
  uint64_t length = strlen(header);
  if (!file || fwrite(&length, 1, 8, file) != 8 || fwrite(header, 1, length, file) != length)
    give_up("write", path);
  return file;
}

void test_write_header(const char *path, const char *header, size_t data_bytes) {
  FILE *file = start_safetensors(path, header);
  if (fflush(file) || ftruncate(fileno(file), (off_t)(8 + strlen(header) + data_bytes)) || fclose(file))
    give_up("write", path);
}

/* ---- networks ------------------------------------------------------------------------------------------------ */

/* A text that grows. */
typedef struct {
  char *text;
  size_t length, capacity;
} text;

__attribute__((format(printf, 2, 3))) static void append(text *to, const char *format, ...) {
  va_list arguments;
  if (to->capacity - to->length < 1024) {
    to->capacity = 2 * to->capacity + 4096;
    to->text = realloc(to->text, to->capacity);
    if (!to->text)
      give_up("realloc", "header");
  }
  va_start(arguments, format);
  to->length += (size_t)vsnprintf(to->text + to->length, 1024, format, arguments);
  va_end(arguments);
}

static bool is(const char *name, const char *wanted) {
  return wanted && !strcmp(name, wanted);
}

static size_t element_bytes(const test_weights_options *options) {
  return is("F16", options->dtype) || is("BF16", options->dtype) ? 2 : 4;
}

static void append_entry(text *header, const test_weights_options *options, const char *name, const char *dtype,
                         const cardinal_tensor *tensor, size_t *offset, size_t bytes) {
  bool transposed = is(name, options->transpose);
  append(header, "%s\"%s%s\":{\"dtype\":\"%s\",\"shape\":[", header->length > 1 ? "," : "",
         options->prefix ? options->prefix : "", name, dtype);
  for (int i = 0; tensor && i < tensor->rank; i++)
    append(header, "%s%" PRId64, i ? "," : "", tensor->shape[transposed && i < 2 ? 1 - i : i]);
  append(header, "],\"data_offsets\":[%zu,%zu]}", *offset, *offset + bytes);
  *offset += bytes;
}

/* Rounding towards zero will do: these are weights like any others. */
static void write_floats(FILE *file, const float *values, size_t count, const char *dtype) {
  if (!is("F16", dtype) && !is("BF16", dtype)) {
    fwrite(values, sizeof *values, count, file);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, values + i, 4);
    uint16_t half = (uint16_t)(bits >> 16);
    if (is("F16", dtype)) {
      int32_t exponent = (int32_t)(bits >> 23 & 0xFF) - 127 + 15;
      uint32_t magnitude = exponent > 0 ? (uint32_t)exponent << 10 | (bits >> 13 & 0x3FF) : 0;
      half = (uint16_t)((bits >> 16 & 0x8000) | magnitude);
    }
    fwrite(&half, 2, 1, file);
  }
}

static void write_tensor(FILE *file, const cardinal_weights *weights, const cardinal_tensor *tensor,
                         const test_weights_options *options) {
  float *values = malloc(tensor->count * sizeof *values);
  cardinal_error error;
  if (!values || cardinal_weights_read(weights, tensor->name, values, tensor->count, &error))
    give_up("generate", tensor->name);
  if (is(tensor->name, options->poison))
    values[options->poison_index] = options->poison_value;
  write_floats(file, values, tensor->count, options->dtype);
  free(values);
}

static bool has_counter(const char *name) {
  size_t length = strlen(name), end = strlen(".running_mean");
  return length > end && !strcmp(name + length - end, ".running_mean");
}

void test_write_weights(const char *path, const cardinal_net_spec *spec, uint64_t seed,
                        const test_weights_options *options) {
  static const test_weights_options none;
  options = options ? options : &none;
  cardinal_weights *weights;
  cardinal_error error;
  if (cardinal_weights_synthetic(spec, seed, &weights, &error)) {
    fprintf(stderr, "tests: %s\n", error.message);
    exit(EXIT_FAILURE);
  }
  const cardinal_tensor_table *table = &weights->table;
  text header = {0};
  size_t offset = 0;
  append(&header, "{");
  for (size_t i = 0; i < table->count; i++) {
    const cardinal_tensor *tensor = &table->tensors[i];
    char counter[128];
    if (is(tensor->name, options->leave_out))
      continue;
    append_entry(&header, options, tensor->name, options->dtype ? options->dtype : "F32", tensor, &offset,
                 tensor->count * element_bytes(options));
    if (options->batch_counters && has_counter(tensor->name)) {
      snprintf(counter, sizeof counter, "%.*s.num_batches_tracked",
               (int)(strlen(tensor->name) - strlen(".running_mean")), tensor->name);
      append_entry(&header, options, counter, "I64", NULL, &offset, 8);
    }
  }
  if (options->add)
    append_entry(&header, options, options->add, "F32", NULL, &offset, 4);
  append(&header, ",\"__metadata__\":{\"format\":\"pt\"}}");

  FILE *file = start_safetensors(path, header.text);
  static const char zeros[8];
  for (size_t i = 0; i < table->count; i++) {
    const cardinal_tensor *tensor = &table->tensors[i];
    if (is(tensor->name, options->leave_out))
      continue;
    write_tensor(file, weights, tensor, options);
    if (options->batch_counters && has_counter(tensor->name))
      fwrite(zeros, 8, 1, file);
  }
  if (options->add)
    fwrite(zeros, 4, 1, file);
  if (ferror(file) || fclose(file))
    give_up("write", path);
  free(header.text);
  cardinal_weights_destroy(weights);
}

void test_write_made(const char *path, const cardinal_weights *weights, const char *from, const char *to) {
  size_t header_bytes;
  const size_t data_bytes = weights->table.tensors[weights->table.count - 1].end;
  char *header = cardinal_safetensors_header(&weights->table, &header_bytes);
  unsigned char *file = header ? malloc(header_bytes + data_bytes) : NULL;
  if (!file)
    give_up("allocate", path);
  memcpy(file, header, header_bytes);
  memcpy(file + header_bytes, weights->memory, data_bytes);
  free(header);
  if (from) {
    unsigned char *at = memmem(file + 8, header_bytes - 8, from, strlen(from));
    if (!at || strlen(from) != strlen(to)) {
      fprintf(stderr, "tests: \"%s\" isn't in the header, or \"%s\" is longer or shorter\n", from, to);
      exit(EXIT_FAILURE);
    }
    memcpy(at, to, strlen(to));
  }
  test_write(path, file, header_bytes + data_bytes);
  free(file);
}

cardinal_weights *test_open_weights(const char *path) {
  cardinal_weights *weights;
  cardinal_error error;
  if (cardinal_weights_open(path, &weights, &error)) {
    fprintf(stderr, "tests: %s\n", error.message);
    exit(EXIT_FAILURE);
  }
  return weights;
}

void test_write_sparse(const char *path, const cardinal_net_spec *spec) {
  cardinal_tensor_table table;
  text header = {0};
  size_t offset = 0;
  if (cardinal_table_of_spec(spec, &table, NULL))
    give_up("list", spec->name);
  append(&header, "{");
  for (size_t i = 0; i < table.count; i++)
    append_entry(&header, &(test_weights_options){0}, table.tensors[i].name, "F32", &table.tensors[i], &offset,
                 4 * table.tensors[i].count);
  append(&header, "}");
  test_write_header(path, header.text, offset);
  free(header.text);
  cardinal_table_free(&table);
}
