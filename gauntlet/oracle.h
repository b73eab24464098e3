/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel contract (kernels/kernel.h) once more, written from its text and for nothing but clarity: each weight is
 * found by its formula, each position in the padding by signed arithmetic, each product added by the C library's fmaf.
 *
 * The other orders are wrong on purpose. A test that can't tell them from the canonical one shows nothing.
 */
#ifndef CARDINAL_GAUNTLET_ORACLE_H
#define CARDINAL_GAUNTLET_ORACLE_H

#include <stdbool.h>

#include "kernels/generic/reference.h"
#include "kernels/kernel.h"

typedef enum oracle_order {
  ORACLE_CANONICAL,
  ORACLE_KX_BEFORE_CHANNEL,
  ORACLE_CHANNEL_BEFORE_KY,
  ORACLE_DESCENDING,
  ORACLE_TWO_CHAINS,     /* even and odd products apart, added at the end */
  ORACLE_UNFUSED,        /* product and sum rounded each */
  ORACLE_RESIDUAL_FIRST, /* added to the bias */
  ORACLE_ORDERS
} oracle_order;

const char *oracle_order_name(oracle_order order);

void oracle_conv1x1(const cardinal_conv1x1_args *args, oracle_order order);
void oracle_fc(const cardinal_fc_args *args, oracle_order order);

/* `planes`: x is NCHW. */
void oracle_conv(const cardinal_conv_args *args, bool planes, oracle_order order);

/* The canonical order on plain NCHW and OIHW tensors, without slots, blocks of lanes or packing: what an operator
 * promises. bias and residual may be NULL. */
void oracle_plain_conv(const cardinal_reference_shape *shape, const float *x, const float *weights, const float *bias,
                       const float *residual, int relu, float *y);

void oracle_max_pool(const cardinal_pool_args *args);
void oracle_average_pool(const cardinal_pool_args *args);

#endif
