/* SPDX-License-Identifier: BSD-3-Clause */
/* A grouped 3×3 convolution on an NCHW image: describe it, make a plan, run it. */
#include <stdio.h>
#include <stdlib.h>

#include <cardinal/cardinal.h>

enum {
  CHANNELS = 128,
  GROUPS = 32,
  WIDTH = CHANNELS / GROUPS, /* channels a group */
  SIZE = 56
};

static float x[CHANNELS * SIZE * SIZE], y[CHANNELS * SIZE * SIZE];
static float weights[CHANNELS * WIDTH * 9], bias[CHANNELS];

static void must(cardinal_status status, const cardinal_error *error) {
  if (status) {
    fprintf(stderr, "%s: %s\n", cardinal_status_string(status), error->message);
    exit(EXIT_FAILURE);
  }
}

int main(void) {
  for (int i = 0; i < CHANNELS * SIZE * SIZE; ++i)
    x[i] = 1.0f;
  for (int i = 0; i < CHANNELS * WIDTH * 9; ++i)
    weights[i] = 0.5f; /* [output channel][input channel of its group][row][column] */
  for (int channel = 0; channel < CHANNELS; ++channel)
    bias[channel] = (float)channel;

  cardinal_error error;
  cardinal_context *context;
  must(cardinal_context_create(NULL, &context, &error), &error);

  cardinal_conv_desc desc;
  cardinal_conv_desc_init(&desc);
  desc.x_layout = desc.y_layout = CARDINAL_LAYOUT_NCHW;
  desc.in_channels = desc.out_channels = CHANNELS;
  desc.in_height = desc.in_width = SIZE;
  desc.groups = GROUPS;
  desc.kernel_height = desc.kernel_width = 3;
  desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
  desc.has_bias = desc.has_relu = 1;
  cardinal_plan *plan;
  must(cardinal_conv_create(context, &desc, weights, bias, &plan, &error), &error);

  /* Each thread that runs the plan brings its own scratch; the run itself allocates nothing. */
  const size_t bytes = cardinal_plan_scratch_bytes(plan);
  void *scratch = malloc(bytes ? bytes : 1);
  if (!scratch)
    return EXIT_FAILURE;
  must(cardinal_plan_run(plan, x, NULL, y, scratch, &error), &error);

  /* A corner sees 4 pixels of each of 4 channels, the middle 9. */
  const float *last = y + (size_t)(CHANNELS - 1) * SIZE * SIZE;
  printf("%s: corner %g, middle %g\n", cardinal_plan_kernel(plan), last[0], last[SIZE * SIZE / 2 + SIZE / 2]);

  free(scratch);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
  return EXIT_SUCCESS;
}
