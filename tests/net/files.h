/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that the tests of networks read and write. */
#ifndef CARDINAL_TESTS_NET_FILES_H
#define CARDINAL_TESTS_NET_FILES_H

#include <stddef.h>

#include <cardinal/image.h>
#include <cardinal/net.h>

/* Path of a committed file below tests/data, or below $CARDINAL_TEST_DATA. Valid until the next call but three. */
const char *test_data_path(const char *name);

/* A directory for this process's files, made at the first call, removed with all that is in it at exit. */
const char *test_directory(void);

/* Path of a file in it. Valid until the next call but three. */
const char *test_path(const char *name);

/* Writes a file, or ends the process. */
void test_write(const char *path, const void *bytes, size_t size);

/* Reads a whole file into memory from malloc, or ends the process. */
unsigned char *test_read(const char *path, size_t *size);

/* Reads a .npy file of exactly `floats` float32 values, or ends the process. */
void test_read_npy(const char *path, float *to, size_t floats);

/* Reads a picture, the caller's to free, or ends the process. */
cardinal_image test_read_image(const char *path);

/* Writes a safetensors file: 8 bytes of length, the header, then `data_bytes` zeros that take no room on the disk. */
void test_write_header(const char *path, const char *header, size_t data_bytes);

/* The element type and changes with which test_write_weights writes a network's tensors. */
typedef struct test_weights_options {
  const char *dtype;     /* NULL: "F32"; "F16", "BF16" */
  const char *prefix;    /* before each name; NULL: none */
  const char *leave_out; /* a tensor that the file lacks */
  const char *add;       /* a one-element tensor that the file has besides */
  const char *transpose; /* a tensor whose first two dimensions are exchanged */
  const char *poison;    /* a tensor whose element `poison_index` is `poison_value` */
  size_t poison_index;
  float poison_value;
  int batch_counters; /* write num_batches_tracked, too */
} test_weights_options;

/* Writes synthetic weights as PyTorch users would write a model's. */
void test_write_weights(const char *path, const cardinal_net_spec *spec, uint64_t seed,
                        const test_weights_options *options);

/* Writes weights that lie in memory, such as quantised ones, as a file, after replacing `from`, unless it is NULL, by
 * as long a text in its header; or ends the process. */
void test_write_made(const char *path, const cardinal_weights *weights, const char *from, const char *to);

/* Opens a file, or ends the process. */
cardinal_weights *test_open_weights(const char *path);

/* Writes a file with every tensor of a spec as F32, whose zeros take no room on the disk. */
void test_write_sparse(const char *path, const cardinal_net_spec *spec);

#endif
