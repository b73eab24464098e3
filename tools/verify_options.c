/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/verify_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"

static const char name[] = "verify";

enum {
  LATTICE_TRIALS = 80,
  GIVEN_TRIALS = 16,
  REFERENCE_TRIALS = 4,
  CALLS = 300,
  GROUP_JUDGED = GROUP_MODEL,
  GROUP_PROBLEMS = GROUP_RUNNING
};

static const uint64_t NOT_GIVEN = UINT64_MAX;

enum {
  OPTION_KERNEL = OPTION_FIRST_OWN,
  OPTION_KERNEL_NAME,
  OPTION_ISA,
  OPTION_CASE,
  OPTION_BATCH,
  OPTION_CASES,
  OPTION_CALLS,
  OPTION_CALL,
  OPTION_SEED,
  OPTION_TIMEOUT,
  OPTION_REFERENCE,
  OPTION_REFERENCE_CASE,
  OPTION_JUDGE,
  OPTION_TOLERANCE
};

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "What is judged:", GROUP_JUDGED},
    {"kernel", OPTION_KERNEL, "FILE.so", 0,
     "the kernels of a plug-in instead of the library's (cardinal/plugin.h, docs/plugins.md)", GROUP_JUDGED},
    {"kernel-name", OPTION_KERNEL_NAME, "PART", 0, "only kernels in whose name PART occurs", GROUP_JUDGED},
    {"isa", OPTION_ISA, "NAME", 0,
     "only the library's kernels of one instruction set, or the highest that a network uses: generic, neon, avx2 or "
     "avx512",
     GROUP_JUDGED},
    {NULL, 0, NULL, 0, "Output:", GROUP_RESULTS},
    {"verbose", 'v', NULL, 0, "tell every trial, not the failures alone", GROUP_RESULTS},
    {NULL, 0, NULL, 0, "On what:", GROUP_PROBLEMS},
    {"case", OPTION_CASE, "DESCRIPTOR", 0,
     "this problem instead of many, such as 'conv g32 ic128 oc128 i56 k3 p1 bias relu'; may be repeated "
     "(docs/descriptors.md has the grammar)",
     GROUP_PROBLEMS},
    {"batch", OPTION_BATCH, "FILE", 0, "the problems of a file, one a line; # begins a comment", GROUP_PROBLEMS},
    {"reference", OPTION_REFERENCE, "FILE", 0,
     "inputs and expected outputs of a safetensors file, of single operators or of a network's layers "
     "(docs/references.md; tools/export_reference.py writes them)",
     GROUP_PROBLEMS},
    {"reference-case", OPTION_REFERENCE_CASE, "NAME", 0, "only that case of the file", GROUP_PROBLEMS},
    {"judge", OPTION_JUDGE, "RULE", 0,
     "how near outputs must come to the reference, whatever the file says: bits, ulp:N, or bound, the error bound of "
     "either",
     GROUP_PROBLEMS},
    {"tolerance", OPTION_TOLERANCE, "SHARE", 0,
     "of a network's layers: the largest error, as a share of the layer's largest magnitude (by default 1e-4 in f32; "
     "bf16 and int8 need one)",
     GROUP_PROBLEMS},
    {"cases", OPTION_CASES, "N", 0,
     "trials of each kernel (default 80), or of each given problem with each kernel (default 16; 4 of a reference)",
     GROUP_PROBLEMS},
    {"calls", OPTION_CALLS, "N", 0,
     "besides, where no problem is given: N calls of each of the library's kernels with ranges of rows, lane masks, "
     "gaps and placements in memory that operators don't make (default 300; 0: none)",
     GROUP_PROBLEMS},
    {"call", OPTION_CALL, "NUMBER", 0, "only this one of those calls, and nothing else; failures tell its number",
     GROUP_PROBLEMS},
    {"seed", OPTION_SEED, "N", 0,
     "decides data, placement in memory and problems (default 1); the same seed repeats the same trials",
     GROUP_PROBLEMS},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "how long one trial, or call, may take (default 60)", GROUP_PROBLEMS},
    {0},
};

static void add_problem(verify_options *to, const char *text, const struct argp_state *state) {
  cardinal_error error;
  if (!gauntlet_problems_add(&to->problems, text, &error))
    options_refuse(state, "--case: %s", error.message);
}

static void add_batch(verify_options *to, const char *path, const struct argp_state *state) {
  cardinal_error error;
  if (gauntlet_problems_add_file(&to->problems, path, &error))
    return;
  if (error.status == CARDINAL_INVALID_ARGUMENT)
    options_refuse(state, "--batch %s", error.message);
  tool_complain(name, "--batch %s", error.message);
  to->problems_read = false;
}

static double read_tolerance(const struct argp_state *state, const char *text) {
  char *end;
  const double value = strtod(text, &end);
  if (end == text || *end || !(value >= 0.0 && value <= 1.0))
    options_refuse(state, "--tolerance: expected a number from 0 to 1, found \"%s\"", text);
  return value;
}

bool verify_options_network(const verify_options *options) {
  return weights_options_given(&options->network);
}

