/* SPDX-License-Identifier: BSD-3-Clause */
/* The drivers: how kernels of each form are called. */
#ifndef CARDINAL_OPS_DRIVERS_H
#define CARDINAL_OPS_DRIVERS_H

#include "ops/plan.h"

/* Sets up blocking, items and a worker's scratch of a plan whose shape, kernel, grouping and layouts are known. */
typedef void cardinal_driver(cardinal_plan *plan);

/* One for each form; cardinal_driver_of finds them. */
cardinal_driver cardinal_drive_conv1x1;
cardinal_driver cardinal_drive_fc;
cardinal_driver cardinal_drive_conv;
cardinal_driver cardinal_drive_pool;
cardinal_driver cardinal_drive_foreign; /* of plug-ins' kernels, which have no form */

cardinal_driver *cardinal_driver_of(cardinal_form form);

#endif
