/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_TOOLS_SCREEN_DATA_H
#define CARDINAL_TOOLS_SCREEN_DATA_H

#include "tools/screen_work.h"

/* Fills the operands of a job that is one layer with its pattern, in its format; of int8 also the weights' steps and
 * scales. False without memory. */
bool screen_make_data(screen_job *job, const gauntlet_problem *problem);

#endif
