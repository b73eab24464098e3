/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where another kernel than the registry's first has been measured to be faster. All kernels give the same bits, so
 * such evidence decides about speed alone.
 *
 * Two kinds come before the registry's order: what was measured on this very machine for exact shapes
 * (dispatch/tuning.h), then a built-in table by families of CPUs and classes of shapes. Both only prefer: a kernel that
 * the CPU can't run, that a cap or the like takes away or that doesn't serve the shape is passed over.
 */
#ifndef CARDINAL_DISPATCH_EVIDENCE_H
#define CARDINAL_DISPATCH_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatch/cpu.h"
#include "kernels/shape.h"

/* Sizes from `least` to `most`, both included; all of them if `most` is 0. */
typedef struct cardinal_range {
  size_t least, most;
} cardinal_range;

/* A class of convolutions, and the kernel that is fastest for it. Windows, strides and dilations are those of both
 * directions; 0 stands for any. */
typedef struct cardinal_preference {
  size_t window, stride, dilation;
  size_t slot;           /* as cardinal_shape_slot gives it; 0: any */
  cardinal_range pixels; /* of one image of the output */
  cardinal_range in_channels, out_channels;
  const char *kernel;
} cardinal_preference;

enum {
  CARDINAL_MODEL_RANGES = 4
};

/* CPUs of one design. Of two preferences that cover a shape, the first whose kernel serves it counts. */
typedef struct cardinal_cpu_family {
  const char *name;   /* for people */
  const char *vendor; /* these as cardinal_cpu_features has them */
  uint32_t family;
  cardinal_range models[CARDINAL_MODEL_RANGES]; /* those of most = 0 don't count */
  const cardinal_preference *preferences;
  size_t preference_count;
} cardinal_cpu_family;

typedef struct cardinal_evidence {
  const cardinal_cpu_family *families;
  size_t count;
} cardinal_evidence;

/* What was measured when this library was made. */
extern const cardinal_evidence cardinal_built_in_evidence;

/* The family of a CPU; NULL if there is no evidence about it. */
const cardinal_cpu_family *cardinal_evidence_family(const cardinal_evidence *evidence,
                                                    const cardinal_cpu_features *cpu);

/* Whether a shape is of the preference's class. */
bool cardinal_preference_covers(const cardinal_preference *preference, const cardinal_shape *shape);

#endif
