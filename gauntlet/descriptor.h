/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One operator in one line, as the programs read and print it:
 *
 *     conv g32 ic128 oc128 ih56 iw56 k3 s1 p1 n1 bias relu
 *     maxpool c64 ih112 k3 s2 p1
 *     avgpool c2048 ih7
 *
 * docs/descriptors.md has the grammar.
 */
#ifndef CARDINAL_GAUNTLET_DESCRIPTOR_H
#define CARDINAL_GAUNTLET_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/cardinal.h>
#include <cardinal/plugin.h>

/* An operator's problem: shapes and epilogue. The layouts in the descs are the caller's, BLOCKED16 unless named. */
typedef struct gauntlet_problem {
  cardinal_plugin_operation operation;
  cardinal_conv_desc conv; /* if operation is CARDINAL_PLUGIN_CONV */
  cardinal_pool_desc pool; /* otherwise */
  int64_t out_height, out_width;
  bool format_given; /* the descriptor names the number format; gauntlet_problem_same doesn't care */
} gauntlet_problem;

enum {
  GAUNTLET_DESCRIPTOR_BYTES = 320 /* any descriptor that gauntlet_describe prints */
};

/* A problem from a desc; false, with a sentence in `error`, where the desc isn't one. */
bool gauntlet_problem_of_conv(const cardinal_conv_desc *desc, gauntlet_problem *problem, cardinal_error *error);
bool gauntlet_problem_of_pool(const cardinal_pool_desc *desc, gauntlet_problem *problem, cardinal_error *error);

/* Reads a descriptor. False, with a sentence in `error` that names the word and what would be accepted. */
bool gauntlet_parse(const char *text, gauntlet_problem *problem, cardinal_error *error);

/* Writes the shortest descriptor that reads as `problem`; returns `text`, which has GAUNTLET_DESCRIPTOR_BYTES. */
char *gauntlet_describe(const gauntlet_problem *problem, char *text);

bool gauntlet_problem_same(const gauntlet_problem *a, const gauntlet_problem *b);

#endif
