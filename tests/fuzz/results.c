/* SPDX-License-Identifier: BSD-3-Clause */
/* Results of benchmarks: what is read is compared with itself, and made a page. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "tools/compare.h"
#include "tools/report_parts.h"

/* A run against itself has no finding. */
static void compare(const bench_file *file, FILE *to) {
  compare_result result;
  char why[512];
  if (compare_files(file, file, NULL, false, &result, why, sizeof why)) {
    result.threshold = 0;
    for (size_t i = 0; i < result.count; ++i)
      if (compare_row_verdict(&result, &result.rows[i]) == COMPARE_SLOWER)
        fuzz_wrong("%s is slower than itself", result.rows[i].before->name);
    compare_print(&result, false, to);
    json_decref(compare_json(&result));
  }
  compare_free(&result);
}

static void report(const bench_file *file, FILE *to) {
  static void (*const parts[])(const report_machine *machine, FILE *to) = {
      report_cards,   report_peers,       report_roofline, report_layers,      report_sweep,
      report_scaling, report_cardinality, report_rounds,   report_all_results,
  };
  report_data data;
  if (!report_gather(&data, file, 1))
    fuzz_wrong("no memory for the rows");
  for (size_t i = 0; i < data.machine_count; ++i)
    for (size_t p = 0; p < sizeof parts / sizeof *parts; ++p)
      parts[p](&data.machines[i], to);
  report_provenance(&data, to);
  report_archive(&data, file, 100000, to);
  report_markdown(&data, to);
  report_free(&data);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  bench_file file;
  char why[512] = "";
  if (bench_file_read(&file, fuzz_file(bytes, size, 0), why, sizeof why)) {
    for (size_t i = 0; i < file.count; ++i)
      if (!file.rows[i].error[0] && !(file.rows[i].seconds > 0))
        fuzz_wrong("%s takes %g seconds", file.rows[i].name, file.rows[i].seconds);
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (!to)
      fuzz_wrong("no memory for a page");
    compare(&file, to);
    report(&file, to);
    fclose(to);
    free(text);
  } else if (!why[0]) {
    fuzz_wrong("refused without a sentence");
  }
  bench_file_free(&file);
  return 0;
}
