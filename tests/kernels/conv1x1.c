/* SPDX-License-Identifier: BSD-3-Clause */
/* 1×1 convolutions and fully connected layers: every registered kernel against the oracle, its portable twin, exact
 * data and the double-precision bound. */
#include <criterion/criterion.h>

#include "tests/kernels/harness.h"
#include "tests/support/scale.h"

/* A little below what runs. */
static size_t least_conv1x1(const cardinal_kernel *kernel) {
  return kernel->tile_blocks * test_scale(1100, 70);
}

static size_t least_fc(const cardinal_kernel *kernel) {
  return kernel->tile_blocks * test_scale(1900, 20) + test_scale(600, 25);
}

Test(kernels, conv1x1) {
  harness_run("kernels/conv1x1", CARDINAL_FORM_CONV1X1, least_conv1x1);
}

Test(kernels, fc) {
  harness_run("kernels/fc", CARDINAL_FORM_FC, least_fc);
}
