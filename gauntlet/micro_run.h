/* SPDX-License-Identifier: BSD-3-Clause */
/* What the forms of micro-kernels share: which case is up, its random numbers, its memory, and what it violated. */
#ifndef CARDINAL_GAUNTLET_MICRO_RUN_H
#define CARDINAL_GAUNTLET_MICRO_RUN_H

#include "gauntlet/data.h"
#include "gauntlet/memory.h"
#include "gauntlet/micro.h"

/* The guarded memory of a kernel's arguments. */
typedef struct micro_buffers {
  gauntlet_memory x, w, bias, scale, residual, y;
} micro_buffers;

void micro_buffers_init(micro_buffers *buffers);
void micro_buffers_free(micro_buffers *buffers);

typedef struct micro_run {
  const gauntlet_micro *micro;
  micro_buffers *buffers; /* NULL while cases are counted and none is run */
  size_t number, total;   /* of the case that is up, from 1; of all, as they were counted */
  size_t ran;
  gauntlet_micro_verdict verdict; /* on the case that is up */
} micro_run;

/* Goes through the cases of a kernel. False as soon as micro_end says that it is enough. */
typedef bool micro_cases(micro_run *run);

/* Goes to the next case. Returns whether it is to be run. */
bool micro_next(micro_run *run);

/* Names the case that is up; its random numbers depend on these words. */
__attribute__((format(printf, 2, 3))) void micro_words(micro_run *run, const char *format, ...);

/* Random numbers for the turn-th use of the words. */
gauntlet_random micro_random(const micro_run *run, size_t turn);

/* What forms draw alike: gaps in multiples of 16 numbers, masks of lanes, kinds of data (random ones in even turns). */
size_t micro_draw_gap(gauntlet_random *random);
uint32_t micro_draw_lanes(gauntlet_random *random);
data_kind micro_draw_kind(gauntlet_random *random, size_t turn);

const char *micro_placement_name(gauntlet_placement placement);

/* Weights stay aligned to 64 bytes, and so have only two placements. */
gauntlet_placement micro_weights_placement(gauntlet_placement placement);

/* One of the two, by the campaign's scale. */
size_t micro_scale(const micro_run *run, size_t full, size_t small);

/* Whether `shape` is one that the kernel serves; asked without regard to the CPU. */
bool micro_accepts(const micro_run *run, const cardinal_shape *shape);

/* Notes a violation; the first one is told in words. */
__attribute__((format(printf, 3, 4))) void micro_charge(micro_run *run, gauntlet_violation violation,
                                                        const char *format, ...);

/* The format of the case's y. */
cardinal_format micro_y_format(const micro_run *run, uint32_t y_f32);

/* Puts the scales of int8 (NULL: it isn't int8) into guarded memory; returns them. */
const float *micro_lay_scale(micro_buffers *buffers, const float *scale, size_t channels, gauntlet_placement placement);

/* Calls the kernel, with the modes that operators set for it, and the arguments of its form. It must keep registers,
 * modes, inputs and what lies around them. */
void micro_call(micro_run *run, const void *args);

/* Calls its twin in the same way, without looking. */
void micro_call_twin(const micro_run *run, const void *args);

/* What a number of the output is to a call. */
typedef enum micro_place {
  MICRO_OUTPUT,      /* a result */
  MICRO_MASKED_LANE, /* +0 */
  MICRO_OUTSIDE      /* not to be touched */
} micro_place;

/* Says where number `at` of the output lies, in words such as "row 1, column 2, lane 3". */
typedef micro_place micro_locate(const void *form, size_t at, char *text, size_t size);

/* What the oracle and the twin are to write, apart from the kernel: each begins as y is before the call. */
typedef struct micro_outputs {
  cardinal_format format;
  size_t count; /* numbers of y */
  void *oracles, *twins;
} micro_outputs;

void micro_outputs_make(micro_outputs *outputs, cardinal_format format, const void *y, size_t count);
void micro_outputs_free(micro_outputs *outputs);

/* Compares all numbers that a call could have written with what `other` gives. */
void micro_compare(micro_run *run, const micro_outputs *outputs, const void *found, const void *expected,
                   const char *other, micro_locate *locate, const void *form);

/* Tells the verdict on the case that is up. Returns whether to go on. */
bool micro_end(micro_run *run);

#endif
