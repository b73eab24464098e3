/* SPDX-License-Identifier: BSD-3-Clause */
/* How operators are cut into items: a table of shapes, caches and threads, and what must hold for any of them. */
#include <criterion/criterion.h>

#include "ops/blocking.h"

enum {
  KIB = 1 << 10
};

static cardinal_shape conv(size_t groups, size_t in, size_t out, size_t size, size_t kernel, size_t stride) {
  const size_t out_size = (size + stride - 1) / stride;
  return (cardinal_shape){.operation = CARDINAL_OPERATION_CONV,
                          .batch = 1,
                          .groups = groups,
                          .in_per_group = in,
                          .out_per_group = out,
                          .in_height = size,
                          .in_width = size,
                          .out_height = out_size,
                          .out_width = out_size,
                          .window = cardinal_square_window(kernel, stride, 1, kernel / 2)};
}

/* 1×1 convolutions by a kernel with tiles of 14 pixels × 2 blocks. */
Test(blocking, conv1x1) {
  static const struct {
    size_t in, out, size, stride, l2_kib, threads;
    size_t pixel_chunk, block_chunk;
  } table[] = {
      /* weights of 64 KiB fit half of 1 MiB: the pixels, of 256 bytes, take a quarter; 3136 in 4 chunks */
      {64, 256, 56, 1, 1024, 1, 784, 16},
      /* the same in 512 KiB: the weights fit, the pixels' quarter is 128 KiB */
      {64, 256, 56, 1, 512, 1, 448, 16},
      /* weights of 8 MiB stream, the pixels may take 13/16 of L2: 49 of 8 KiB, all at once */
      {2048, 1024, 7, 1, 1024, 1, 49, 64},
      /* an L2 too small for anything still gives chunks of 4 tiles */
      {2048, 1024, 14, 1, 64, 1, 49, 64},
      /* two threads want 16 items: blocks are cut, and pixels where there are too few blocks */
      {64, 256, 56, 1, 1024, 2, 784, 4},
      {256, 64, 56, 1, 1024, 2, 252, 2},
      /* strided: gathered pixels aren't cut below 16 tiles (here 4 chunks of 14), blocks are */
      {256, 512, 56, 2, 1024, 2, 196, 8},
      /* more threads than work */
      {16, 16, 1, 1, 1024, 64, 1, 2},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
    const cardinal_shape shape = conv(1, table[i].in, table[i].out, table[i].size, 1, table[i].stride);
    const cardinal_resources resources = {.l2_bytes = table[i].l2_kib * KIB, .threads = table[i].threads};
    const cardinal_blocking b = cardinal_blocking_conv1x1(&shape, table[i].stride > 1, 14, 2, &resources);
    cr_expect(b.pixel_chunk == table[i].pixel_chunk && b.block_chunk == table[i].block_chunk,
              "row %zu: %zu pixels × %zu blocks, expected %zu × %zu", i, b.pixel_chunk, b.block_chunk,
              table[i].pixel_chunk, table[i].block_chunk);
  }
}

/* Convolutions with a window; groups of 14 straddle blocks, so that their rows are gathered. */
Test(blocking, conv) {
  static const struct {
    size_t groups, width, size, l2_kib, threads;
    size_t row_chunk;
  } table[] = {
      {32, 4, 56, 1024, 1, 56},  /* one thread: whole images */
      {32, 4, 56, 1024, 2, 28},  /* 8 blocks, 16 items */
      {1, 16, 56, 1024, 2, 4},   /* 1 block, 14 items of 4 rows */
      {1, 16, 7, 1024, 64, 1},   /* more threads than rows */
      {32, 16, 14, 1024, 2, 14}, /* 32 blocks are enough */
      {8, 14, 28, 1024, 1, 28},  /* gathered: 28 rows of 1 + 1 blocks fit half of L2 */
      {8, 14, 28, 64, 1, 7},     /* and here 7 of them */
      {8, 14, 28, 1, 1, 1},      /* at least a row */
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
    const cardinal_shape shape = conv(table[i].groups, table[i].width, table[i].width, table[i].size, 3, 1);
    const cardinal_grouping grouping = cardinal_grouping_of(&shape);
    const cardinal_resources resources = {.l2_bytes = table[i].l2_kib * KIB, .threads = table[i].threads};
    const cardinal_gathering gathering = {
        .x = !grouping.x_aligned, .y = !grouping.x_aligned, .y_number = 4, .panels = 1};
    const size_t rows = cardinal_blocking_conv(&shape, &grouping, &gathering, &resources).row_chunk;
    cr_expect_eq(rows, table[i].row_chunk, "row %zu: %zu rows an item, expected %zu", i, rows, table[i].row_chunk);
  }
}

/* Groups of 4 and 8 in NHWC: panels of 256 bytes are moved together, as many rows as fit half of L2; rather fewer
 * panels than few rows, and half as many where only then rows are many times those that bands share. */
