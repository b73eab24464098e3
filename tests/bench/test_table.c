/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdlib.h>

#include "bench/table.h"

static char *printed(const bench_table *table, const char *alignment) {
  char *text = NULL;
  size_t size = 0;
  FILE *file = open_memstream(&text, &size);
  cr_assert(file);
  bench_table_print(table, alignment, file);
  fclose(file);
  return text;
}

Test(table, columns_are_as_wide_as_their_widest_cell) {
  bench_table t;
  bench_table_open(&t, 3);
  bench_table_add(&t, "layer");
  bench_table_add(&t, "ms");
  bench_table_add(&t, "kernel");
  bench_table_add(&t, "%s.%d", "layer1", 0);
  bench_table_add(&t, "%.3f", 12.3456);
  bench_table_add(&t, "short");
  bench_table_add(&t, "fc");
  bench_table_add(&t, "%.3f", 0.5);
  bench_table_add(&t, "a_longer_name");
  char *text = printed(&t, "lrl");
  cr_expect_str_eq(text, "layer         ms  kernel\n"
                         "-------------------------------\n"
                         "layer1.0  12.346  short\n"
                         "fc         0.500  a_longer_name\n");
  free(text);
  bench_table_close(&t);
}

Test(table, the_last_column_may_be_aligned_right) {
  bench_table t;
  bench_table_open(&t, 1);
  bench_table_add(&t, "n");
  bench_table_add(&t, "100");
  char *text = printed(&t, "r");
  cr_expect_str_eq(text, "  n\n---\n100\n");
  free(text);
  bench_table_close(&t);
}

Test(table, long_cells_are_kept_and_steer_no_terminal) {
  bench_table t;
  bench_table_open(&t, 1);
  bench_table_add(&t, "%0300d", 1);
  bench_table_add(&t, "a\x1b[2Jb");
  cr_expect_eq(strlen(t.cell[0]), 300);
  cr_expect_str_eq(t.cell[1], "a?[2Jb");
  bench_table_close(&t);
}

Test(table, markdown_tells_alignment_and_keeps_bars) {
  bench_table t;
  bench_table_open(&t, 2);
  bench_table_add(&t, "name");
  bench_table_add(&t, "ms");
  bench_table_add(&t, "a|b");
  bench_table_figure(&t, "%.1f", 2.5, false);
  char *text = NULL;
  size_t size = 0;
  FILE *file = open_memstream(&text, &size);
  cr_assert(file);
  bench_table_markdown(&t, "lr", file);
  fclose(file);
  cr_expect_str_eq(text, "| name | ms |\n|---|---:|\n| a\\|b | ~2.5 |\n");
  free(text);
  bench_table_close(&t);
}
