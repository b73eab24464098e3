/* SPDX-License-Identifier: BSD-3-Clause */
/* Linked in front of the library: one value of every output comes out wrong, somewhere in the middle. */
#include <stdlib.h>

#include <cardinal/net.h>

__typeof__(cardinal_plan_run) __real_cardinal_plan_run, __wrap_cardinal_plan_run;
__typeof__(cardinal_net_run) __real_cardinal_net_run, __wrap_cardinal_net_run;

/* The value to spoil, by the environment: in a plan's y as it lies in memory, or in a network's logits. */
static void spoil(const char *variable, float *values) {
  const char *index = getenv(variable);
  if (index)
    values[strtoul(index, NULL, 10)] += 0.125f;
}

cardinal_status __wrap_cardinal_plan_run(const cardinal_plan *plan, const void *x, const void *residual, void *y,
                                         void *scratch, cardinal_error *error) {
  const cardinal_status status = __real_cardinal_plan_run(plan, x, residual, y, scratch, error);
  spoil("PLANTED_LAYER", y);
  return status;
}

cardinal_status __wrap_cardinal_net_run(const cardinal_net *net, const float *images, float *features, float *logits,
                                        void *arena, cardinal_error *error) {
  const cardinal_status status = __real_cardinal_net_run(net, images, features, logits, arena, error);
  spoil("PLANTED_LOGIT", logits);
  return status;
}
