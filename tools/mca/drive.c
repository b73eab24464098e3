/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls one kernel once, on one layer's shape, for tools/mca/trace.py to watch. Data are all zero: what a kernel
 * executes doesn't depend on them.
 *
 *   mca_drive kernels        prints "KERNEL ISA FORM FORMAT LAYOUT LANES" for each kernel of the registry: what it is;
 *                            ISA has the features beyond its bundle, as in avx512+avx512_vnni
 *   mca_drive list           prints "KERNEL CASE" for each case, and each format's and ISA's hand-written kernel for it
 *   mca_drive KERNEL CASE    stops itself (SIGSTOP; not if MCA_DRIVE_RUN is set), then calls the kernel
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/cpu.h"
#include "kernels/format.h"
#include "kernels/registry.h"

/* Convolutions of ResNeXt and ResNet, named by kernel, channels a group and output map. Those with a map of 56×56 show
 * a kernel on long rows, whatever the network does at that width; the smaller maps, how much the edges cost. */
typedef struct drive_case {
  const char *name;
  size_t in_per_group, groups, in_size, kernel, stride, pad;
} drive_case;

static const drive_case cases[] = {
    {"1x1-256-28x28", 256, 1, 28, 1, 1, 0},    {"1x1-2048-7x7", 2048, 1, 7, 1, 1, 0},
    {"7x7-s2-112x112", 3, 1, 224, 7, 2, 3},    {"3x3-w4-56x56", 4, 32, 56, 3, 1, 1},
    {"3x3-w4-s2-56x56", 4, 32, 112, 3, 2, 1},  {"3x3-w8-56x56", 8, 32, 56, 3, 1, 1},
    {"3x3-w8-28x28", 8, 32, 28, 3, 1, 1},      {"3x3-w8-s2-56x56", 8, 32, 112, 3, 2, 1},
    {"3x3-w8-s2-28x28", 8, 32, 56, 3, 2, 1},   {"3x3-w16-56x56", 16, 32, 56, 3, 1, 1},
    {"3x3-w16-14x14", 16, 32, 14, 3, 1, 1},    {"3x3-w16-s2-56x56", 16, 32, 112, 3, 2, 1},
    {"3x3-w16-s2-14x14", 16, 32, 28, 3, 2, 1}, {"3x3-w32-56x56", 32, 32, 56, 3, 1, 1},
    {"3x3-w32-7x7", 32, 32, 7, 3, 1, 1},       {"3x3-w32-s2-7x7", 32, 32, 14, 3, 2, 1},
    {"5x5-w4-56x56", 4, 32, 56, 5, 1, 2},      {"5x5-w8-56x56", 8, 32, 56, 5, 1, 2},
    {"5x5-w16-56x56", 16, 32, 56, 5, 1, 2},    {"5x5-w16-s2-56x56", 16, 32, 112, 5, 2, 2},
};
enum {
  N_CASES = sizeof cases / sizeof cases[0]
};

/* Of the layer as much as makes about this many products of a cell a lane: llvm-mca reads some 60,000 instructions a
 * second. */
enum {
  PRODUCTS = 8000,
  MOST_CELLS = 128
};

/* But so many rows at least. Kernels for narrow groups may work on three output rows at once, of which the first and
 * the last few of a call aren't wanted; in a network a call has all rows of an image. */
enum {
  LEAST_ROWS = 2,
  LEAST_ROWS_NARROW = 14
};

static size_t out_size(const drive_case *c) {
  return (c->in_size + 2 * c->pad - c->kernel) / c->stride + 1;
}

static cardinal_shape shape_of(const drive_case *c, const cardinal_kernel *kernel) {
  return (cardinal_shape){.operation = CARDINAL_OPERATION_CONV,
                          .format = kernel->format,
                          .x_layout = kernel->x_layout,
                          .batch = 1,
                          .groups = c->groups,
                          .in_per_group = c->in_per_group,
                          .out_per_group = c->groups == 1 ? 64 : c->in_per_group,
                          .in_height = c->in_size,
                          .in_width = c->in_size,
                          .out_height = out_size(c),
                          .out_width = out_size(c),
                          .window = cardinal_square_window(c->kernel, c->stride, 1, c->pad)};
}

/* Whether a kernel is the one of its format that a CPU with its ISA, and no feature that it doesn't need, runs a case
 * with. */
static bool serves(const cardinal_kernel *kernel, const drive_case *c) {
  const cardinal_shape shape = shape_of(c, kernel);
  if (kernel->isa == CARDINAL_ISA_GENERIC ||
      (kernel->form != CARDINAL_FORM_CONV && kernel->form != CARDINAL_FORM_CONV1X1))
    return false;
  for (const cardinal_kernel *k = cardinal_kernels; k <= kernel; ++k)
    if (k->isa == kernel->isa && (k->needs & ~kernel->needs) == 0 && cardinal_kernel_declines_shape(k, &shape) == NULL)
      return k == kernel;
  return false;
}

static float *zeros(size_t floats) {
  size_t bytes = (floats * sizeof(float) + 4095) / 4096 * 4096;
  float *memory = aligned_alloc(4096, bytes);
  if (memory == NULL) {
    fputs("mca_drive: no memory\n", stderr);
    exit(1);
  }
  memset(memory, 0, bytes);
  return memory;
}

/* The trace ends when execution comes back to this function; so it stays one. */
__attribute__((noinline, used)) static void mca_drive_call(const cardinal_kernel *kernel,
                                                           const cardinal_conv1x1_args *pointwise,
                                                           const cardinal_conv_args *spatial) {
  if (kernel->form == CARDINAL_FORM_CONV1X1)
    kernel->conv1x1(pointwise);
  else
    kernel->conv(spatial);
  __asm__ volatile("" ::: "memory"); /* not a tail call */
}

