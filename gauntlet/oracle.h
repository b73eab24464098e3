/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel contract (kernels/kernel.h) once more, written from its text and for nothing but clarity: each weight is
 * found by its formula, each position in the padding by signed arithmetic, each product added by the C library's fmaf,
 * or of int8, in 64 bits. It is to be called with the modes of C programs: what the order flushes, it flushes itself.
 *
 * The other orders are wrong on purpose. A test that can't tell them from the canonical one shows nothing.
 */
#ifndef CARDINAL_GAUNTLET_ORACLE_H
#define CARDINAL_GAUNTLET_ORACLE_H

#include <stdbool.h>

#include "gauntlet/data.h"
#include "kernels/kernel.h"

typedef enum oracle_order {
  ORACLE_CANONICAL,
  ORACLE_KX_BEFORE_CHANNEL,
  ORACLE_CHANNEL_BEFORE_KY,
  ORACLE_DESCENDING,
  ORACLE_TWO_CHAINS,     /* even and odd products apart, added at the end */
  ORACLE_UNFUSED,        /* product and sum rounded each */
  ORACLE_RESIDUAL_FIRST, /* added to the bias */
  ORACLE_EVEN_FIRST,     /* bf16: the even product of a cell before the odd one */
  ORACLE_PAIR_FIRST,     /* bf16: the two products of a cell are added, then their sum to the others */
  ORACLE_UNFLUSHED,      /* bf16: subnormal numbers are kept */
  ORACLE_OTHER_ROUNDING, /* bf16: y towards zero; int8: y away from zero in the middle */
  ORACLE_ORDERS
} oracle_order;

const char *oracle_order_name(oracle_order order);

/* Whether an order means anything in a format; of int8, the order of the sum means nothing. */
bool oracle_order_applies(oracle_order order, cardinal_format format);

/* Each of these returns whether the result is one that the contract promises. It isn't where bf16 came to within the
 * last step below the smallest normal number, which CPUs flush before rounding or after. */
bool oracle_conv1x1(const cardinal_conv1x1_args *args, cardinal_format format, oracle_order order);
bool oracle_fc(const cardinal_fc_args *args, cardinal_format format, oracle_order order);

/* `planes`: x is NCHW, of f32. */
bool oracle_conv(const cardinal_conv_args *args, cardinal_format format, bool planes, oracle_order order);

/* The canonical order on plain NCHW and OIHW tensors, without slots, blocks of lanes or packing: what an operator
 * promises. */
void oracle_plain(const data_problem *problem, int relu, float *y);

/* Negative numbers become +0; NaN and -0 stay. */
float oracle_relu(float value);

void oracle_max_pool(const cardinal_pool_args *args, cardinal_format format);
void oracle_average_pool(const cardinal_pool_args *args, cardinal_format format);

#endif
