/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks which kernel serves a convolution on this CPU, and why the others were passed over. */
#include <stdio.h>
#include <stdlib.h>

#include <cardinal/cardinal.h>

static void show(void *user, const char *kernel, const char *reason) {
  int *chosen = user;
  printf("  %-28s %s\n", kernel, reason ? reason : "chosen");
  *chosen += reason == NULL;
}

/* A 3×3 convolution of 128 channels at 56×56, in so many groups. */
static int ask(const cardinal_context *context, int64_t groups) {
  static const float weights[128 * 128 * 9]; /* zeros will do: the choice depends on shapes alone */
  cardinal_conv_desc desc;
  cardinal_conv_desc_init(&desc);
  desc.in_channels = desc.out_channels = 128;
  desc.in_height = desc.in_width = 56;
  desc.groups = groups;
  desc.kernel_height = desc.kernel_width = 3;
  desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
  cardinal_plan *plan;
  cardinal_error error;
  if (cardinal_conv_create(context, &desc, weights, NULL, &plan, &error)) {
    fprintf(stderr, "which_kernel: %s\n", error.message);
    return 0;
  }
  printf("3x3, 128 channels in %d groups: %s\n", (int)groups, cardinal_plan_kernel(plan));
  int chosen = 0;
  cardinal_plan_candidates(plan, show, &chosen);
  cardinal_plan_destroy(plan);
  return chosen == 1;
}

int main(void) {
  cardinal_context *context;
  cardinal_error error;
  if (cardinal_context_create(NULL, &context, &error)) {
    fprintf(stderr, "which_kernel: %s\n", error.message);
    return EXIT_FAILURE;
  }
  printf("Cardinal %s on %s, %u threads\n", cardinal_version(), cardinal_isa_name(cardinal_context_isa(context)),
         cardinal_context_threads(context));
  const int answered = ask(context, 32) && ask(context, 1);
  cardinal_context_destroy(context);
  return answered ? EXIT_SUCCESS : EXIT_FAILURE;
}
