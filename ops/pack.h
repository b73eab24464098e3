/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_OPS_PACK_H
#define CARDINAL_OPS_PACK_H

#include "ops/plan.h"

/* Fills plan->weights and plan->bias from OIHW weights and a bias (NULL: zeros); see kernels/kernel.h for the layout.
 * Units lie one after the other, each with its out_blocks panels. */
void cardinal_pack(const cardinal_plan *plan, const float *weights, const float *bias);

#endif
