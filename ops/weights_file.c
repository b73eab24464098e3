/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packed weights in files: a header of 128 bytes, then weights, bias and scales as they lie in memory. Everything is
 * checked before it is used, the sizes against those that follow from the shape, all bytes against a checksum.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/error.h"
#include "ops/sizes.h"
#include "ops/weights.h"

enum {
  HEADER_BYTES = 128,
  VERSION = 1, /* of the header */
  LAYOUT = 1,  /* of the packed weights: kernels/kernel.h. A change of that layout takes another number */
  BYTE_ORDER_MARK = 0x01020304
};

static const char magic[8] = {'C', 'A', 'R', 'D', 'C', 'O', 'N', 'V'};

typedef struct file_header {
  char magic[8];
  uint32_t byte_order, version, layout, format, block, has_bias;
  uint64_t groups, in_per_group, out_per_group, kernel_h, kernel_w;
  uint64_t weight_words, bias_floats;
  uint64_t data_checksum;
  uint64_t header_checksum; /* of the bytes before it */
  uint64_t reserved[3];     /* zeros */
} file_header;

_Static_assert(sizeof(file_header) == HEADER_BYTES, "weights follow aligned");

/* FNV-1a on words of 8 bytes (the last filled up with zeros), then the length. It finds damage, not malice. */
static uint64_t checksum(const void *data, size_t bytes) {
  const unsigned char *at = data;
  uint64_t sum = UINT64_C(0xCBF29CE484222325);
  for (size_t left = bytes; left;) {
    uint64_t word = 0;
    const size_t taken = cardinal_min(left, sizeof word);
    memcpy(&word, at, taken);
    sum = (sum ^ word) * UINT64_C(0x100000001B3);
    sum ^= sum >> 32;
    at += taken;
    left -= taken;
  }
  return (sum ^ bytes) * UINT64_C(0x100000001B3);
}

static file_header header_of(const cardinal_conv_weights *w) {
  file_header h = {
      .byte_order = BYTE_ORDER_MARK,
      .version = VERSION,
      .layout = LAYOUT,
      .format = w->shape.format,
      .block = CARDINAL_BLOCK,
      .has_bias = w->has_bias,
      .groups = w->shape.groups,
      .in_per_group = w->shape.in_per_group,
      .out_per_group = w->shape.out_per_group,
      .kernel_h = w->shape.window.kernel_h,
      .kernel_w = w->shape.window.kernel_w,
      .weight_words = w->weight_words,
      .bias_floats = w->bias_floats,
      .data_checksum = checksum(w->weights, cardinal_conv_weights_bytes(w)),
  };
  memcpy(h.magic, magic, sizeof magic);
  h.header_checksum = checksum(&h, offsetof(file_header, header_checksum));
  return h;
}

static bool write_all(int file, const void *data, size_t bytes) {
  for (const char *at = data; bytes;) {
    const ssize_t written = write(file, at, bytes);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    at += written;
    bytes -= (size_t)written;
  }
  return true;
}

/* Creates a file beside `path`, whose name is left in `temporary`. */
static int create_beside(const char *path, char *temporary, size_t size) {
  const int length = snprintf(temporary, size, "%s.XXXXXX", path);
  if (length < 0 || (size_t)length >= size) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int file = mkostemp(temporary, O_CLOEXEC);
  const mode_t mode = umask(0);
  umask(mode);
  if (file >= 0)
    fchmod(file, 0666 & ~mode);
  return file;
}

cardinal_status cardinal_conv_weights_save(const cardinal_conv_weights *w, const char *path, cardinal_error *error) {
  static const char function[] = "cardinal_conv_weights_save";
  if (!w || !path)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function, w ? "path" : "weights");
  char temporary[4096];
  const file_header header = header_of(w);
  const int file = create_beside(path, temporary, sizeof temporary);
  if (file < 0)
    return cardinal_fail(error, CARDINAL_IO_ERROR, "%s: can't create a file beside %s: %s", function, path,
                         strerror(errno));
  const bool written = write_all(file, &header, sizeof header) &&
                       write_all(file, w->weights, cardinal_conv_weights_bytes(w)) && fsync(file) == 0;
  int reason = written ? 0 : errno;
  if (close(file) != 0 && !reason)
    reason = errno;
  if (!reason && rename(temporary, path) != 0)
    reason = errno;
  if (!reason)
    return CARDINAL_OK;
  unlink(temporary);
  return cardinal_fail(error, CARDINAL_IO_ERROR, "%s: can't write %s: %s", function, path, strerror(reason));
}

/* A regular file, open for reading, and its size; -1 with `error` filled. O_NONBLOCK: opening a FIFO must not wait. */
static int open_regular(const char *function, const char *path, size_t *bytes, cardinal_status *status,
                        cardinal_error *error) {
  struct stat about;
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0 || fstat(file, &about) != 0) {
    *status = cardinal_fail(error, CARDINAL_IO_ERROR, "%s: can't open %s: %s", function, path, strerror(errno));
  } else if (!S_ISREG(about.st_mode)) {
    *status = cardinal_fail(error, CARDINAL_IO_ERROR, "%s: %s is not a regular file", function, path);
  } else {
    *bytes = (size_t)about.st_size;
    return file;
  }
  if (file >= 0)
    close(file);
  return -1;
}

