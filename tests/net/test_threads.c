/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks on several threads: whoever runs the tasks, several runs at once, and who has the threads meanwhile. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/net.h>

#include "tests/support/scale.h"

enum {
  LOGITS = 20,
  IMAGES = 3 * 40 * 32
};

static float images[IMAGES];

static cardinal_context *make_context(cardinal_threading threading) {
  cardinal_context_desc desc;
  cardinal_context *context = NULL;
  cardinal_error error;
  cardinal_context_desc_init(&desc);
  desc.threading = threading;
  desc.threads = 3;
  const cardinal_status status = cardinal_context_create(&desc, &context, &error);
  cr_assert(!status || (status == CARDINAL_UNSUPPORTED && threading == CARDINAL_THREADING_OPENMP), "%s", error.message);
  return context;
}

/* One block a stage. */
static cardinal_net *make_net(const cardinal_context *context) {
  const cardinal_net_spec spec = {.struct_size = sizeof spec,
                                  .blocks = {1, 1, 1, 1},
                                  .cardinality = 8,
                                  .width_per_group = 4,
                                  .classes = LOGITS,
                                  .name = "small"};
  cardinal_net_desc desc;
  cardinal_weights *weights;
  cardinal_net *net;
  cardinal_error error;
  cardinal_net_desc_init(&desc);
  desc.image_height = 40;
  desc.image_width = 32;
  cr_assert_eq(cardinal_weights_synthetic(&spec, 1, &weights, &error), CARDINAL_OK, "%s", error.message);
  cr_assert_eq(cardinal_net_create(context, &spec, weights, &desc, &net, &error), CARDINAL_OK, "%s", error.message);
  cardinal_weights_destroy(weights);
  return net;
}

static void run(const cardinal_net *net, float logits[LOGITS]) {
  void *arena = malloc(cardinal_net_arena_bytes(net));
  cr_assert_eq(cardinal_net_run(net, images, NULL, logits, arena, NULL), CARDINAL_OK);
  free(arena);
}

static void run_serially(float logits[LOGITS]) {
  cardinal_synthetic_input(1, images, IMAGES);
  cardinal_context *context = make_context(CARDINAL_THREADING_SERIAL);
  cardinal_net *net = make_net(context);
  run(net, logits);
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
}

Test(threads, all_ways_give_the_same_bits) {
  float expected[LOGITS], found[LOGITS];
  run_serially(expected);
  for (int t = CARDINAL_THREADING_SERIAL; t <= CARDINAL_THREADING_OPENMP; ++t) {
    cardinal_context *context = make_context((cardinal_threading)t);
    if (!context)
      continue;
    cardinal_net *net = make_net(context);
    for (int i = 0; i < 3; ++i) {
      run(net, found);
      cr_expect(!memcmp(found, expected, sizeof found), "threading %s", cardinal_threading_name((cardinal_threading)t));
    }
    cardinal_net_destroy(net);
    cardinal_context_destroy(context);
  }
}

typedef struct user {
  const cardinal_net *net;
  const float *expected;
  size_t runs, wrong;
} user;

static void *use(void *argument) {
  user *u = argument;
  for (size_t i = 0; i < u->runs; ++i) {
    float found[LOGITS];
    run(u->net, found);
    u->wrong += memcmp(found, u->expected, sizeof found) != 0;
  }
  return NULL;
}

Test(threads, several_run_one_network_at_once) {
  enum {
    USERS = 4
  };
  float expected[LOGITS];
  run_serially(expected);
  cardinal_context *context = make_context(CARDINAL_THREADING_TEAM);
  cardinal_net *net = make_net(context);
  user users[USERS];
  pthread_t threads[USERS];
  for (int i = 0; i < USERS; ++i) {
    users[i] = (user){.net = net, .expected = expected, .runs = test_scale(20, 2)};
    cr_assert_eq(pthread_create(&threads[i], NULL, use, &users[i]), 0);
  }
  for (int i = 0; i < USERS; ++i) {
    pthread_join(threads[i], NULL);
    cr_expect_eq(users[i].wrong, 0, "user %d: %zu of %zu runs are wrong", i, users[i].wrong, users[i].runs);
  }
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
}

static void *try_to_hold(void *argument) {
  const cardinal_context *context = argument;
  const int32_t held = cardinal_context_hold_threads(context);
  cardinal_context_release_threads(context);
  return held ? argument : NULL;
}

/* Whether another thread could have the context's threads now. */
static bool are_free(cardinal_context *context) {
  pthread_t other;
  void *held;
  cr_assert_eq(pthread_create(&other, NULL, try_to_hold, context), 0);
  pthread_join(other, &held);
  return held;
}

typedef struct visits {
  cardinal_context *context;
  size_t before, after, free;
} visits;

static void before(void *argument, size_t layer) {
  visits *v = argument;
  (void)layer;
  v->before++;
  v->free += are_free(v->context);
}

static void after(void *argument, size_t layer) {
  visits *v = argument;
  (void)layer;
  v->after++;
  v->free += are_free(v->context);
}

/* One team for a whole network: nobody gets its threads between two layers. */
Test(threads, are_held_from_the_first_layer_to_the_last) {
  float expected[LOGITS], found[LOGITS];
  run_serially(expected);
  cardinal_context *context = make_context(CARDINAL_THREADING_TEAM);
  cardinal_net *net = make_net(context);
  visits v = {.context = context};
  void *arena = malloc(cardinal_net_arena_bytes(net));
  cr_expect(are_free(context));
  cr_assert_eq(cardinal_net_run_profiled(net, images, NULL, found, arena, before, after, &v, NULL), CARDINAL_OK);
  cr_expect(v.before == cardinal_net_layer_count(net) && v.after == v.before);
  cr_expect_eq(v.free, 0, "%zu times they were free", v.free);
  cr_expect(!memcmp(found, expected, sizeof found));
  cr_expect(are_free(context), "they are still held");
  free(arena);
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
}
