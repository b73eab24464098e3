/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/verify_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/options.h"

static const char name[] = "verify";

enum {
  LATTICE_TRIALS = 120,
  GIVEN_TRIALS = 16,
  GROUP_JUDGED = GROUP_MODEL,
  GROUP_PROBLEMS = GROUP_RUNNING
};

enum {
  OPTION_KERNEL = OPTION_FIRST_OWN,
  OPTION_KERNEL_NAME,
  OPTION_ISA,
  OPTION_CASE,
  OPTION_BATCH,
  OPTION_CASES,
  OPTION_SEED,
  OPTION_TIMEOUT,
  OPTION_JSON
};

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "What is judged:", GROUP_JUDGED},
    {"kernel", OPTION_KERNEL, "FILE.so", 0,
     "the kernels of a plug-in instead of the library's (cardinal/plugin.h, docs/plugins.md)", GROUP_JUDGED},
    {"kernel-name", OPTION_KERNEL_NAME, "PART", 0, "only kernels in whose name PART occurs", GROUP_JUDGED},
    {"isa", OPTION_ISA, "NAME", 0, "only the library's kernels of one instruction set: generic, neon, avx2 or avx512",
     GROUP_JUDGED},
    {NULL, 0, NULL, 0, "Output:", GROUP_RESULTS},
    {"verbose", 'v', NULL, 0, "tell every trial, not the failures alone", GROUP_RESULTS},
    {"json", OPTION_JSON, NULL, 0, "print one JSON document", GROUP_RESULTS},
    {NULL, 0, NULL, 0, "On what:", GROUP_PROBLEMS},
    {"case", OPTION_CASE, "DESCRIPTOR", 0,
     "this problem instead of many, such as 'conv g32 ic128 oc128 i56 k3 p1 bias relu'; may be repeated "
     "(docs/descriptors.md has the grammar)",
     GROUP_PROBLEMS},
    {"batch", OPTION_BATCH, "FILE", 0, "the problems of a file, one a line; # begins a comment", GROUP_PROBLEMS},
    {"cases", OPTION_CASES, "N", 0,
     "trials of each kernel (default 120), or of each given problem with each kernel (default 16)", GROUP_PROBLEMS},
    {"seed", OPTION_SEED, "N", 0,
     "decides data, placement in memory and problems (default 1); the same seed repeats the same trials",
     GROUP_PROBLEMS},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "how long one trial may take (default 60)", GROUP_PROBLEMS},
    {0},
};

static void add_problem(verify_options *to, const char *text, const char *origin, const struct argp_state *state) {
  cardinal_error error;
  gauntlet_problem problem;
  if (!gauntlet_parse(text, &problem, &error))
    argp_error(state, "%s: %s", origin, error.message);
  gauntlet_problem *more = realloc(to->problems, (to->problem_count + 1) * sizeof *more);
  if (!more)
    argp_failure(state, TOOL_FAILED, ENOMEM, "%zu problems", to->problem_count + 1);
  to->problems = more;
  to->problems[to->problem_count++] = problem;
}

static void add_batch(verify_options *to, const char *path, const struct argp_state *state) {
  FILE *file = fopen(path, "r");
  char *line = NULL;
  size_t size = 0, number = 0;
  while (file && getline(&line, &size, file) > 0) {
    char origin[4200];
    snprintf(origin, sizeof origin, "%s, line %zu", path, ++number);
    line[strcspn(line, "#\n")] = '\0';
    if (line[strspn(line, " \t\r")])
      add_problem(to, line, origin, state);
  }
  if (!file || ferror(file)) {
    tool_fail(name, "--batch %s: %s", path, strerror(errno));
    to->problems_read = false;
  } else if (!to->problem_count) {
    tool_fail(name, "--batch %s: holds no problem", path);
    to->problems_read = false;
  }
  free(line);
  if (file)
    fclose(file);
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  verify_options *to = state->input;
  switch (key) {
  case OPTION_KERNEL:
    to->plugin = argument;
    return 0;
  case OPTION_KERNEL_NAME:
    to->part = argument;
    return 0;
  case OPTION_ISA:
    options_check_isa(state, argument);
    to->isa = argument;
    return 0;
  case OPTION_CASE:
    add_problem(to, argument, "--case", state);
    return 0;
  case OPTION_BATCH:
    add_batch(to, argument, state);
    return 0;
  case OPTION_CASES:
    to->cases = options_number(state, "--cases", argument, 1, 1000000);
    return 0;
  case OPTION_SEED:
    to->seed = options_number(state, "--seed", argument, 0, INT64_MAX);
    return 0;
  case OPTION_TIMEOUT:
    to->timeout = options_number(state, "--timeout", argument, 1, 86400);
    return 0;
  case 'v':
    to->verbose = true;
    return 0;
  case OPTION_JSON:
    to->json = true;
    return 0;
  case ARGP_KEY_ARG:
    argp_error(state, "unexpected argument \"%s\"", argument);
    return 0;
  case ARGP_KEY_END:
    if (to->isa && to->plugin)
      argp_error(state, "--isa is for the library's kernels; a plug-in's are chosen with --kernel-name");
    if (!to->cases)
      to->cases = to->problem_count ? GIVEN_TRIALS : LATTICE_TRIALS;
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp verify_argp = {
    .options = list,
    .parser = parse,
    .doc =
        "Runs kernels on many problems, each in a process of its own, and compares every output with an independent "
        "reference: to the bit, or within the error bound if that is what the kernel promises. Finds stray reads and "
        "writes, changed inputs and registers, results that depend on earlier calls or on other threads, hangs and "
        "crashes. Without options: every kernel of this library that this CPU can run, in about a minute."
        "\v"
        "The exit status is 0 only if trials ran and every one was right; 1 if one failed or none ran; 2 if the "
        "command "
        "line is wrong.",
};

void verify_options_read(verify_options *to, int argc, char **argv) {
  *to = (verify_options){.problems_read = true, .seed = 1, .timeout = 60};
  options_parse(&verify_argp, "cardinal verify", argc, argv, to);
}
