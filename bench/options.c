/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
  MOST_ROUNDS = 100000,
  MOST_REPETITIONS = 1000
};

void bench_options_free(bench_options *o) {
  free(o->cases.problem);
  free(o->sweep.problem);
}

void bench_options_help(FILE *file) {
  static const char *const lines[] = {
#include "bench/help_lines.h"
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; ++i)
    fputs(lines[i], file);
}

/* One option on its way into the struct. */
typedef struct argument {
  const char *text;  /* as it was given */
  const char *value; /* behind the '=', NULL if there is none */
  const char *next;  /* the argument behind it, NULL if there is none */
  bool took_next;
  char *error;
  size_t size;
} argument;

/* Whether it is the option `name`, with or without a value. */
static bool is_option(argument *a, const char *name) {
  const size_t length = strlen(name);
  if (strncmp(a->text, name, length) != 0 || (a->text[length] && a->text[length] != '='))
    return false;
  a->value = a->text[length] ? a->text + length + 1 : NULL;
  return true;
}

/* "--name: 'value' is not ..." */
static bool refuse(const argument *a, const char *expected) {
  const size_t name = strcspn(a->text, "=");
  if (a->value)
    snprintf(a->error, a->size, "%.*s: '%s' is not %s", (int)name, a->text, a->value, expected);
  else
    snprintf(a->error, a->size, "%.*s needs a value: %s", (int)name, a->text, expected);
  return false;
}

static bool parse_text(const argument *a, const char **text) {
  *text = a->value;
  return a->value || refuse(a, "--help says which");
}

/* Also with an "s" behind it, as newer versions of Google Benchmark have it. */
static bool parse_seconds(const argument *a, double *seconds) {
  char *end = NULL;
  errno = 0;
  if (a->value) {
    *seconds = strtod(a->value, &end);
    if (!errno && end != a->value && (!*end || strcmp(end, "s") == 0) && *seconds > 0 && *seconds < 1e6)
      return true;
  }
  return refuse(a, "a number of seconds above 0");
}

static bool parse_count(const argument *a, long most, size_t *count) {
  char *end = NULL;
  errno = 0;
  if (a->value) {
    const long value = strtol(a->value, &end, 10);
    *count = (size_t)value;
    if (!errno && end != a->value && !*end && value >= 1 && value <= most)
      return true;
  }
  char expected[64];
  snprintf(expected, sizeof expected, "a number from 1 to %ld", most);
  return refuse(a, expected);
}

static const char *const truths[] = {"true", "yes", "on", "1", "t", "y", NULL};
static const char *const untruths[] = {"false", "no", "off", "0", "f", "n", NULL};

static bool is_one_of(const char *value, const char *const *words) {
  for (; *words; ++words)
    if (strcmp(value, *words) == 0)
      return true;
  return false;
}

/* An option alone means true. */
static bool parse_bool(const argument *a, bool *truth) {
  *truth = !a->value || is_one_of(a->value, truths);
  return *truth || is_one_of(a->value, untruths) || refuse(a, "true or false");
}

static bool check_bool(const argument *a) {
  bool truth;
  return parse_bool(a, &truth);
}

static bool check_color(const argument *a) {
  return (a->value && strcmp(a->value, "auto") == 0) || check_bool(a);
}

/* KEY=VALUE,KEY=VALUE,... */
static bool check_context(const argument *a) {
  const char *const expected = "a list of KEY=VALUE, separated by commas";
  if (!a->value)
    return refuse(a, expected);
  for (const char *pair = a->value;; ++pair) {
    const size_t length = strcspn(pair, ","), key = strcspn(pair, "=,");
    if (key == 0 || key == length || memchr(pair + key + 1, '=', length - key - 1))
      return refuse(a, expected);
    pair += length;
    if (!*pair)
      return true;
  }
}

static bool parse_format(const argument *a, bench_format *format) {
  static const char *const names[] = {
      [BENCH_FORMAT_CONSOLE] = "console", [BENCH_FORMAT_JSON] = "json", [BENCH_FORMAT_CSV] = "csv"};
  for (size_t i = BENCH_FORMAT_CONSOLE; a->value && i < sizeof names / sizeof names[0]; ++i)
    if (strcmp(a->value, names[i]) == 0) {
      *format = (bench_format)i;
      return true;
    }
  return refuse(a, "console, json or csv");
}

static bool parse_unit(const argument *a, bench_options *o) {
  static const char *const names[] = {
      [BENCH_NANOSECONDS] = "ns", [BENCH_MICROSECONDS] = "us", [BENCH_MILLISECONDS] = "ms", [BENCH_SECONDS] = "s"};
  for (size_t i = 0; a->value && i < sizeof names / sizeof names[0]; ++i)
    if (strcmp(a->value, names[i]) == 0) {
      o->unit = (bench_unit)i;
      o->unit_given = true;
      return true;
    }
  return refuse(a, "ns, us, ms or s");
}