Test(blocking, conv_of_panels) {
  static const struct {
    cardinal_format format;
    size_t width, stride, l2_kib, threads;
    size_t units, panels, rows;
  } table[] = {
      /* rows have 3.5 KiB: 4 panels of 16 + 14 fit, but share 2 rows of 14; 2 of 30 + 28 share little */
      {CARDINAL_FORMAT_F32, 4, 1, 1024, 1, 2, 2, 28},
      {CARDINAL_FORMAT_F32, 4, 1, 2048, 1, 4, 4, 28},
      {CARDINAL_FORMAT_F32, 4, 1, 512, 1, 4, 4, 7},  /* 2 of 16 + 14 would fit, but share too much still */
      {CARDINAL_FORMAT_F32, 4, 1, 256, 1, 2, 2, 7},  /* 4 panels of (9 + 7) rows don't fit, nor do 2 of (16 + 14) */
      {CARDINAL_FORMAT_F32, 4, 1, 64, 1, 1, 1, 2},   /* 4 rows would be 21 + 14 KiB */
      {CARDINAL_FORMAT_F32, 4, 1, 8, 1, 1, 1, 1},    /* at least a row */
      {CARDINAL_FORMAT_F32, 4, 1, 1024, 2, 4, 4, 7}, /* 16 items wanted, 2 for each 4 rows */
      /* with stride 2, 14 output rows share one of 28 */
      {CARDINAL_FORMAT_F32, 8, 2, 1024, 1, 4, 4, 14},
      /* twice as many panels of a half, and four times of a quarter */
      {CARDINAL_FORMAT_BF16, 4, 1, 1024, 1, 4, 4, 28},
      {CARDINAL_FORMAT_INT8, 4, 1, 1024, 1, 8, 8, 28},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i) {
    cardinal_shape shape = conv(32, table[i].width, table[i].width, 56, 3, table[i].stride);
    shape.format = table[i].format;
    const size_t number = cardinal_format_size(table[i].format);
    const cardinal_grouping grouping = cardinal_grouping_of(&shape);
    const cardinal_gathering gathering = {.x = true, .y = true, .y_number = number, .panels = 16 / number};
    const cardinal_resources resources = {.l2_bytes = table[i].l2_kib * KIB, .threads = table[i].threads};
    const cardinal_blocking b = cardinal_blocking_conv(&shape, &grouping, &gathering, &resources);
    cr_expect(b.unit_chunk == table[i].units && b.panels_scattered == table[i].panels && b.row_chunk == table[i].rows,
              "row %zu: %zu units, %zu panels, %zu rows", i, b.unit_chunk, b.panels_scattered, b.row_chunk);
  }
}

Test(blocking, pool_and_fc) {
  cardinal_shape shape = conv(64, 1, 1, 112, 3, 2);
  shape.operation = CARDINAL_OPERATION_MAX_POOL;
  const cardinal_grouping grouping = cardinal_grouping_of(&shape);
  cr_expect(grouping.units == 4 && grouping.slot == 1);
  const cardinal_resources one = {.threads = 1}, four = {.threads = 4}, many = {.threads = 400};
  cr_expect_eq(cardinal_blocking_pool(&shape, &grouping, &one).row_chunk, 56u);
  cr_expect_eq(cardinal_blocking_pool(&shape, &grouping, &four).row_chunk, 14u);
  cr_expect_eq(cardinal_blocking_pool(&shape, &grouping, &many).row_chunk, 1u);
  cr_expect_eq(cardinal_blocking_fc(1).block_chunk, 4u);
  cr_expect_eq(cardinal_blocking_fc(8).block_chunk, 8u);
}

/* Whatever the caches and threads, chunks are positive and no longer than what they cut (up to whole tiles). */
Test(blocking, any_machine) {
  for (size_t size = 1; size <= 57; size += 7)
    for (size_t channels = 1; channels <= 2100; channels = channels * 3 + 5)
      for (size_t l2 = 0; l2 <= 4096; l2 = l2 * 4 + 16)
        for (size_t threads = 1; threads <= 4096; threads *= 8)
          for (size_t stride = 1; stride <= 2; ++stride) {
            const cardinal_shape shape = conv(1, channels, channels, size, 1, stride);
            const cardinal_resources resources = {.l2_bytes = l2 * KIB, .threads = threads};
            const cardinal_blocking b = cardinal_blocking_conv1x1(&shape, stride > 1, 6, 2, &resources);
            const size_t pixels = shape.out_height * shape.out_width, blocks = (channels + 15) / 16;
            cr_assert(b.pixel_chunk >= 1 && b.pixel_chunk < pixels + 6 && b.block_chunk >= 1 &&
                          b.block_chunk <= blocks + 1 && b.block_chunk % 2 == 0,
                      "%zu channels, size %zu, L2 %zu KiB, %zu threads: %zu pixels × %zu blocks", channels, size, l2,
                      threads, b.pixel_chunk, b.block_chunk);
            const cardinal_grouping grouping = cardinal_grouping_of(&shape);
            for (int gathers = 0; gathers < 4; ++gathers) {
              const cardinal_gathering gathering = {
                  .x = gathers & 1, .y = gathers & 2, .y_number = 4, .panels = gathers ? 8 : 1};
              const cardinal_blocking w = cardinal_blocking_conv(&shape, &grouping, &gathering, &resources);
              cr_assert(w.row_chunk >= 1 && w.row_chunk <= shape.out_height && w.block_chunk >= 1 &&
                        w.block_chunk <= grouping.out_blocks);
              cr_assert(w.unit_chunk == 1 && w.panels_scattered >= 1 && w.panels_scattered <= w.block_chunk);
            }
          }
}
