/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A team of threads that help the thread that runs a plan.
 *
 * A run's tasks claim items from a counter until none is left, so any number of them does the whole work. The team is
 * built on that: the runner opens a phase, begins to work at once, and whichever members come in time join in; it
 * closes the phase when its own task returns and waits for those inside, never for one that is asleep, preempted or
 * could not be started. A member's task returns only when no item is left, so a member that leaves closes the phase,
 * too.
 *
 * When threads exist: none before the first phase that has several tasks; then as many as phases have asked for, until
 * cardinal_team_stop. Members spin for a while after a phase (longer while the team is held, since the next phase is
 * near), then sleep in the kernel. A forked child has none of them; its first hold notices and starts afresh.
 */
#ifndef CARDINAL_OPS_TEAM_H
#define CARDINAL_OPS_TEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cardinal/cardinal.h>

typedef struct cardinal_team cardinal_team;

/* Bytes of a team for runs of up to `threads` threads, the runner's included. */
size_t cardinal_team_bytes(uint32_t threads);

/* Makes a team in memory of that size, aligned to 64 bytes; starts no thread. Members that `spin` wait awake between
 * phases; where threads outnumber CPUs they had better not. False if the C library has no memory to watch for forks. */
bool cardinal_team_init(cardinal_team *team, uint32_t threads, bool spin);

/* Ends and joins the threads; nobody may hold the team. In a forked child there are none to join. */
void cardinal_team_stop(cardinal_team *team);

/* Claims the team for the calling thread, which may hold it several times; false if another thread holds it. */
bool cardinal_team_hold(cardinal_team *team);

/* Gives back one hold of the calling thread; nothing happens if it has none. */
void cardinal_team_release(cardinal_team *team);

/* Runs task(argument, 0) on the calling thread, which holds the team, and task(argument, i) with different i from 1 to
 * tasks - 1 on as many members as come in time; returns when all of these have returned. The task must be one that
 * returns only when there is nothing left to do. Allocates nothing but the threads that haven't been started yet. */
void cardinal_team_run(cardinal_team *team, size_t tasks, cardinal_task task, void *argument);

#endif
