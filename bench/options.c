/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
  MOST_ROUNDS = 100000
};

/* Google Benchmark's options that make sense here; the others choose how long to measure, which isn't its job. */
static const char *const passed_on[] = {"--benchmark_format",

                                        "--benchmark_color",
                                        "--benchmark_counters_tabular",
                                        "--benchmark_context",
                                        "--benchmark_time_unit",
                                        "--benchmark_repetitions",
                                        "--benchmark_report_aggregates_only",
                                        "--benchmark_display_aggregates_only"};

void bench_options_help(FILE *file) {
  fputs(
      "usage: cardinal_bench [OPTION...]\n"
      "\n"
      "Measures this CPU's peak, the layers of networks with each instruction set, and whole networks. Without a\n"
      "filter it takes at most three minutes for a selection: peaks, the layers of ResNeXt-50 32x4d with one thread,\n"
      "and whole networks with one and with all threads. It ends in tables; outputs are checked before timings count,\n"
      "and a wrong one makes the program fail. CARDINAL_ISA and CARDINAL_NUM_THREADS are ignored.\n"
      "\n"
      "What to measure\n"
      "  --benchmark_filter=REGEX     benchmarks whose name matches the extended regular expression; with a leading\n"
      "                               '-', those that don't match\n"
      "  --benchmark_list_tests       list the names that a filter chooses from (all without a filter)\n"
      "  --cardinal_models=A,B,...    networks to choose from, such as resnet50, or resnext50_8x14d for any depth (50 "
      "or\n"
      "                               101), cardinality and width; without it, the six named ones\n"
      "Names\n"
      "  peak/fma/ISA/tN              fused multiply-adds on registers alone, N threads\n"
      "  peak/canary/ISA/tN           a matrix product's inner loop in the L1 cache\n"
      "  peak/copy/LEVEL/tN           copying within a cache level or memory\n"
      "  naive/MODEL/LAYER            seven plain loops; the faster of the builds without and with the ISA's flags\n"
      "  plain/MODEL/LAYER/ISA        the portable kernels, built with the ISA's compiler flags\n"
      "  layer/MODEL/LAYER/ISA/tN     a layer as the library runs it\n"
      "  net/MODEL/bBATCH/ISA/tN      a whole network\n"
      "\n"
      "How to measure\n"
      "  --cardinal_min_rounds=N      quiet rounds wanted for each benchmark (20)\n"
      "  --cardinal_seconds=S         at most so long for each benchmark (2)\n"
      "  --cardinal_budget=S          about so long for everything (150 without a filter, otherwise no limit)\n"
      "  --cardinal_cold              layers find their data out of all caches, not where the last run left them\n"
      "\n"
      "Results\n"
      "  --cardinal_results=DIR       write Google Benchmark's JSON to a new file in DIR\n"
      "  --benchmark_out=FILE         write it to FILE\n"
      "  --benchmark_format=FORMAT    console, json or csv on standard output in place of progress and tables\n"
      "These of Google Benchmark are passed on as well: --benchmark_color,\n"
      "--benchmark_counters_tabular, --benchmark_context, --benchmark_time_unit, --benchmark_repetitions,\n"
      "--benchmark_report_aggregates_only, --benchmark_display_aggregates_only.\n",
      file);
}

/* The value of `--name=value`, NULL if `argument` is something else. */
static const char *value_of(const char *argument, const char *name) {
  const size_t length = strlen(name);
  return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static bool is_passed_on(const char *argument) {
  for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; ++i)
    if (strcmp(argument, passed_on[i]) == 0 || value_of(argument, passed_on[i]))
      return true;
  return false;
}

static bool parse_seconds(const char *name, const char *text, double *seconds, char *error, size_t size) {
  char *end;
  errno = 0;
  *seconds = strtod(text, &end);
  if (!errno && end != text && !*end && *seconds > 0 && *seconds < 1e6)
    return true;
  snprintf(error, size, "%s: '%s' is not a number of seconds above 0", name, text);
  return false;
}

static bool parse_rounds(const char *text, size_t *rounds, char *error, size_t size) {
  char *end;
  errno = 0;
  const long value = strtol(text, &end, 10);
  *rounds = (size_t)value;
  if (!errno && end != text && !*end && value >= 1 && value <= MOST_ROUNDS)
    return true;
  snprintf(error, size, "--cardinal_min_rounds: '%s' is not a number from 1 to %d", text, MOST_ROUNDS);
  return false;
}

bool bench_options_parse(int *argc, char **argv, bench_options *o, char *error, size_t size) {
  *o = (bench_options){.quiet_rounds = 20, .seconds = 2, .own_table = true};
  bool budget_given = false;
  int kept = 1;
  for (int i = 1; i < *argc; ++i) {
    char *argument = argv[i];
    const char *value;
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
      o->help = true;
    } else if (strcmp(argument, "--benchmark_list_tests") == 0 ||
               strcmp(argument, "--benchmark_list_tests=true") == 0) {
      o->list = true;
    } else if (strcmp(argument, "--cardinal_cold") == 0) {
      o->cold = true;
    } else if ((value = value_of(argument, "--benchmark_filter"))) {
      o->filter = value;
    } else if ((value = value_of(argument, "--cardinal_models"))) {
      o->models = value;
    } else if ((value = value_of(argument, "--cardinal_results"))) {
      o->results = value;
    } else if ((value = value_of(argument, "--cardinal_min_rounds"))) {
      if (!parse_rounds(value, &o->quiet_rounds, error, size))
        return false;
    } else if ((value = value_of(argument, "--cardinal_seconds"))) {
      if (!parse_seconds("--cardinal_seconds", value, &o->seconds, error, size))
        return false;
    } else if ((value = value_of(argument, "--cardinal_budget"))) {
      budget_given = true;
      if (!parse_seconds("--cardinal_budget", value, &o->budget, error, size))
        return false;
    } else if ((value = value_of(argument, "--benchmark_out"))) {
      o->output = value;
      argv[kept++] = argument;
    } else if (is_passed_on(argument)) {
      if (value_of(argument, "--benchmark_format"))
        o->own_table = false;
      argv[kept++] = argument;
    } else {
      snprintf(error, size, "unknown option '%s'; --help lists what there is", argument);
      return false;
    }
  }
  argv[kept] = NULL;
  *argc = kept;
  if (!budget_given && !o->filter)
    o->budget = 150;
  return true;
}
