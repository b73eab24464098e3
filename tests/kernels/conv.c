/* SPDX-License-Identifier: BSD-3-Clause */
/* Convolutions with a window: every registered kernel against the oracle, its portable twin, exact data and the
 * double-precision bound. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "gauntlet/micro_conv.h"
#include "gauntlet/oracle.h"
#include "tests/kernels/harness.h"
#include "tests/support/scale.h"

/* A little below what runs. */
static size_t least_conv(const cardinal_kernel *kernel) {
  if (kernel->x_layout == CARDINAL_LAYOUT_NCHW)
    return test_scale(1100, 70);
  return kernel->slot ? test_scale(2000, 110) : test_scale(2200, 70);
}

Test(kernels, conv) {
  harness_run("kernels/conv", CARDINAL_FORM_CONV, least_conv);
}

/* A call on whose data an order is told from the canonical one. */
static micro_conv call_for(oracle_order order, cardinal_format format) {
  const bool rounding = order == ORACLE_OTHER_ROUNDING;
  const bool bf16_flushing =
      format == CARDINAL_FORMAT_BF16 && (order == ORACLE_UNFUSED || order == ORACLE_UNFLUSHED); /* products are exact */
  return (micro_conv){.format = format,
                      .channels = 20,
                      .slot = CARDINAL_BLOCK,
                      .in_h = 5,
                      .in_w = 5,
                      .window = cardinal_square_window(3, 1, 1, 1),
                      .out_h = 5,
                      .out_w = 5,
                      .row_end = 5,
                      .lane_mask = CARDINAL_ALL_LANES,
                      .y_f32 = !rounding,
                      .residual = bf16_flushing ? MICRO_NO_RESIDUAL : MICRO_RESIDUAL_APART,
                      .data = bf16_flushing                                ? DATA_TINY
                              : rounding && format == CARDINAL_FORMAT_INT8 ? DATA_INTEGERS
                                                                           : DATA_RANDOM};
}

/* How many outputs of the call an order gives other bits. */
static size_t count_differences(const micro_conv_call *call, cardinal_format format, oracle_order order) {
  const cardinal_format y_format = call->problem.y_format;
  cardinal_conv_args args = call->args;
  args.y = malloc(call->y_numbers * sizeof(float));
  oracle_conv(&args, format, false, order);
  size_t different = 0;
  for (size_t i = 0; i < call->y_numbers; ++i)
    different += !gauntlet_same(gauntlet_number(y_format, call->args.y, i), gauntlet_number(y_format, args.y, i));
  free(args.y);
  return different;
}

/* Wrong orders must give other bits on the same kind of data, or the comparisons would prove nothing. Those that only
 * sum in another way stay within the bound. */
static void tell_apart(oracle_order order, cardinal_format format, micro_buffers *buffers) {
  const micro_conv c = call_for(order, format);
  gauntlet_random random = {.state = 5};
  micro_conv_call call;
  micro_conv_lay_out(&call, &c, &random, buffers);
  oracle_conv(&call.args, format, false, ORACLE_CANONICAL);
  const size_t different = count_differences(&call, format, order);
  cr_expect(different > call.y_numbers / 16,
            "%s: the order '%s' differs from the canonical one in only %zu of %zu outputs",
            cardinal_format_name(format), oracle_order_name(order), different, call.y_numbers);

  oracle_conv(&call.args, format, false, order);
  size_t at;
  float value;
  double exact;
  cr_expect(micro_conv_out_of_bound(&call, &c, &at, &value, &exact) == (order == ORACLE_OTHER_ROUNDING),
            "%s: the order '%s' left the error bound, or didn't though it rounds otherwise: output %zu is %a of %a",
            cardinal_format_name(format), oracle_order_name(order), at, (double)value, exact);
  micro_conv_call_free(&call);
}

Test(kernels, conv_data_tell_orders_apart) {
  micro_buffers buffers;
  micro_buffers_init(&buffers);
  for (cardinal_format format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; ++format)
    for (oracle_order order = ORACLE_CANONICAL + 1; order < ORACLE_ORDERS; ++order)
      if (oracle_order_applies(order, format))
        tell_apart(order, format, &buffers);
  micro_buffers_free(&buffers);
}
