/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of matrix products: 1×1 convolutions and fully connected layers. */
#ifndef CARDINAL_GAUNTLET_MICRO_MATRIX_H
#define CARDINAL_GAUNTLET_MICRO_MATRIX_H

#include "gauntlet/micro_run.h"

micro_cases micro_conv1x1_cases;
micro_cases micro_fc_cases;

#endif
