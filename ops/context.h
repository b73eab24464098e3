/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_OPS_CONTEXT_H
#define CARDINAL_OPS_CONTEXT_H

#include <cardinal/cardinal.h>
#include <cardinal/plugin.h>

#include "dispatch/select.h"
#include "dispatch/topology.h"
#include "ops/team.h"
#include "ops/tuning_file.h"

struct cardinal_context {
  cardinal_selector selector;
  cardinal_topology topology;
  uint32_t threads, flags;
  cardinal_threading threading;
  cardinal_team *team;                /* NULL if the threads are others', or there is only one */
  cardinal_parallel_for parallel_for; /* NULL if tasks run on the team or on the calling thread alone */
  void *parallel_for_user;
  cardinal_allocate allocate;
  cardinal_deallocate deallocate;
  void *allocator_user;
  cardinal_tuning_file tuning;
  const cardinal_plugin *plugin; /* the caller's kernels, which come before the library's; NULL: none */
};

/* Memory from the context's allocator, aligned to 64 bytes; NULL if there is none. */
void *cardinal_context_allocate(const cardinal_context *context, size_t bytes);
void cardinal_context_free(const cardinal_context *context, void *memory, size_t bytes);

/* Runs task(argument, 0) and more of them on the context's threads: on its team, which the caller holds, on as many
 * members as come in time, otherwise all `tasks`. Returns when those that began have returned. */
void cardinal_context_run_tasks(const cardinal_context *context, size_t tasks, cardinal_task task, void *argument);

#endif
