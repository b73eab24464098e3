/* SPDX-License-Identifier: BSD-3-Clause */
/* The program's own allocator: here one that counts, and keeps under a limit. Contexts, plans and packed weights use
 * it; where it gives NULL, the call that asked fails with CARDINAL_OUT_OF_MEMORY and nothing is lost. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cardinal/cardinal.h>

typedef struct account {
  atomic_size_t bytes; /* atomic, since any thread may make or destroy an object */
  size_t limit;
} account;

static void *allocate(void *user, size_t bytes, size_t alignment) {
  account *a = user;
  void *memory = NULL;
  if (atomic_fetch_add(&a->bytes, bytes) + bytes <= a->limit) {
    if (alignment < sizeof(void *))
      alignment = sizeof(void *);
    if (posix_memalign(&memory, alignment, bytes))
      memory = NULL;
  }
  if (!memory)
    atomic_fetch_sub(&a->bytes, bytes);
  return memory;
}

static void deallocate(void *user, void *memory, size_t bytes) {
  if (memory)
    atomic_fetch_sub(&((account *)user)->bytes, bytes);
  free(memory);
}

/* Makes the plan of a 1×1 convolution of `channels` channels and says what it holds. */
static cardinal_status make(const cardinal_context *context, int64_t channels, const account *a) {
  float *weights = calloc((size_t)(channels * channels), sizeof *weights);
  if (!weights)
    return CARDINAL_OUT_OF_MEMORY;
  cardinal_conv_desc desc;
  cardinal_conv_desc_init(&desc);
  desc.in_channels = desc.out_channels = channels;
  desc.in_height = desc.in_width = 14;
  cardinal_plan *plan = NULL;
  cardinal_error error;
  const cardinal_status status = cardinal_conv_create(context, &desc, weights, NULL, &plan, &error);
  if (status)
    printf("%d channels: %s\n", (int)channels, error.message);
  else
    printf("%d channels: %zu bytes of weights, %zu in all\n", (int)channels, cardinal_plan_weight_bytes(plan),
           atomic_load(&a->bytes));
  cardinal_plan_destroy(plan);
  free(weights);
  return status;
}

int main(void) {
  account a = {.limit = 1 << 20};
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.allocate = allocate;
  desc.deallocate = deallocate;
  desc.allocator_user = &a;
  cardinal_context *context;
  if (cardinal_context_create(&desc, &context, NULL))
    return EXIT_FAILURE;
  const cardinal_status small = make(context, 256, &a), large = make(context, 1024, &a);
  cardinal_context_destroy(context);
  printf("%zu bytes left\n", atomic_load(&a.bytes));
  return !small && large == CARDINAL_OUT_OF_MEMORY && !atomic_load(&a.bytes) ? EXIT_SUCCESS : EXIT_FAILURE;
}
