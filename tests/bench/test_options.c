/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <string.h>

#include "bench/options.h"

/* Parses the words up to NULL; gives what is left of argc. */
static bool parse(char **words, bench_options *options, int *left, char *error, size_t size) {
  int count = 0;
  while (words[count])
    ++count;
  const bool good = bench_options_parse(&count, words, options, error, size);
  *left = count;
  return good;
}

Test(options, defaults_are_a_selection_within_three_minutes) {
  char program[] = "bench";
  char *words[] = {program, NULL};
  bench_options o;
  char error[256];
  int left;
  cr_assert(parse(words, &o, &left, error, sizeof error));
  cr_expect(o.filter == NULL);
  cr_expect_eq(o.quiet_rounds, 20);
  cr_expect_gt(o.budget, 0);
  cr_expect_leq(o.budget, 150);
  cr_expect_eq(o.format, BENCH_FORMAT_NONE);
  cr_expect_eq(o.output_format, BENCH_FORMAT_JSON);
  cr_expect_eq(o.repetitions, 1);
  cr_expect(!o.cold && !o.dry_run && !o.list && !o.help && !o.unit_given);
}

Test(options, own_ones_are_taken_out_and_others_passed_on) {
  char program[] = "bench", filter[] = "--benchmark_filter=^net/", rounds[] = "--cardinal_min_rounds=7",
       seconds[] = "--cardinal_seconds=0.5", cold[] = "--cardinal_cold", models[] = "--cardinal_models=resnet50",
       out[] = "--benchmark_out=x.json", repeat[] = "--benchmark_repetitions=3", color[] = "--benchmark_color=false";
  char *words[] = {program, filter, rounds, out, seconds, repeat, cold, models, color, NULL};
  bench_options o;
  char error[256];
  int left;
  cr_assert(parse(words, &o, &left, error, sizeof error), "%s", error);
  cr_expect_str_eq(o.filter, "^net/");
  cr_expect_str_eq(o.models, "resnet50");
  cr_expect_str_eq(o.output, "x.json");
  cr_expect_eq(o.quiet_rounds, 7);
  cr_expect_float_eq(o.seconds, 0.5, 1e-9);
  cr_expect_float_eq(o.budget, 0, 1e-9); /* whoever filters waits as long as it takes */
  cr_expect(o.cold);
  cr_expect_eq(o.repetitions, 3);
  cr_assert_eq(left, 3);
  cr_expect(words[1] == repeat && words[2] == color && words[3] == NULL);
}

static bench_options parse_one(const char *text) {
  char program[] = "bench", word[128];
  strcpy(word, text);
  char *words[] = {program, word, NULL};
  bench_options o;
  char error[256] = "";
  int left;
  cr_expect(parse(words, &o, &left, error, sizeof error), "%s: %s", text, error);
  return o;
}

Test(options, google_benchmarks_usual_ones_are_taken) {
  cr_expect_eq(parse_one("--benchmark_format=csv").format, BENCH_FORMAT_CSV);
  cr_expect_eq(parse_one("--benchmark_format=console").format, BENCH_FORMAT_CONSOLE);
  cr_expect_eq(parse_one("--benchmark_out_format=csv").output_format, BENCH_FORMAT_CSV);
  cr_expect_eq(parse_one("--benchmark_time_unit=ms").unit, BENCH_MILLISECONDS);
  cr_expect(parse_one("--benchmark_time_unit=ns").unit_given);
  cr_expect_float_eq(parse_one("--benchmark_min_time=0.25").seconds, 0.25, 1e-9);
  cr_expect_float_eq(parse_one("--benchmark_min_time=0.25s").seconds, 0.25, 1e-9);
  cr_expect(parse_one("--benchmark_dry_run").dry_run);
  cr_expect(parse_one("--benchmark_dry_run=true").dry_run);
  cr_expect_not(parse_one("--benchmark_dry_run=false").dry_run);
  cr_expect(parse_one("--benchmark_list_tests=yes").list);
  cr_expect_not(parse_one("--benchmark_list_tests=0").list);
  cr_expect(parse_one("--benchmark_enable_random_interleaving=true").interleaving);
  parse_one("--benchmark_color=auto");
  parse_one("--benchmark_context=a=b,c=d");
  parse_one("--benchmark_report_aggregates_only");
}

Test(options, nonsense_is_refused) {
  static const char *const bad[] = {"--benchmark_min_time=10x",
                                    "--benchmark_min_time=0",
                                    "--benchmark_min_time",
                                    "--cardinal_min_rounds=",
                                    "--cardinal_min_rounds=x",
                                    "--cardinal_min_rounds=-1",
                                    "--cardinal_seconds=0",
                                    "--cardinal_seconds=nan",
                                    "--cardinal_budget=1h",
                                    "--cardinal_coldest",
                                    "layer",
                                    "--cardinal_cold=2",
                                    "--benchmark_filters=net",
                                    "--benchmark_filter",
                                    "-x",
                                    "--benchmark_format=xml",
                                    "--benchmark_format",
                                    "--benchmark_out_format=yaml",
                                    "--benchmark_out",
                                    "--benchmark_time_unit=min",
                                    "--benchmark_repetitions=0",
                                    "--benchmark_repetitions=many",
                                    "--benchmark_color=blue",
                                    "--benchmark_dry_run=maybe",
                                    "--benchmark_context=a",
                                    "--benchmark_context=a=b,c",
                                    "--benchmark_context=a=b=c",
                                    "--benchmark_counters_tabular=7",
                                    "--case=conv ic3",
                                    "--case",
                                    "--batch=/no/such/file",
                                    "--cardinal_sweep=conv g1,",
                                    "--kernel=x.so"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    char program[] = "bench", word[64];
    strcpy(word, bad[i]);
    char *words[] = {program, word, NULL};
    bench_options o;
    char error[256] = "";
    int left;
    cr_expect_not(parse(words, &o, &left, error, sizeof error), "%s was accepted", bad[i]);
    cr_expect_gt(strlen(error), 0);
  }
}

static bench_options parse_two(const char *first, const char *second) {
  char program[] = "bench", one[64], two[64];
  strcpy(one, first);
  strcpy(two, second);
  char *words[] = {program, one, two, NULL};
  bench_options o;
  char error[256] = "";
  int left;
  cr_expect(parse(words, &o, &left, error, sizeof error), "%s %s: %s", first, second, error);
  cr_expect_eq(left, 1);
  return o;
}

Test(options, problems_come_in_this_word_or_the_next) {
  bench_options o = parse_two("--case", "avgpool c16 i7");
  cr_expect_eq(o.cases.count, 1);
  bench_options_free(&o);
  o = parse_two("--case=avgpool c16 i7", "--case=avgpool c32 i7");
  cr_expect_eq(o.cases.count, 2);
  bench_options_free(&o);
  o = parse_one("--cardinal_sweep");
  cr_expect_eq(o.sweep.count, 24);
  bench_options_free(&o);
}

Test(options, the_help_names_every_own_option) {
  char text[8192] = "";
  FILE *file = fmemopen(text, sizeof text, "w");
  bench_options_help(file);
  fclose(file);
  static const char *const own[] = {"--cardinal_models",
                                    "--cardinal_min_rounds",
                                    "--cardinal_seconds",
                                    "--cardinal_budget",
                                    "--cardinal_cold",
                                    "--cardinal_results",
                                    "--benchmark_filter",
                                    "--benchmark_list_tests",
                                    "--benchmark_dry_run",
                                    "--case",
                                    "--batch",
                                    "--cardinal_sweep"};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; ++i)
    cr_expect(strstr(text, own[i]) != NULL, "%s", own[i]);
}
