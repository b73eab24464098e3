/* SPDX-License-Identifier: BSD-3-Clause */
/* Pooling: every registered kernel against the oracle and its portable twin. */
#include <criterion/criterion.h>

#include "gauntlet/memory.h"
#include "gauntlet/oracle.h"
#include "gauntlet/random.h"
#include "tests/kernels/harness.h"
#include "tests/support/scale.h"

/* A little below what runs. */
static size_t least_pool(const cardinal_kernel *kernel) {
  return kernel->operation == CARDINAL_OPERATION_MAX_POOL ? test_scale(4300, 300) : test_scale(450, 240);
}

Test(kernels, pool) {
  harness_run("kernels/pool", CARDINAL_FORM_POOL, least_pool);
}

/* The sum's order shows in an average, too: columns inside rows. */
Test(kernels, average_pool_data_tell_orders_apart) {
  float x[5 * 7 * CARDINAL_BLOCK], canonical[CARDINAL_BLOCK], columns_first[CARDINAL_BLOCK];
  gauntlet_random random = {.state = 3};
  for (size_t i = 0; i < sizeof x / sizeof x[0]; ++i)
    x[i] = gauntlet_uniform(&random);
  oracle_average_pool(&(cardinal_pool_args){.x = x,
                                            .y = canonical,
                                            .in_height = 5,
                                            .in_width = 7,
                                            .x_row = 7 * CARDINAL_BLOCK,
                                            .lane_mask = CARDINAL_ALL_LANES},
                      CARDINAL_FORMAT_F32);
  size_t different = 0;
  for (size_t l = 0; l < CARDINAL_BLOCK; ++l) {
    float sum = 0.0f;
    for (size_t column = 0; column < 7; ++column)
      for (size_t row = 0; row < 5; ++row)
        sum += x[(row * 7 + column) * CARDINAL_BLOCK + l];
    columns_first[l] = sum * (float)(1.0 / 35.0);
    different += !gauntlet_same(canonical[l], columns_first[l]);
  }
  cr_expect(different > 4, "only %zu of 16 averages differ", different);
}
