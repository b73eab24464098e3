/* SPDX-License-Identifier: BSD-3-Clause */
/* Convolutions with a window: every registered kernel against the oracle, its portable twin, exact data and the
 * double-precision bound. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/micro_conv.h"
#include "gauntlet/oracle.h"
#include "tests/kernels/harness.h"
#include "tests/support/scale.h"

/* A little below what runs. */
static size_t least_conv(const cardinal_kernel *kernel) {
  if (kernel->x_layout == CARDINAL_LAYOUT_NCHW)
    return test_scale(1100, 70);
  return kernel->slot ? test_scale(2000, 110) : test_scale(2400, 80);
}

Test(kernels, conv) {
  harness_run("kernels/conv", CARDINAL_FORM_CONV, least_conv);
}

/* Wrong orders must give other bits on the same kind of data, or the comparisons would prove nothing. */
Test(kernels, conv_data_tell_orders_apart) {
  micro_buffers buffers;
  micro_buffers_init(&buffers);
  for (oracle_order order = ORACLE_CANONICAL + 1; order < ORACLE_ORDERS; ++order) {
    const micro_conv base = {.channels = 20,
                             .slot = CARDINAL_BLOCK,
                             .in_h = 5,
                             .in_w = 5,
                             .window = cardinal_square_window(3, 1, 1, 1),
                             .out_h = 5,
                             .out_w = 5,
                             .row_end = 5,
                             .lane_mask = CARDINAL_ALL_LANES,
                             .residual = MICRO_RESIDUAL_APART};
    gauntlet_random random = {.state = 5};
    micro_conv_call call;
    micro_conv_lay_out(&call, &base, &random, &buffers);
    const size_t floats = call.y_floats;
    float *canonical = malloc(floats * sizeof(float));
    oracle_conv(&call.args, false, ORACLE_CANONICAL);
    memcpy(canonical, call.args.y, floats * sizeof(float));
    oracle_conv(&call.args, false, order);
    size_t different = 0;
    for (size_t i = 0; i < floats; ++i)
      different += !gauntlet_same(canonical[i], ((const float *)call.args.y)[i]);
    cr_expect(different > floats / 8, "the order '%s' differs from the canonical one in only %zu of %zu outputs",
              oracle_order_name(order), different, floats);
    size_t at;
    float value;
    double exact;
    cr_expect(!micro_conv_out_of_bound(&call, &base, &at, &value, &exact),
              "the order '%s' left the error bound: output %zu is %a instead of %a", oracle_order_name(order), at,
              (double)value, exact);
    free(canonical);
    micro_conv_call_free(&call);
  }
  micro_buffers_free(&buffers);
}
