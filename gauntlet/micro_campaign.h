/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls of one micro-kernel, in this process or in a child. */
#ifndef CARDINAL_GAUNTLET_MICRO_CAMPAIGN_H
#define CARDINAL_GAUNTLET_MICRO_CAMPAIGN_H

#include "gauntlet/micro.h"

/* Runs the cases in this process, which a kernel may crash. Returns how many ran. */
size_t gauntlet_micro_run(const gauntlet_micro *micro);

/* The same in a child: a crash, a stray access, an exit or a call that takes longer than `seconds` is the verdict on
 * the case that was running, and the kernel's last. `judged` is called in this process, when the child has ended. The
 * calling process must have no other threads. */
size_t gauntlet_micro_apart(const gauntlet_micro *micro, unsigned seconds);

#endif
