/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L
#include "tools/bench_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "tools/median.h"

/* Where a message about a bad file goes, and what it is about. */
typedef struct reader {
  const char *name; /* of the benchmark */
  char *why;
  size_t size;
} reader;

static bool refuse(const reader *r, const char *member, const char *expected) {
  if (r->name)
    snprintf(r->why, r->size, "benchmark \"%.200s\": \"%s\": expected %s", r->name, member, expected);
  else
    snprintf(r->why, r->size, "\"%s\": expected %s: it isn't what cardinal_bench or script/compare writes", member,
             expected);
  return false;
}

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* Whether a run can have taken so long. */
static bool is_time(double seconds) {
  return seconds > 1e-12 && seconds < 1e9;
}

/* NAN if there is none. */
static double number_of(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static unsigned count_of(const json_t *object, const char *key) {
  const json_int_t value = json_integer_value(json_object_get(object, key));
  return value > 0 && value < 1000000 ? (unsigned)value : 1;
}

static double seconds_a_unit(const char *unit) {
  static const char *const units[] = {"s", "ms", "us", "ns"};
  double seconds = 1;
  for (size_t i = 0; i < sizeof units / sizeof *units; ++i, seconds *= 1e-3)
    if (!strcmp(unit, units[i]))
      return seconds;
  return NAN;
}

/* Appends a repetition's rounds. */
static bool read_rounds(const json_t *from, double unit, bench_row *to, const reader *r) {
  const json_t *times = json_object_get(from, "round_time"), *canaries = json_object_get(from, "round_canary_pct");
  const json_t *quiet = json_object_get(from, "round_quiet");
  const size_t count = json_array_size(times);
  if (!times)
    return true;
  if (!count)
    return refuse(r, "round_time", "a list of times");
  if (json_array_size(canaries) != count || json_array_size(quiet) != count)
    return refuse(r, "round_quiet", "as many values as \"round_time\" and \"round_canary_pct\" have");
  bench_file_round *grown = realloc(to->rounds, (to->round_count + count) * sizeof *grown);
  if (!grown)
    return refuse(r, "round_time", "fewer rounds: there is no memory for them");
  to->rounds = grown;
  for (size_t i = 0; i < count; ++i) {
    bench_file_round *round = &to->rounds[to->round_count++];
    round->seconds = json_number_value(json_array_get(times, i)) * unit;
    round->canary_pct = json_number_value(json_array_get(canaries, i));
    round->quiet = json_integer_value(json_array_get(quiet, i)) != 0;
    to->quiet_count += round->quiet;
    if (!is_time(round->seconds))
      return refuse(r, "round_time", "times above 0");
  }
  return true;
}

static bool read_row(const json_t *from, bench_row *to, const reader *r) {
  *to = (bench_row){
      .name = text_of(from, "run_name"),
      .kind = text_of(from, "kind"),
      .format = text_of(from, "format"),
      .isa = text_of(from, "isa"),
      .kernel = text_of(from, "kernel"),
      .model = text_of(from, "model"),
      .layer = text_of(from, "layer"),
      .shape = text_of(from, "shape"),
      .level = text_of(from, "level"),
      .measured_as = text_of(from, "measured_as"),
      .peer = text_of(from, "peer"),
      .peer_version = text_of(from, "peer_version"),
      .label = text_of(from, "label"),
      .error = text_of(from, "error_message"),
      .threads = count_of(from, "threads"),
      .batch = count_of(from, "batch"),
      .flops = fmax(0, number_of(from, "flops")),
      .bytes = fmax(0, number_of(from, "bytes")),
      .peak_gflops = number_of(from, "peak_gflops"),
      .gflops = number_of(from, "gflops"),
      .peak_pct = number_of(from, "peak_pct"),
      .x_naive = number_of(from, "x_naive"),
      .bytes_per_second = number_of(from, "bytes_per_second"),
      .x_ours = number_of(from, "x_ours"),
      .x_ours_min = number_of(from, "x_ours_min"),
      .x_ours_max = number_of(from, "x_ours_max"),
      .x_naive_firm = json_is_true(json_object_get(from, "x_naive_firm")),
      .grouped_3x3 = json_is_true(json_object_get(from, "grouped_3x3")),
      .seconds = NAN,
  };
  if (json_is_true(json_object_get(from, "error_occurred"))) {
    to->error = to->error[0] ? to->error : "failed";
    return true;
  }
  if (!to->kind[0])
    return refuse(r, "kind", "what was measured, as cardinal_bench has told it since formats have names");
  const double unit = seconds_a_unit(text_of(from, "time_unit"));
  if (isnan(unit))
    return refuse(r, "time_unit", "ns, us, ms or s");
  to->seconds = number_of(from, "real_time") * unit;
  if (!is_time(to->seconds))
    return refuse(r, "real_time", "a time above 0");
  if (!json_object_get(from, "round_time"))
    to->quiet_count = (size_t)fmax(0, number_of(from, "quiet_rounds"));
  return read_rounds(from, unit, to, r);
}

/* The next repetition of a row joins it. */
static bool join(const json_t *from, bench_row *to, const reader *r) {
  const double unit = seconds_a_unit(text_of(from, "time_unit"));
  return to->error[0] || json_is_true(json_object_get(from, "error_occurred")) || read_rounds(from, unit, to, r);
}

/* The median of all repetitions' rounds, where there are several. */
static bool sum_up(bench_row *row) {
  double *times = row->rounds ? malloc(row->round_count * sizeof *times) : NULL;
  size_t count = 0;
  if (!times)
    return !row->rounds;
  for (size_t i = 0; i < row->round_count; ++i)
    if (row->rounds[i].quiet || !row->quiet_count)
      times[count++] = row->rounds[i].seconds;
  const double before = row->seconds;
  row->seconds = median(times, count);
  free(times);
  const double faster = before / row->seconds;
  row->gflops *= faster;
  row->peak_pct *= faster;
  row->x_naive *= faster;
  row->bytes_per_second *= faster;
  return true;
}

static bool read_rows(bench_file *file, const json_t *list, reader *r) {
  file->rows = calloc(json_array_size(list) + 1, sizeof *file->rows);
  if (!file->rows)
    return refuse(r, "benchmarks", "fewer of them: there is no memory for so many");
  for (size_t i = 0; i < json_array_size(list); ++i) {
    const json_t *one = json_array_get(list, i);
    if (strcmp(text_of(one, "run_type"), "iteration") != 0)
      continue; /* a mean, median or deviation of repetitions */
    r->name = text_of(one, "run_name");
    if (!r->name[0])
      return refuse(r, "run_name", "a name");
    const bench_row *known = bench_file_find(file, r->name);
    bench_row *to = &file->rows[file->count];
    if (known && known != to - 1)
      return refuse(r, "run_name", "a name that isn't taken");
    file->count += !known;
    if (known ? !join(one, to - 1, r) : !read_row(one, to, r))
      return false;
  }
  r->name = NULL;
  if (!file->count)
    return refuse(r, "benchmarks", "results of single runs, not of aggregates alone");
  for (size_t i = 0; i < file->count; ++i)
    if (!sum_up(&file->rows[i]))
      return refuse(r, "benchmarks", "fewer of them: there is no memory for so many");
  return true;
}

/* All that a file, or a pipe, gives. */
static bool read_text(bench_file *to) {
  FILE *from = fopen(to->path, "rb");
  if (!from)
    return false;
  FILE *text = open_memstream(&to->text, &to->size);
  char part[1 << 14];
  for (size_t got; text && (got = fread(part, 1, sizeof part, from)) > 0;)
    fwrite(part, 1, got, text);
  bool good = text && !ferror(from);
  const int problem = errno;
  if (text && fclose(text))
    good = false;
  else
    errno = problem;
  fclose(from);
  return good;
}

bool bench_file_read(bench_file *file, const char *path, char *why, size_t size) {
  reader r = {.why = why, .size = size};
  json_error_t error;
  *file = (bench_file){.path = path};
  if (!read_text(file)) {
    snprintf(why, size, "%s", strerror(errno));
    return false;
  }
  file->root = json_loadb(file->text, file->size, 0, &error);
  if (!file->root) {
    snprintf(why, size, "line %d, column %d: %s", error.line, error.column, error.text);
    return false;
  }
  file->context = json_object_get(file->root, "context");
  const json_t *list = json_object_get(file->root, "benchmarks");
  if (!json_is_object(file->context) || !bench_file_context(file, "cpu")[0])
    return refuse(&r, "context", "an object with \"cpu\"");
  return json_is_array(list) ? read_rows(file, list, &r) : refuse(&r, "benchmarks", "a list");
}

void bench_file_free(bench_file *file) {
  for (size_t i = 0; i < file->count; ++i)
    free(file->rows[i].rounds);
  free(file->rows);
  json_decref(file->root);
  free(file->text);
  *file = (bench_file){.path = NULL};
}

const char *bench_file_context(const bench_file *file, const char *key) {
  return text_of(file->context, key);
}

const bench_row *bench_file_find(const bench_file *file, const char *name) {
  for (size_t i = 0; i < file->count; ++i)
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): rows that count were read, and so have names */
    if (!strcmp(file->rows[i].name, name))
      return &file->rows[i];
  return NULL;
}

bool bench_row_is_firm(const bench_row *row) {
  return row->quiet_count >= CARDINAL_FIRM_ROUNDS;
}
