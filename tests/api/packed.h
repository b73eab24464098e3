/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed weights of one convolution, and a folder for their file: what the suites of weights begin and end with. */
#ifndef CARDINAL_TESTS_API_PACKED_H
#define CARDINAL_TESTS_API_PACKED_H

#include <stddef.h>

#include <cardinal/cardinal.h>

enum {
  PACKED_CHANNELS = 24,
  PACKED_GROUPS = 6,
  PACKED_WEIGHTS = PACKED_CHANNELS * (PACKED_CHANNELS / PACKED_GROUPS) * 9,
  PACKED_MOST_FLOATS = 3 * 32 * 11 * 11
};

/* Made by packed_start, ended by packed_stop, which sees that no file but packed_path was left behind. */
extern cardinal_context *packed_context;
extern float packed_weights[PACKED_WEIGHTS], packed_bias[PACKED_CHANNELS];
extern char packed_path[64];
void packed_start(void);
void packed_stop(void);

/* A context of that ISA (NULL: the CPU's); NULL where the CPU hasn't it. */
cardinal_context *packed_make_context(const char *isa);

/* The convolution, of `batch` images of size x size. */
cardinal_conv_desc packed_conv(int64_t batch, int64_t size);

/* Each succeeds or ends the test: weights packed, mapped from the file, saved in it. */
cardinal_conv_weights *packed_make(void);
cardinal_conv_weights *packed_map(void);
void packed_save(const cardinal_conv_weights *packed);

/* Entries of the folder. */
size_t packed_files(void);

/* Runs a plan; returns how many floats y has. */
size_t packed_run(cardinal_plan *plan, int64_t batch, int64_t size, float *y);

/* A plan that refers to `packed` gives the bits of one that packed the weights itself. */
void packed_expect_same_bits(const cardinal_context *of, const cardinal_conv_weights *packed, int64_t batch,
                             int64_t size);

#endif
