/* SPDX-License-Identifier: BSD-3-Clause */
/* The `cardinal` program: finds the command and leaves the rest to it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cardinal/cardinal.h>

#include "tools/command.h"
#include "tools/process.h"

static const command *const commands[] = {&classify_command, &compare_command,  &fleet_report_command, &info_command,
                                          &merge_command,    &quantize_command, &report_command,       &screen_command,
                                          &tune_command,     &verify_command};
enum {
  COMMAND_COUNT = sizeof commands / sizeof commands[0]
};

static const command *find_command(const char *name) {
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    if (!strcmp(name, commands[i]->name))
      return commands[i];
  return NULL;
}

static void print_overview(FILE *to) {
  fputs("usage: cardinal COMMAND [OPTION...] [FILE...]\n\ncommands:\n", to);
  for (size_t i = 0; i < COMMAND_COUNT; i++)
    fprintf(to, "  %-13s %s\n", commands[i]->name, commands[i]->summary);
  fputs("  help          explain a command: cardinal help COMMAND\n"
        "\n"
        "  --version     print the version\n"
        "\n"
        "classify, info, quantize, tune and, of networks, verify read CARDINAL_ISA (the highest instruction set to\n"
        "use), CARDINAL_WITHOUT (CPU features not to be used), CARDINAL_NUM_THREADS, CARDINAL_THREADING (whose\n"
        "threads: team, openmp or serial) and CARDINAL_TUNING (a file that says which kernels are the fastest).\n",
        to);
}

static int help(int argc, char **argv) {
  if (argc < 2) {
    print_overview(stdout);
    return TOOL_OK;
  }
  const command *asked = find_command(argv[1]);
  if (!asked) {
    fprintf(stderr, "cardinal help: there is no command \"%s\"\n\n", argv[1]);
    print_overview(stderr);
    return TOOL_USAGE;
  }
  char option[] = "--help";
  char *arguments[] = {argv[1], option, NULL};
  return asked->run(2, arguments);
}

static int run(int argc, char **argv) {
  if (argc < 2) {
    print_overview(stderr);
    return TOOL_USAGE;
  }
  const char *name = argv[1];
  if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
    return help(argc - 1, argv + 1);
  if (!strcmp(name, "--version")) {
    printf("cardinal %s\n", cardinal_version());
    return TOOL_OK;
  }
  const command *wanted = find_command(name);
  if (!wanted) {
    fprintf(stderr, "cardinal: there is no command \"%s\"\n\n", name);
    print_overview(stderr);
    return TOOL_USAGE;
  }
  return wanted->run(argc - 1, argv + 1);
}

/* A full disk or a closed pipe shows only now, wherever the program has ended. */
static void check_output(void) {
  if (!fflush(stdout) && !ferror(stdout))
    return;
  fprintf(stderr, "cardinal: the output can't be written: %s\n", strerror(errno));
  fflush(stderr);
  _exit(TOOL_FAILED);
}

int main(int argc, char **argv) {
  process_start();
  atexit(check_output);
  return run(argc, argv);
}
