/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of pooling kernels. */
#ifndef CARDINAL_GAUNTLET_MICRO_POOL_H
#define CARDINAL_GAUNTLET_MICRO_POOL_H

#include "gauntlet/micro_run.h"

micro_cases micro_pool_cases;

#endif
