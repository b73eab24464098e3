/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of packed weights, to weights, plans and runs. Unless the first byte is 0, what nearly every mutation would
 * break is put right: the mark at the beginning and both checksums.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"

enum {
  HEADER_BYTES = 128,
  DIMENSIONS_AT = 32,    /* groups, input and output channels of a group, rows and columns of the window */
  DATA_CHECKSUM_AT = 88, /* of what follows the header */
  CHECKSUM_AT = 96,      /* of the header up to here */
  MOST_FLOATS = 1 << 20
};

/* As ops/weights_file.c describes it. */
static uint64_t checksum(const uint8_t *at, size_t bytes) {
  uint64_t sum = UINT64_C(0xCBF29CE484222325);
  for (size_t left = bytes; left;) {
    uint64_t word = 0;
    const size_t taken = left < sizeof word ? left : sizeof word;
    memcpy(&word, at, taken);
    sum = (sum ^ word) * UINT64_C(0x100000001B3);
    sum ^= sum >> 32;
    at += taken;
    left -= taken;
  }
  return (sum ^ bytes) * UINT64_C(0x100000001B3);
}

static void put_right(uint8_t *file, size_t size) {
  if (size < HEADER_BYTES)
    return;
  memcpy(file, "CARDCONV", 8);
  const uint64_t data = checksum(file + HEADER_BYTES, size - HEADER_BYTES);
  memcpy(file + DATA_CHECKSUM_AT, &data, sizeof data);
  const uint64_t header = checksum(file, CHECKSUM_AT);
  memcpy(file + CHECKSUM_AT, &header, sizeof header);
}

/* Runs a convolution of these weights on an image as large as their window, where both are small. */
static void run_once(const cardinal_conv_weights *weights, const uint64_t dimensions[5], int has_bias) {
  const cardinal_context *context = fuzz_context(CARDINAL_ISA_GENERIC, 1, 1);
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.groups = (int64_t)dimensions[0];
  d.in_channels = d.groups * (int64_t)dimensions[1];
  d.out_channels = d.groups * (int64_t)dimensions[2];
  d.kernel_height = d.in_height = (int64_t)dimensions[3];
  d.kernel_width = d.in_width = (int64_t)dimensions[4];
  d.has_bias = has_bias;
  size_t x_floats, y_floats;
  if (cardinal_tensor_floats(d.x_layout, 1, d.in_channels, d.in_height, d.in_width, &x_floats) ||
      cardinal_tensor_floats(d.y_layout, 1, d.out_channels, 1, 1, &y_floats) || x_floats > MOST_FLOATS ||
      y_floats > MOST_FLOATS)
    return;
  cardinal_plan *plan;
  cardinal_error error;
  if (cardinal_conv_create_packed(context, &d, weights, &plan, &error))
    fuzz_wrong("no plan of weights that were accepted: %s", error.message);
  float *x = calloc(x_floats, sizeof(float)), *y = calloc(y_floats, sizeof(float));
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
  if (cardinal_plan_run(plan, x, NULL, y, scratch, &error))
    fuzz_wrong("no run of weights that were accepted: %s", error.message);
  cardinal_plan_destroy(plan);
  free(x);
  free(y);
  free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_input input = {bytes, size};
  const int64_t choice = fuzz_between(&input, 0, 255);
  uint8_t *file = malloc(input.size + 1);
  if (input.size)
    memcpy(file, input.bytes, input.size);
  if (choice)
    put_right(file, input.size);
  uint64_t dimensions[5] = {0};
  uint32_t has_bias = 0;
  if (input.size >= HEADER_BYTES) {
    memcpy(dimensions, file + DIMENSIONS_AT, sizeof dimensions);
    memcpy(&has_bias, file + DIMENSIONS_AT - sizeof has_bias, sizeof has_bias);
  }
  const char *path = fuzz_file(file, input.size, 0);
  free(file);
  cardinal_conv_weights *weights = NULL;
  cardinal_error error;
  const cardinal_status status =
      cardinal_conv_weights_map(fuzz_context(CARDINAL_ISA_GENERIC, 1, 1), path, &weights, &error);
  if (status) {
    fuzz_check_error(status, &error);
    if (weights)
      fuzz_wrong("a refused file still gave weights");
    return 0;
  }
  run_once(weights, dimensions, (int)has_bias);
  cardinal_conv_weights_destroy(weights);
  return 0;
}
