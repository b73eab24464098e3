/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Photos to tensors. Built twice: with FUZZ_PNG for PNG files, whose checksums are put right first, since hardly any
 * input would pass them; else for JPEG files. Both keep pictures below 512 rows and columns, so that an execution is
 * short; the reader's own limit is for the tests of net/.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/image.h>

#include "tests/fuzz/input.h"

enum {
  RESIZE = 36,
  CROP = 32,
  HIGHEST_BYTE = 1 /* of 16-bit sizes */
};

#ifdef FUZZ_PNG
/* The checksum of PNG's chunks (RFC 2083, section 15), bit by bit. */
static uint32_t checksum(const uint8_t *bytes, size_t size) {
  uint32_t sum = 0xFFFFFFFFu;
  for (size_t i = 0; i < size; ++i) {
    sum ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit)
      sum = sum >> 1 ^ (sum & 1 ? 0xEDB88320u : 0);
  }
  return ~sum;
}

static void prepare(uint8_t *file, size_t size) {
  static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  memcpy(file, signature, size < sizeof signature ? size : sizeof signature);
  for (size_t at = sizeof signature; at + 12 <= size;) {
    const size_t length =
        (size_t)file[at] << 24 | (size_t)file[at + 1] << 16 | (size_t)file[at + 2] << 8 | file[at + 3];
    if (length > size - at - 12)
      return;
    if (length >= 8 && memcmp(file + at + 4, "IHDR", 4) == 0)
      for (size_t size_at = at + 8; size_at < at + 16; size_at += 4) {
        file[size_at] = file[size_at + 1] = 0;
        file[size_at + 2] &= HIGHEST_BYTE;
      }
    const uint32_t sum = checksum(file + at + 4, length + 4);
    for (size_t i = 0; i < 4; ++i)
      file[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
    at += length + 12;
  }
}
#else
static void prepare(uint8_t *file, size_t size) {
  static const uint8_t start[3] = {0xFF, 0xD8, 0xFF};
  memcpy(file, start, size < sizeof start ? size : sizeof start);
  for (size_t at = 0; at + 9 <= size; ++at)
    if (file[at] == 0xFF && (file[at + 1] & 0xF0) == 0xC0) { /* a start of frame, or something that looks like one */
      file[at + 5] &= HIGHEST_BYTE;
      file[at + 7] &= HIGHEST_BYTE;
    }
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  uint8_t *file = malloc(size + 1);
  if (size)
    memcpy(file, bytes, size);
  prepare(file, size);
  const char *path = fuzz_file(file, size, 0);
  free(file);

  cardinal_image image = {0};
  cardinal_error error;
  cardinal_status status = cardinal_image_read(path, &image, &error);
  if (status) {
    fuzz_check_error(status, &error);
    if (image.pixels)
      fuzz_wrong("a refused file still gave a picture");
    return 0;
  }
  float *tensor = malloc((size_t)3 * CROP * CROP * sizeof(float));
  status = cardinal_image_transform(&image, RESIZE, CROP, tensor, &error);
  if (status)
    fuzz_wrong("a picture of %lldx%lld has no tensor: %s", (long long)image.height, (long long)image.width,
               error.message);
  for (size_t i = 0; i < (size_t)3 * CROP * CROP; ++i)
    if (!(fabsf(tensor[i]) < 3)) /* (1 - 0.406) / 0.225 at most */
      fuzz_wrong("value %zu of a tensor is %a", i, (double)tensor[i]);
  free(tensor);
  cardinal_image_free(&image);
  return 0;
}