/* Google Benchmark reads these again. */
static bool check_passed_on(argument *a, bench_options *o, bool *known) {
  *known = true;
  if (is_option(a, "--benchmark_repetitions"))
    return parse_count(a, MOST_REPETITIONS, &o->repetitions);
  if (is_option(a, "--benchmark_color"))
    return check_color(a);
  if (is_option(a, "--benchmark_context"))
    return check_context(a);
  if (is_option(a, "--benchmark_counters_tabular") || is_option(a, "--benchmark_report_aggregates_only") ||
      is_option(a, "--benchmark_display_aggregates_only"))
    return check_bool(a);
  *known = false;
  return true;
}

static bool add_case(const argument *a, bench_options *o) {
  cardinal_error reason;
  if (!a->value)
    return refuse(a, "a descriptor, such as 'conv g32 ic128 oc128 i56 k3 p1 bias relu'");
  if (gauntlet_problems_add(&o->cases, a->value, &reason))
    return true;
  snprintf(a->error, a->size, "--case: %s", reason.message);
  return false;
}

static bool add_batch(const argument *a, bench_options *o) {
  cardinal_error reason;
  if (!a->value)
    return refuse(a, "a file with a descriptor a line");
  if (gauntlet_problems_add_file(&o->cases, a->value, &reason))
    return true;
  snprintf(a->error, a->size, "--batch %s", reason.message);
  return false;
}

/* An option alone means the widths and cardinalities of the paper's family, at 28x28 pixels. */
static bool add_sweep(const argument *a, bench_options *o) {
  cardinal_error reason;
  const char *sweep = a->value ? a->value : "conv g1,4,8,16,32,64 w4,8,16,32 i28 k3 p1 bias relu";
  if (gauntlet_problems_add_sweep(&o->sweep, sweep, &reason))
    return true;
  snprintf(a->error, a->size, "--cardinal_sweep: %s", reason.message);
  return false;
}

/* Whether it is the option `name`, whose value may also be the next argument. */
static bool takes_next(argument *a, const char *name) {
  if (!is_option(a, name))
    return false;
  a->took_next = !a->value && a->next;
  a->value = a->took_next ? a->next : a->value;
  return true;
}

/* Options whose value may also be the next argument, as `cardinal verify` takes them. */
static bool parse_verifys(argument *a, bench_options *o, bool *known) {
  *known = true;
  if (takes_next(a, "--case"))
    return add_case(a, o);
  if (takes_next(a, "--batch"))
    return add_batch(a, o);
  if (takes_next(a, "--kernel"))
    return parse_text(a, &o->kernel);
  *known = false;
  return true;
}

static bool parse_own(argument *a, bench_options *o) {
  bool known;
  const bool good = parse_verifys(a, o, &known);
  if (known)
    return good;
  if (is_option(a, "--cardinal_sweep"))
    return add_sweep(a, o);
  if (is_option(a, "--benchmark_filter"))
    return parse_text(a, &o->filter);
  if (is_option(a, "--cardinal_models"))
    return parse_text(a, &o->models);
  if (is_option(a, "--cardinal_results"))
    return parse_text(a, &o->results);
  if (is_option(a, "--benchmark_out"))
    return parse_text(a, &o->output);
  if (is_option(a, "--benchmark_out_format"))
    return parse_format(a, &o->output_format);
  if (is_option(a, "--benchmark_format"))
    return parse_format(a, &o->format);
  if (is_option(a, "--benchmark_time_unit"))
    return parse_unit(a, o);
  if (is_option(a, "--cardinal_min_rounds"))
    return parse_count(a, MOST_ROUNDS, &o->quiet_rounds);
  if (is_option(a, "--cardinal_seconds") || is_option(a, "--benchmark_min_time"))
    return parse_seconds(a, &o->seconds);
  if (is_option(a, "--cardinal_budget"))
    return parse_seconds(a, &o->budget);
  if (is_option(a, "--cardinal_cold"))
    return parse_bool(a, &o->cold);
  if (is_option(a, "--benchmark_list_tests"))
    return parse_bool(a, &o->list);
  if (is_option(a, "--benchmark_dry_run"))
    return parse_bool(a, &o->dry_run);
  if (is_option(a, "--benchmark_enable_random_interleaving"))
    return parse_bool(a, &o->interleaving);
  snprintf(a->error, a->size, "unknown option '%s'; --help lists what there is", a->text);
  return false;
}

bool bench_options_parse(int *argc, char **argv, bench_options *o, char *error, size_t size) {
  *o = (bench_options){.quiet_rounds = 20, .repetitions = 1, .seconds = 4, .output_format = BENCH_FORMAT_JSON};
  int kept = 1;
  for (int i = 1; i < *argc; ++i) {
    argument a = {.text = argv[i], .next = i + 1 < *argc ? argv[i + 1] : NULL, .error = error, .size = size};
    bool passed_on;
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
      o->help = true;
      continue;
    }
    if (!check_passed_on(&a, o, &passed_on) || (!passed_on && !parse_own(&a, o)))
      return false;
    if (passed_on)
      argv[kept++] = argv[i];
    i += a.took_next;
  }
  if (o->kernel && !o->cases.count && !o->sweep.count && !o->help) {
    snprintf(error, size, "--kernel is for given problems: name one with --case, --batch or --cardinal_sweep");
    return false;
  }
  argv[kept] = NULL;
  *argc = kept;
  if (o->budget == 0 && !o->filter)
    o->budget = 150;
  return true;
}