static void drive(const cardinal_kernel *kernel, const drive_case *c) {
  const cardinal_shape shape = shape_of(c, kernel);
  size_t out = out_size(c), slot = cardinal_shape_slot(&shape);
  size_t in_pixels = c->in_size * c->in_size, out_pixels = out * out;
  size_t blocks = (c->in_per_group + CARDINAL_BLOCK - 1) / CARDINAL_BLOCK;
  size_t tile_blocks = kernel->form == CARDINAL_FORM_CONV1X1 ? kernel->tile_blocks : 1;
  const size_t most = MOST_CELLS * cardinal_cell_channels(kernel->format);
  const size_t channels = c->in_per_group < most ? c->in_per_group : most;
  const size_t cells = cardinal_cells(kernel->format, channels);
  const size_t panel = cardinal_cells(kernel->format, c->in_per_group) * CARDINAL_BLOCK;
  size_t pixels = PRODUCTS / (c->kernel * c->kernel * cells);
  const size_t enough = pixels / out,
               least = kernel->slot != 0 && c->in_per_group < CARDINAL_BLOCK ? LEAST_ROWS_NARROW : LEAST_ROWS;
  const size_t rows = enough > least ? enough < out ? enough : out : least < out ? least : out;
  size_t row_begin = (out - rows) / 2;
  float *x = zeros(blocks * in_pixels * CARDINAL_BLOCK);
  float *w = zeros(tile_blocks * blocks * c->kernel * c->kernel * CARDINAL_BLOCK * CARDINAL_BLOCK);
  float *bias = zeros(tile_blocks * CARDINAL_BLOCK);
  float *scale = zeros(tile_blocks * CARDINAL_BLOCK);
  float *y = zeros(tile_blocks * out_pixels * CARDINAL_BLOCK);

  cardinal_conv1x1_args pointwise = {.x = x,
                                     .w = w,
                                     .bias = bias,
                                     .scale = scale,
                                     .y = y,
                                     .pixels = rows * out,
                                     .channels = channels,
                                     .blocks = tile_blocks,
                                     .x_block = in_pixels * CARDINAL_BLOCK,
                                     .w_panel = panel,
                                     .y_block = out_pixels * CARDINAL_BLOCK,
                                     .lane_mask = CARDINAL_ALL_LANES,
                                     .relu = 1,
                                     .next_w = w,
                                     .next_w_bytes = tile_blocks * panel * CARDINAL_CELL_BYTES};
  const bool nchw = kernel->x_layout == CARDINAL_LAYOUT_NCHW;
  cardinal_conv_args spatial = {.x = x,
                                .w = w,
                                .bias = bias,
                                .scale = scale,
                                .y = y,
                                .channels = channels,
                                .slot = slot,
                                .in_height = c->in_size,
                                .in_width = c->in_size,
                                .out_width = out,
                                .row_begin = row_begin,
                                .row_end = row_begin + rows,
                                .x_block = nchw ? in_pixels : in_pixels * CARDINAL_BLOCK,
                                .x_row = nchw ? c->in_size : c->in_size * CARDINAL_BLOCK,
                                .y_row = out * CARDINAL_BLOCK,
                                .window = cardinal_square_window(c->kernel, c->stride, 1, c->pad),
                                .lane_mask = CARDINAL_ALL_LANES,
                                .relu = 1};
  if (getenv("MCA_DRIVE_RUN") == NULL)
    raise(SIGSTOP);
  mca_drive_call(kernel, &pointwise, &spatial);
  free(x);
  free(w);
  free(bias);
  free(scale);
  free(y);
}

static void print_isa(const cardinal_kernel *kernel) {
  printf("%s", cardinal_isa_name(kernel->isa));
  const uint32_t beyond = kernel->needs & ~cardinal_isa_needs(kernel->isa);
  for (uint32_t bit = 1; bit; bit <<= 1)
    if (beyond & bit)
      printf("+%s", cardinal_cpu_feature_name(bit));
}

/* By cardinal_format, whose public names are in a library above the kernels. */
static const char *const format_names[] = {"f32", "bf16", "int8"};

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "list") == 0) {
    for (size_t k = 0; k < cardinal_kernel_count; k++)
      for (size_t c = 0; c < N_CASES; c++)
        if (serves(&cardinal_kernels[k], &cases[c]))
          printf("%s %s\n", cardinal_kernels[k].name, cases[c].name);
    return 0;
  }
  if (count == 2 && strcmp(arguments[1], "kernels") == 0) {
    for (size_t k = 0; k < cardinal_kernel_count; k++) {
      const cardinal_kernel *kernel = &cardinal_kernels[k];
      printf("%s ", kernel->name);
      print_isa(kernel);
      printf(" %s %s %s %zu\n", cardinal_form_name(kernel->form), format_names[kernel->format],
             kernel->x_layout == CARDINAL_LAYOUT_NCHW ? "nchw" : "blocked16", kernel->slot);
    }
    return 0;
  }
  if (count == 3) {
    const cardinal_kernel *kernel = cardinal_kernel_find(arguments[1]);
    for (size_t c = 0; c < N_CASES; c++)
      if (kernel != NULL && strcmp(cases[c].name, arguments[2]) == 0 && serves(kernel, &cases[c])) {
        drive(kernel, &cases[c]);
        return 0;
      }
  }
  fputs("usage: mca_drive kernels | mca_drive list | mca_drive KERNEL CASE (from the list)\n", stderr);
  return 1;
}
