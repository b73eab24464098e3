/* SPDX-License-Identifier: BSD-3-Clause */
/* The benchmark program: names, measures, reports. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/provenance.h"
#include "bench/report.h"
#include "bench/shim.h"

enum {
  COUNTERS = 8
};

/* What a benchmark needs to show its progress. */
typedef struct turn {
  bench_runner *runner;
  bench_suite *suite;
  bench_entry *entry;
  FILE *progress;
  size_t number, count;
  bench_counter counters[COUNTERS];
} turn;

static void run_turn(void *user, bench_shim_result *shown) {
  turn *t = user;
  bench_entry *e = t->entry;
  fprintf(t->progress, "[%*zu/%zu] %-48s ", t->count < 100 ? 2 : 3, t->number, t->count, e->name);
  fflush(t->progress);
  bench_run(t->runner, e);
  bench_report_line(e, t->progress);
  fflush(t->progress);

  const cardinal_measurement *m = &e->result.measured;
  size_t counters = 0;
  t->counters[counters++] = (bench_counter){"gflops", m->gflops};
  t->counters[counters++] = (bench_counter){"peak_pct", m->peak_pct};
  t->counters[counters++] = (bench_counter){"canary_pct", m->canary_pct};
  t->counters[counters++] = (bench_counter){"quiet_rounds", (double)m->quiet_rounds};
  t->counters[counters++] = (bench_counter){"spread_pct", m->spread_pct};
  t->counters[counters++] = (bench_counter){"peak_gflops", m->peak};
  const double times_naive = bench_times_naive(t->suite, e);
  if (times_naive > 0)
    t->counters[counters++] = (bench_counter){"x_naive", times_naive};
  if (e->result.bytes > 0)
    t->counters[counters++] = (bench_counter){"bytes_per_second", e->result.bytes / m->seconds};
  *shown = (bench_shim_result){.error = e->result.done       ? NULL
                                        : e->result.error[0] ? e->result.error
                                                             : "no result",
                               .label = e->result.label,
                               .seconds = m->seconds,
                               .rounds = m->rounds,
                               .counters = t->counters,
                               .counter_count = counters};
}

/* The new file in the folder of results, as Google Benchmark's option. */
static bool output_option(const bench_suite *s, char *option, size_t size) {
  const char *folder = s->options->results;
  if (mkdir(folder, 0777) && errno != EEXIST) {
    fprintf(stderr, "cardinal_bench: can't make the folder '%s': %s\n", folder, strerror(errno));
    return false;
  }
  const int length = snprintf(option, size, "--benchmark_out=%s/bench-%s.json", folder, s->machine.stamp);
  return length > 0 && (size_t)length < size;
}

static int list(const bench_suite *s) {
  for (size_t i = 0; i < s->entry_count; ++i)
    if (s->entries[i].selected)
      puts(s->entries[i].name);
  return EXIT_SUCCESS;
}

static int run(bench_suite *s, int argc, char **argv) {
  char option[4096] = "";
  char **arguments = bench_memory(((size_t)argc + 2) * sizeof *arguments);
  memcpy(arguments, argv, (size_t)argc * sizeof *arguments);
  if (s->options->results && !s->options->output) {
    if (!output_option(s, option, sizeof option))
      return EXIT_FAILURE;
    arguments[argc++] = option;
  }
  arguments[argc] = NULL;

  bench_runner *runner = bench_runner_create(s);
  turn *turns = bench_memory(s->entry_count * sizeof *turns);
  size_t count = 0;
  for (size_t i = 0; i < s->entry_count; ++i)
    if (s->entries[i].selected) {
      turns[count] = (turn){.runner = runner,
                            .suite = s,
                            .entry = &s->entries[i],
                            .progress = s->options->own_table ? stdout : stderr,
                            .number = count + 1};
      ++count;
    }
  for (size_t i = 0; i < count; ++i) {
    turns[i].count = count;
    bench_shim_register(turns[i].entry->name, run_turn, &turns[i]);
  }
  bench_provenance(s);
  bench_shim_main(argc, arguments, s->options->own_table);
  if (s->options->own_table) {
    bench_report_tables(s, stdout);
    if (option[0])
      printf("\nWritten to %s\n", strchr(option, '=') + 1);
  }
  bool all_done = true;
  for (size_t i = 0; i < count; ++i)
    all_done = all_done && turns[i].entry->result.done;
  bench_runner_destroy(runner);
  free(turns);
  free(arguments);
  return all_done ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
  bench_options options;
  bench_suite suite;
  char error[1024];
  if (!bench_options_parse(&argc, argv, &options, error, sizeof error)) {
    fprintf(stderr, "cardinal_bench: %s\n", error);
    return EXIT_FAILURE;
  }
  if (options.help) {
    bench_options_help(stdout);
    return EXIT_SUCCESS;
  }
  if (!bench_suite_make(&suite, &options, error, sizeof error)) {
    fprintf(stderr, "cardinal_bench: %s\n", error);
    bench_suite_destroy(&suite);
    return EXIT_FAILURE;
  }
  const int status = options.list ? list(&suite) : run(&suite, argc, argv);
  bench_suite_destroy(&suite);
  return status;
}