/* Why a header of this version can't be used; NULL if it can. */
static const char *header_flaw(const file_header *h) {
  if (memcmp(h->magic, magic, sizeof magic) != 0)
    return "it isn't a file of packed weights";
  if (h->byte_order != BYTE_ORDER_MARK)
    return h->byte_order == __builtin_bswap32(BYTE_ORDER_MARK) ? "it was written with the other byte order"
                                                               : "its header is damaged";
  if (h->version != VERSION)
    return "its header is of another version; pack the weights again";
  if (h->header_checksum != checksum(h, offsetof(file_header, header_checksum)))
    return "its header is damaged";
  if (h->layout != LAYOUT || h->block != CARDINAL_BLOCK)
    return "its weights are packed in another layout; pack them again";
  if (h->format > CARDINAL_FORMAT_INT8)
    return "its weights are of a number format that this library doesn't know";
  if (h->has_bias > 1 || h->reserved[0] || h->reserved[1] || h->reserved[2])
    return "its header has values that this library doesn't know";
  return NULL;
}

/* Sets up `w` from a mapped file. */
static cardinal_status take_file(const char *function, const char *path, const void *mapping, size_t bytes,
                                 cardinal_conv_weights *w, cardinal_error *error) {
  file_header h;
  if (bytes < sizeof h)
    return cardinal_fail(error, CARDINAL_BAD_FILE, "%s: %s has %zu bytes, a header has %zu", function, path, bytes,
                         sizeof h);
  memcpy(&h, mapping, sizeof h);
  const char *flaw = header_flaw(&h);
  if (flaw)
    return cardinal_fail(error, CARDINAL_BAD_FILE, "%s: %s: %s", function, path, flaw);
  const uint64_t sizes[] = {h.groups, h.in_per_group, h.out_per_group, h.kernel_h, h.kernel_w};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i)
    if (sizes[i] < 1 || sizes[i] > INT32_MAX)
      return cardinal_fail(error, CARDINAL_BAD_FILE, "%s: %s: a dimension is %llu, expected 1 to %d", function, path,
                           (unsigned long long)sizes[i], INT32_MAX);
  const cardinal_shape shape = {.operation = CARDINAL_OPERATION_CONV,
                                .format = (cardinal_format)h.format,
                                .groups = h.groups,
                                .in_per_group = h.in_per_group,
                                .out_per_group = h.out_per_group,
                                .window = {.kernel_h = h.kernel_h, .kernel_w = h.kernel_w}};
  if (cardinal_conv_weights_measure(function, &shape, w, NULL) || w->weight_words != h.weight_words ||
      w->bias_floats != h.bias_floats)
    return cardinal_fail(error, CARDINAL_BAD_FILE, "%s: %s: the sizes in its header don't go with its shape", function,
                         path);
  if (bytes - sizeof h != cardinal_conv_weights_bytes(w))
    return cardinal_fail(error, CARDINAL_BAD_FILE, "%s: %s has %zu bytes, its header promises %zu", function, path,
                         bytes, sizeof h + cardinal_conv_weights_bytes(w));
  cardinal_conv_weights_point(w, (const char *)mapping + sizeof h);
  w->has_bias = h.has_bias;
  if (checksum(w->weights, cardinal_conv_weights_bytes(w)) != h.data_checksum)
    return cardinal_fail(error, CARDINAL_BAD_FILE, "%s: %s: its weights are damaged", function, path);
  return CARDINAL_OK;
}

cardinal_status cardinal_conv_weights_map(const cardinal_context *context, const char *path,
                                          cardinal_conv_weights **made, cardinal_error *error) {
  static const char function[] = "cardinal_conv_weights_map";
  if (!context || !path || !made)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: '%s' is NULL", function,
                         !context ? "context"
                         : !path  ? "path"
                                  : "made");
  size_t bytes;
  cardinal_status status;
  const int file = open_regular(function, path, &bytes, &status, error);
  if (file < 0)
    return status;
  void *mapping = bytes ? mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0) : NULL;
  const int reason = errno;
  close(file);
  if (mapping == MAP_FAILED)
    return cardinal_fail(error, CARDINAL_IO_ERROR, "%s: can't map %s: %s", function, path, strerror(reason));

  cardinal_conv_weights taken = {.context = context, .mapping = mapping, .mapping_bytes = bytes};
  status = take_file(function, path, mapping, bytes, &taken, error);
  cardinal_conv_weights *w = status ? NULL : cardinal_context_allocate(context, sizeof *w);
  if (!status && !w)
    status = cardinal_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for the weights", function);
  if (status) {
    if (mapping)
      munmap(mapping, bytes);
    return status;
  }
  *w = taken;
  w->self = w;
  atomic_init(&w->holders, 1);
  *made = w;
  return CARDINAL_OK;
}
