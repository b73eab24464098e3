/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/screen_options.h"

#include "dispatch/cpu_set.h"
#include "tools/command.h"

enum {
  GROUP_WHERE = GROUP_MODEL,
  GROUP_WORK = GROUP_RUNNING
};

enum {
  OPTION_CORES = OPTION_FIRST_OWN,
  OPTION_TOGETHER,
  OPTION_MINUTES,
  OPTION_ISA,
  OPTION_WORK,
  OPTION_TIMEOUT,
  OPTION_SLOW,
  OPTION_NODE
};

static const struct argp_option list[] = {
    {NULL, 0, NULL, 0, "Where and how long:", GROUP_WHERE},
    {"cores", OPTION_CORES, "LIST", 0,
     "CPUs by Linux's numbers, such as 0,2-5 (default: the first CPU of each core that this process may use)",
     GROUP_WHERE},
    {"together", OPTION_TOGETHER, NULL, 0, "all cores at once, for heat and load, instead of one after the other",
     GROUP_WHERE},
    {"minutes", OPTION_MINUTES, "M", 0,
     "how long each core computes, fractions allowed (default 1); however short, each core gets through all work once",
     GROUP_WHERE},
    {NULL, 0, NULL, 0, "Output:", GROUP_RESULTS},
    {"node", OPTION_NODE, "NAME", 0,
     "what the report calls this machine (default: SLURMD_NODENAME in the environment, else the host's name)",
     GROUP_RESULTS},
    {"slow", OPTION_SLOW, "PERCENT", 0, "how far below the median of its siblings a core is called slow (default 20)",
     GROUP_RESULTS},
    {NULL, 0, NULL, 0, "What:", GROUP_WORK},
    {"isa", OPTION_ISA, "NAME", 0,
     "one instruction set alone: generic, neon, avx2 or avx512 (default: all that this CPU has; generic, being slow, "
     "for the smaller work only)",
     GROUP_WORK},
    {"work", OPTION_WORK, "PART", 0, "only work in whose name PART occurs, such as '3x3' or 'resnext50'", GROUP_WORK},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0, "when a run counts as hung (default 60)", GROUP_WORK},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  screen_options *to = state->input;
  cardinal_cpu_set set;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->json;
    state->child_inputs[1] = &to->formats;
    return 0;
  case OPTION_CORES:
    if (!*argument || !cardinal_cpu_set_parse(&set, argument))
      options_refuse(state, "--cores: expected numbers of CPUs such as 0,2-5, found \"%s\"", argument);
    to->cores = argument;
    return 0;
  case OPTION_TOGETHER:
    to->together = true;
    return 0;
  case OPTION_MINUTES:
    to->minutes = options_real(state, "--minutes", argument, 1e6);
    return 0;
  case OPTION_ISA:
    options_check_isa(state, argument);
    to->isa = argument;
    return 0;
  case OPTION_WORK:
    to->work = argument;
    return 0;
  case OPTION_TIMEOUT:
    to->timeout = options_number(state, "--timeout", argument, 1, 86400);
    return 0;
  case OPTION_SLOW:
    to->slow = options_real(state, "--slow", argument, 99);
    return 0;
  case OPTION_NODE:
    to->node = argument;
    return 0;
  default:
    return options_others(key, argument, state);
  }
}

static const struct argp_child children[] = {{&json_argp, 0, NULL, 0}, {&formats_argp, 0, NULL, 0}, {0}};

static const struct argp screen_argp = {
    .options = list,
    .parser = parse,
    .doc =
        "Looks for cores that compute wrong. On each core, layers of ResNeXt and small networks run near its peak with "
        "every instruction set in f32, bf16 and int8, and all bits of every result are compared with checksums that "
        "came with this program. "
        "A wrong result is recomputed elsewhere and tried again, on its core and on others."
        "\v"
        "Passing proves nothing, failing proves much: docs/screen.md.\n"
        "\n"
        "The exit status is 0 if all results were right; 1 if the screen couldn't run; 2 if the command line is wrong; "
        "3 "
        "if a result was wrong, or a core crashed or hung; 4 if all were right, but a core is slow; 5 if a signal "
        "ended the screen before anything was found.",
    .children = children,
};

void screen_options_read(screen_options *to, int argc, char **argv) {
  *to = (screen_options){.minutes = 1, .slow = 20, .timeout = 60};
  options_parse(&screen_argp, "cardinal screen", argc, argv, to);
}
