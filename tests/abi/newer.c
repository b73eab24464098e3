/* SPDX-License-Identifier: BSD-3-Clause */
/* A program built with the header of a release to come, whose structs are longer than this library knows: it works as
 * long as it leaves what is new unset, and is told so if it doesn't. */
#include <cardinal/cardinal.h>

/* The coming header: each struct has a member more at its end. */
#define LONGER(type)                                                                                                   \
  typedef struct newer_##type {                                                                                        \
    type now;                                                                                                          \
    uint64_t later[4];                                                                                                 \
  } newer_##type

LONGER(cardinal_context_desc);
LONGER(cardinal_conv_desc);
LONGER(cardinal_pool_desc);
LONGER(cardinal_machine);

#include "tests/abi/program.h"

static void refused(cardinal_status status, const cardinal_error *error, const char *what) {
  program_expect(status == CARDINAL_INVALID_ARGUMENT && strstr(error->message, "struct_size") &&
                     strstr(error->message, "zeros"),
                 what, error->message);
}

int main(void) {
  GUARDED(newer_cardinal_context_desc) context_desc;
  GUARDED(newer_cardinal_conv_desc) conv;
  GUARDED(newer_cardinal_pool_desc) pool;
  GUARDED(newer_cardinal_machine) machine;
  memset(&context_desc, CANARY, sizeof context_desc);
  memset(&conv, CANARY, sizeof conv);
  memset(&pool, CANARY, sizeof pool);
  memset(&machine, CANARY, sizeof machine);
  cardinal_context_desc_init_sized(&context_desc.it.now, sizeof context_desc.it);
  cardinal_conv_desc_init_sized(&conv.it.now, sizeof conv.it);
  cardinal_pool_desc_init_sized(&pool.it.now, sizeof pool.it);
  machine.it.now.struct_size = sizeof machine.it;
  cardinal_error error = {.message = ""};
  program_expect(cardinal_machine_get(&machine.it.now, &error) == CARDINAL_OK, "cardinal_machine_get", error.message);
  program_expect(machine.it.later[0] == 0 && machine.it.later[3] == 0, "what is new is left unset", NULL);
  program_expect(machine.it.now.cores >= 1, "what is known is set", NULL);
  program_expect_canaries(context_desc.before, context_desc.after, "cardinal_context_desc_init_sized");
  program_expect_canaries(conv.before, conv.after, "cardinal_conv_desc_init_sized");
  program_expect_canaries(pool.before, pool.after, "cardinal_pool_desc_init_sized");
  program_expect_canaries(machine.before, machine.after, "cardinal_machine_get");

  cardinal_context *context = NULL, *other = NULL;
  cardinal_plan *plan = NULL;
  static const float weights[1];
  if (cardinal_context_create(&context_desc.it.now, &context, &error) != CARDINAL_OK) {
    program_expect(0, "a longer cardinal_context_desc", error.message);
    return EXIT_FAILURE;
  }
  conv.it.now.in_channels = conv.it.now.out_channels = conv.it.now.in_height = conv.it.now.in_width = 1;
  pool.it.now.channels = pool.it.now.in_height = pool.it.now.in_width = 1;
  program_expect(cardinal_conv_create(context, &conv.it.now, weights, NULL, &plan, &error) == CARDINAL_OK,
                 "a longer cardinal_conv_desc", error.message);
  cardinal_plan_destroy(plan);
  program_expect(cardinal_pool_create(context, &pool.it.now, &plan, &error) == CARDINAL_OK,
                 "a longer cardinal_pool_desc", error.message);
  cardinal_plan_destroy(plan);

  context_desc.it.later[3] = conv.it.later[0] = pool.it.later[2] = 1;
  refused(cardinal_context_create(&context_desc.it.now, &other, &error), &error, "a context with something new");
  refused(cardinal_conv_create(context, &conv.it.now, weights, NULL, &plan, &error), &error,
          "a convolution with something new");
  refused(cardinal_pool_create(context, &pool.it.now, &plan, &error), &error, "a pool with something new");
  cardinal_context_destroy(context);
  return program_run();
}
