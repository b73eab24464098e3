/* SPDX-License-Identifier: BSD-3-Clause */
/* Options that several programs take. Each stands here once, with its help, and joins a command's own as one of argp's
 * children. */
#ifndef CARDINAL_TOOLS_OPTIONS_H
#define CARDINAL_TOOLS_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include <cardinal/image.h>
#include <cardinal/net.h>

/* Where the options that aren't shared begin to be numbered; where the groups of the help text stand. */
enum {
  OPTION_FIRST_OWN = 0x1000,
  GROUP_MODEL = 1,
  GROUP_RESULTS,
  GROUP_RUNNING
};

/* --model, or --arch with --cardinality and --width. */
typedef struct model_options {
  const char *model;
  uint64_t depth, cardinality, width; /* 0: not given */
} model_options;

/* --isa, --without and --threads. */
typedef struct context_options {
  const char *isa, *without; /* NULL: what the environment says */
  uint64_t threads;          /* 0: the default */
} context_options;

/* --crop, --resize, --mean and --std: how photos are prepared. */
typedef cardinal_transform_desc transform_options;

/* Their input is a struct of the above. */
extern const struct argp model_argp, context_argp, transform_argp;

/* --precision; its input is a cardinal_precision. */
extern const struct argp precision_argp;

/* --json; its input is a bool. */
extern const struct argp json_argp;

/* Parses a command line; what is wrong with it is said, and ends the program with status 2, as --help ends it with 0.
 * `title` is what messages call the program, such as "cardinal info". */
void options_parse(const struct argp *argp, const char *title, int argc, char **argv, void *input);

/* Says what is wrong with the command line, and ends the program. */
__attribute__((noreturn, format(printf, 2, 3))) void options_refuse(const struct argp_state *state, const char *format,
                                                                    ...);

/* What the parser of a command without arguments returns for a key that isn't its own: an argument is refused. */
error_t options_others(int key, const char *argument, const struct argp_state *state);

/* Reads a whole number from `least` to `most`, or ends the program. */
uint64_t options_number(const struct argp_state *state, const char *option, const char *text, uint64_t least,
                        uint64_t most);

/* Ends the program unless `isa` names an instruction set, be it one that this CPU lacks. */
void options_check_isa(const struct argp_state *state, const char *isa);

/* Reads a number above 0, up to `most`, or ends the program. */
double options_real(const struct argp_state *state, const char *option, const char *text, double most);

cardinal_status options_context(const context_options *options, cardinal_context **context, cardinal_error *error);

/* Whether a model was asked for, and which. */
bool options_model_given(const model_options *options);
cardinal_status options_spec(const model_options *options, cardinal_net_spec *spec, cardinal_error *error);

#endif
