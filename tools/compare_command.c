/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal compare`: whether a run of the benchmark is slower or faster than another one. */
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/compare.h"
#include "tools/options.h"

static const char name[] = "compare";

enum {
  STATUS_SLOWER = 3
};

enum {
  OPTION_THRESHOLD = OPTION_FIRST_OWN,
  OPTION_ALPHA,
  OPTION_FILTER,
  OPTION_ACROSS,
  OPTION_OF_PEAK,
  OPTION_MARKDOWN
};

typedef struct compare_options {
  double threshold, alpha;
  const char *filter;
  bool across, of_peak, markdown, json;
  const char *files[2];
} compare_options;

static const struct argp_option list[] = {
    {"threshold", OPTION_THRESHOLD, "PERCENT", 0,
     "exit with status 3 if a benchmark is significantly slower, by so much or more: 2 or 2%", 0},
    {"alpha", OPTION_ALPHA, "P", 0, "how probable one false alarm among all rows may be (default 0.05)", 0},
    {"filter", OPTION_FILTER, "REGEX", 0, "only benchmarks whose name matches the extended regular expression", 0},
    {"across", OPTION_ACROSS, NULL, 0, "compare runs on different CPUs, or in different settings", 0},
    {"of-peak", OPTION_OF_PEAK, NULL, 0,
     "count times in what each run's own peak could have done meanwhile, which takes the clock out", 0},
    {"markdown", OPTION_MARKDOWN, NULL, 0, "print the table in Markdown", 0},
    {0},
};

/* "2" or "2%". */
static double read_percent(const struct argp_state *state, const char *text) {
  char *end;
  const double value = strtod(text, &end);
  if (end == text || (*end && strcmp(end, "%") != 0) || !(value >= 0 && value <= 1000))
    options_refuse(state, "--threshold: expected a percentage from 0 to 1000, such as 2%%, found \"%s\"", text);
  return value / 100;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  compare_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->json;
    return 0;
  case OPTION_THRESHOLD:
    to->threshold = read_percent(state, argument);
    return 0;
  case OPTION_ALPHA:
    to->alpha = options_real(state, "--alpha", argument, 0.5);
    return 0;
  case OPTION_FILTER:
    to->filter = argument;
    return 0;
  case OPTION_ACROSS:
    to->across = true;
    return 0;
  case OPTION_OF_PEAK:
    to->of_peak = true;
    return 0;
  case OPTION_MARKDOWN:
    to->markdown = true;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num >= 2)
      options_refuse(state, "two files are compared, and \"%s\" is a third one", argument);
    to->files[state->arg_num] = argument;
    return 0;
  case ARGP_KEY_END:
    if (state->arg_num < 2)
      options_refuse(state, "expected two files, the old results and the new ones");
    if (to->markdown && to->json)
      options_refuse(state, "--markdown and --json exclude each other");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {{&json_argp, 0, NULL, 0}, {0}};

static const struct argp compare_argp = {
    .options = list,
    .parser = parse,
    .args_doc = "OLD.json NEW.json",
    .doc =
        "Compares two runs of cardinal_bench: for each benchmark the ratio of the medians over quiet rounds with its "
        "bootstrap interval, and whether the difference is significant. The largest changes come first."
        "\v"
        "Rounds of one run share a process: where its memory lies, the clock and the neighbours of that minute are "
        "parts of both medians. Two runs of one program can differ significantly by a percent or so; hence the "
        "threshold. Repeat both runs before you believe a small difference.\n\n"
        "The exit status is 0; 1 if a file isn't a run's results, if nothing can be compared or, with --threshold, "
        "tested, or if the CPUs differ; 2 if the command line is wrong; 3 if, with --threshold, a benchmark is "
        "significantly slower or has newly failed.",
    .children = children,
};

/* Prints, and says how it went. */
static int tell(const compare_options *options, const compare_result *result) {
  if (options->json) {
    if (!tool_print_json(name, compare_json(result)))
      return TOOL_FAILED;
  } else {
    compare_print(result, options->markdown, stdout);
  }
  if (options->threshold < 0)
    return TOOL_OK;
  const size_t findings = compare_findings(result), failed = result->newly_failed_count;
  if (!options->json && !options->markdown)
    printf("\n%zu benchmark%s significantly slower by %g %% or more, %zu newly failed.\n", findings,
           findings == 1 ? " is" : "s are", 100 * options->threshold, failed);
  if (findings || failed)
    return STATUS_SLOWER;
  if (!result->tested)
    return tool_fail(name, "no benchmark has enough quiet rounds in both files, so nothing could be tested");
  return TOOL_OK;
}

static int compare(const compare_options *options, const bench_file *files) {
  const char *fact = options->across ? NULL : compare_difference(&files[0], &files[1]);
  if (fact)
    return tool_fail(name,
                     "%s of the old run is \"%s\", of the new one \"%s\": times of different machines or settings "
                     "don't compare; --across compares them all the same",
                     fact, bench_file_context(&files[0], fact), bench_file_context(&files[1], fact));
  compare_result result;
  char why[512];
  int status = TOOL_FAILED;
  if (compare_files(&files[0], &files[1], options->filter, options->of_peak, &result, why, sizeof why)) {
    result.alpha = options->alpha;
    result.threshold = options->threshold;
    status = tell(options, &result);
  } else {
    tool_complain(name, "%s", why);
  }
  compare_free(&result);
  return status;
}

static int run(int argc, char **argv) {
  compare_options options = {.threshold = -1, .alpha = 0.05};
  options_parse(&compare_argp, "cardinal compare", argc, argv, &options);
  bench_file files[2] = {{0}};
  int status = TOOL_OK;
  for (size_t i = 0; i < 2; ++i) {
    char why[512];
    if (!bench_file_read(&files[i], options.files[i], why, sizeof why))
      status = tool_fail(name, "%s: %s", options.files[i], why);
  }
  if (!status)
    status = compare(&options, files);
  bench_file_free(&files[0]);
  bench_file_free(&files[1]);
  return status;
}

const command compare_command = {
    .name = name,
    .summary = "tell which benchmarks became slower or faster",
    .run = run,
};
