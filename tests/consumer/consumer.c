/* SPDX-License-Identifier: BSD-3-Clause */
/* Uses nothing but the public header, in a build without OpenMP and hwloc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <cardinal/cardinal.h>

static int fail(const char *what) {
  fprintf(stderr, "consumer: %s\n", what);
  return EXIT_FAILURE;
}

int main(void) {
  if (dlsym(RTLD_DEFAULT, "hwloc_topology_init") || dlsym(RTLD_DEFAULT, "omp_get_num_threads"))
    return fail("hwloc or OpenMP came along");

  cardinal_error error;
  cardinal_context *context;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.threads = 4; /* run one after the other */
  if (cardinal_context_create(&desc, &context, &error))
    return fail(error.message);
  cardinal_context_destroy(context);
  if (cardinal_context_create(NULL, &context, &error))
    return fail(error.message);
  printf("%s, %u threads by default\n", cardinal_isa_name(cardinal_context_isa(context)),
         cardinal_context_threads(context));

  /* A 3×3 sum over an image of ones counts the pixels under the window. */
  enum {
    SIZE = 4
  };
  float weights[9], x[SIZE * SIZE], y[SIZE * SIZE];
  for (int i = 0; i < 9; ++i)
    weights[i] = 1.0f;
  for (int i = 0; i < SIZE * SIZE; ++i)
    x[i] = 1.0f;
  cardinal_conv_desc conv;
  cardinal_conv_desc_init(&conv);
  conv.x_layout = conv.y_layout = CARDINAL_LAYOUT_NCHW;
  conv.in_channels = conv.out_channels = 1;
  conv.in_height = conv.in_width = SIZE;
  conv.kernel_height = conv.kernel_width = 3;
  conv.pad_top = conv.pad_left = conv.pad_bottom = conv.pad_right = 1;
  cardinal_plan *plan;
  if (cardinal_conv_create(context, &conv, weights, NULL, &plan, &error))
    return fail(error.message);
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan));
  if (cardinal_plan_run(plan, x, NULL, y, scratch, &error))
    return fail(error.message);
  if (y[0] != 4.0f || y[1] != 6.0f || y[SIZE + 1] != 9.0f)
    return fail("the convolution is wrong");
  free(scratch);
  cardinal_plan_destroy(plan);
  cardinal_context_destroy(context);
  return EXIT_SUCCESS;
}
