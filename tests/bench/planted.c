/* SPDX-License-Identifier: BSD-3-Clause */
/* Linked in front of the library: every output of an operator comes out with its first value wrong. */
#include <cardinal/cardinal.h>

__typeof__(cardinal_plan_run) __real_cardinal_plan_run, __wrap_cardinal_plan_run;

cardinal_status __wrap_cardinal_plan_run(const cardinal_plan *plan, const float *x, const float *residual, float *y,
                                         void *scratch, cardinal_error *error) {
  const cardinal_status status = __real_cardinal_plan_run(plan, x, residual, y, scratch, error);
  y[0] += 0.125f;
  return status;
}
