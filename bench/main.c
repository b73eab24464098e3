/* SPDX-License-Identifier: BSD-3-Clause */
/* The benchmark program: names, measures, reports. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/report.h"
#include "bench/results.h"
#include "tools/outfile.h"
#include "tools/process.h"

static int complain(const char *where, const char *what) {
  fprintf(stderr, "cardinal_bench: %s: %s\n", where, what);
  return EXIT_FAILURE;
}

/* Where the results go: the user's file, or a new one in the folder of results; "" for nowhere. */
static bool output_path(const bench_suite *s, char *path, size_t size) {
  const bench_options *o = s->options;
  path[0] = '\0';
  if (!o->output && !o->results)
    return true;
  if (!o->output && mkdir(o->results, 0777) && errno != EEXIST) {
    complain(o->results, strerror(errno));
    return false;
  }
  const int length = o->output ? snprintf(path, size, "%s", o->output)
                               : snprintf(path, size, "%s/bench-%s.json", o->results, s->machine.stamp);
  if (length > 0 && (size_t)length < size)
    return true;
  complain(o->output ? o->output : o->results, "no name of a file");
  return false;
}

/* Whether all that was printed has arrived. */
static bool printed(void) {
  errno = 0;
  if (!fflush(stdout) && !ferror(stdout))
    return true;
  complain("standard output", errno ? strerror(errno) : "can't be written");
  return false;
}

static int list(const bench_suite *s) {
  for (size_t i = 0; i < s->entry_count; ++i)
    if (s->entries[i].selected)
      puts(s->entries[i].name);
  return printed() ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Runs all that are selected and tells about each; whether all went well. */
static bool measure(bench_suite *s) {
  FILE *progress = s->options->format == BENCH_FORMAT_NONE ? stdout : stderr;
  bench_runner *runner = bench_runner_create(s);
  size_t count = 0, number = 0;
  for (size_t i = 0; i < s->entry_count; ++i)
    count += s->entries[i].selected;
  bool all_done = true;
  for (bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e) {
    if (!e->selected)
      continue;
    fprintf(progress, "[%*zu/%zu] %-48s ", count < 100 ? 2 : 3, ++number, count, e->name);
    fflush(progress);
    bench_run(runner, e);
    bench_report_line(e, progress);
    fflush(progress);
    all_done = all_done && e->result.done;
  }
  bench_conclude(runner);
  bench_runner_destroy(runner);
  return all_done;
}

/* Writes the results and says where. */
static bool write_results(const bench_suite *s, int argc, char **argv, outfile *file) {
  char *text = NULL;
  size_t size = 0;
  const bool own_table = s->options->format == BENCH_FORMAT_NONE;
  bool good = bench_results_write(s, argc, argv, &text, &size);
  if (own_table)
    bench_report_tables(s, stdout);
  if (good && file->stream) {
    good = outfile_write(file, text, size) && outfile_finish(file);
    if (!good)
      complain(file->path, file->problem);
    else if (own_table)
      printf("\nWritten to %s\n", file->path);
  }
  free(text);
  return printed() && good;
}

static int run(bench_suite *s, int argc, char **argv) {
  char path[4096];
  outfile file = {.stream = NULL};
  if (!output_path(s, path, sizeof path))
    return EXIT_FAILURE;
  /* Opened before anything is measured, so that a wrong name doesn't cost three minutes. */
  if (path[0] && !outfile_open(&file, path)) {
    complain(path, file.problem);
    outfile_abandon(&file);
    return EXIT_FAILURE;
  }
  if (s->options->interleaving)
    fputs(
        "cardinal_bench: --benchmark_enable_random_interleaving changes nothing: each round interleaves the peak, the "
        "canary and what is measured\n",
        stderr);
  const bool all_done = measure(s);
  const bool written = write_results(s, argc, argv, &file);
  outfile_abandon(&file);
  return all_done && written ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
  bench_options options;
  bench_suite suite;
  char error[1024];
  process_start();
  if (!bench_options_parse(&argc, argv, &options, error, sizeof error)) {
    fprintf(stderr, "cardinal_bench: %s\n", error);
    bench_options_free(&options);
    return EXIT_FAILURE;
  }
  if (options.help) {
    bench_options_help(stdout);
    return printed() ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  if (!bench_suite_make(&suite, &options, error, sizeof error)) {
    fprintf(stderr, "cardinal_bench: %s\n", error);
    bench_suite_destroy(&suite);
    return EXIT_FAILURE;
  }
  const int status = options.list ? list(&suite) : run(&suite, argc, argv);
  bench_suite_destroy(&suite);
  bench_options_free(&options);
  return status;
}