/* Options that mean nothing together are a mistake. */
static void check(const verify_options *o, const struct argp_state *state) {
  const bool network = verify_options_network(o);
  if (o->isa && o->plugin)
    options_refuse(state, "--isa is for the library's kernels; a plug-in's are chosen with --kernel-name");
  if (o->reference && o->problems.count)
    options_refuse(state, "--reference brings its own problems; --case and --batch don't go with it");
  if (network && !o->reference)
    options_refuse(state, "--model and --weights need a --reference to hold the network against");
  if (network && (o->plugin || o->part || o->reference_case || o->judge_given))
    options_refuse(state, "--kernel, --kernel-name, --reference-case and --judge are for single operators, not for a "
                          "network; it has --isa and --tolerance");
  if (network && o->formats != ALL_FORMATS && (o->formats & (o->formats - 1)))
    options_refuse(state, "a network computes in one format; --precision names several");
  if (network && o->formats != ALL_FORMATS && !format_set_has(o->formats, CARDINAL_FORMAT_F32) && o->tolerance < 0.0)
    options_refuse(state, "bf16 and int8 round what each layer gives; --tolerance must say how far it may be off");
  if (!network && o->tolerance >= 0.0)
    options_refuse(state, "--tolerance is for a network, with --model or --weights; operators have --judge");
  if (!o->reference && (o->reference_case || o->judge_given))
    options_refuse(state, "--reference-case and --judge need a --reference");
}

/* Which micro-kernels' calls, if any, go with the trials. */
static void choose_calls(verify_options *to, const struct argp_state *state) {
  const bool apart = to->plugin || to->problems.count || to->reference;
  if (apart && (to->call || to->calls != NOT_GIVEN))
    options_refuse(state,
                   "--%s is for the library's kernels, on problems of its own: without --kernel, --case, --batch and "
                   "--reference",
                   to->call ? "call" : "calls");
  if (to->call && to->calls != NOT_GIVEN)
    options_refuse(state, "--call makes one call, so --calls has nothing to say");
  if (to->calls == NOT_GIVEN)
    to->calls = apart ? 0 : CALLS;
  to->verbose = to->verbose || to->call;
}

/* Each problem says its format; one that --precision leaves out would be tried by nobody. */
static void check_formats(const verify_options *o, const struct argp_state *state) {
  char text[GAUNTLET_DESCRIPTOR_BYTES];
  for (size_t i = 0; i < o->problems.count; i++) {
    const gauntlet_problem *problem = &o->problems.problem[i];
    const cardinal_format format =
        problem->operation == CARDINAL_PLUGIN_CONV ? problem->conv.format : problem->pool.format;
    if (!format_set_has(o->formats, format))
      options_refuse(state, "--precision leaves out %s, which '%s' is in", cardinal_format_name(format),
                     gauntlet_describe(problem, text));
  }
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  verify_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->network;
    state->child_inputs[1] = &to->formats;
    state->child_inputs[2] = &to->json;
    return 0;
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
    add_problem(to, argument, state);
    return 0;
  case OPTION_BATCH:
    add_batch(to, argument, state);
    return 0;
  case OPTION_REFERENCE:
    to->reference = argument;
    return 0;
  case OPTION_REFERENCE_CASE:
    to->reference_case = argument;
    return 0;
  case OPTION_JUDGE:
    if (!gauntlet_rule_parse(argument, &to->judge))
      options_refuse(state, "--judge: expected bits, ulp:N or bound, found \"%s\"", argument);
    to->judge_given = true;
    return 0;
  case OPTION_TOLERANCE:
    to->tolerance = read_tolerance(state, argument);
    return 0;
  case OPTION_CASES:
    to->cases = options_number(state, "--cases", argument, 1, 1000000);
    return 0;
  case OPTION_CALLS:
    to->calls = options_number(state, "--calls", argument, 0, 1000000);
    return 0;
  case OPTION_CALL:
    to->call = options_number(state, "--call", argument, 1, 1000000);
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
  case ARGP_KEY_END:
    choose_calls(to, state);
    check(to, state);
    check_formats(to, state);
    to->network.seed = to->seed;
    if (!to->cases)
      to->cases = to->reference ? REFERENCE_TRIALS : to->problems.count ? GIVEN_TRIALS : LATTICE_TRIALS;
    return 0;
  default:
    return options_others(key, argument, state);
  }
}

static const struct argp_child children[] = {
    {&weights_argp, 0, NULL, 0}, {&formats_argp, 0, NULL, 0}, {&json_argp, 0, NULL, 0}, {0}};

static const struct argp verify_argp = {
    .options = list,
    .parser = parse,
    .doc =
        "Runs kernels on many problems, each in a process of its own, and compares every output with an independent "
        "reference: to the bit, or within the error bound if that is what the kernel promises. Finds stray reads and "
        "writes, changed inputs and registers, results that depend on earlier calls or on other threads, hangs and "
        "crashes. Without options: every kernel of this library that this CPU can run, in some minutes."
        "\v"
        "The exit status is 0 only if trials or calls ran and every one was right; 1 if one failed or none ran; 2 if "
        "the command line is wrong. With --reference, the reference must also lie within the error bound of double "
        "precision.",
    .children = children,
};

void verify_options_read(verify_options *to, int argc, char **argv) {
  *to = (verify_options){.problems_read = true, .seed = 1, .timeout = 60, .calls = NOT_GIVEN, .tolerance = -1.0};
  options_parse(&verify_argp, "cardinal verify", argc, argv, to);
}
