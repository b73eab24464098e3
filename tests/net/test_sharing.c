/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks of several batches, image sizes and contexts with one set of packed weights. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/net.h>

#include "net/quantise_synthetic.h"

enum {
  CLASSES = 10,
  MOST_BATCH = 3,
  MOST_IMAGE = 3 * 70 * 45
};

/* An allocator that knows what is out. */
typedef struct counted {
  atomic_size_t bytes, pieces;
} counted;

static void *allocate(void *user, size_t bytes, size_t alignment) {
  counted *c = user;
  void *memory = NULL;
  if (posix_memalign(&memory, alignment, bytes))
    return NULL;
  c->bytes += bytes;
  ++c->pieces;
  return memory;
}

static void deallocate(void *user, void *memory, size_t bytes) {
  counted *c = user;
  c->bytes -= bytes;
  --c->pieces;
  free(memory);
}

static cardinal_context *make_context(counted *c, const char *isa) {
  cardinal_context_desc desc;
  cardinal_context *context;
  cardinal_error error;
  cardinal_context_desc_init(&desc);
  desc.isa = isa;
  desc.threads = 2;
  desc.allocate = allocate;
  desc.deallocate = deallocate;
  desc.allocator_user = c;
  cr_assert_eq(cardinal_context_create(&desc, &context, &error), CARDINAL_OK, "%s", error.message);
  return context;
}

static cardinal_net_desc shape(int64_t batch, int64_t height, int64_t width, cardinal_precision precision) {
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = batch;
  desc.image_height = height;
  desc.image_width = width;
  desc.precision = precision;
  return desc;
}

static cardinal_net_spec small_spec(void) {
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cr_assert_eq(cardinal_net_spec_named("resnext17_4x4d_1-2-1-1_20to32", &spec, NULL), CARDINAL_OK);
  spec.classes = CLASSES;
  return spec;
}

/* In int8 they are quantised once, so that networks of all sizes are made of the same. */
static cardinal_weights *make_weights(const cardinal_context *context, const cardinal_net_spec *spec,
                                      cardinal_precision precision) {
  cardinal_weights *weights, *quantised;
  cr_assert_eq(cardinal_weights_synthetic(spec, 5, &weights, NULL), CARDINAL_OK);
  if (precision != CARDINAL_PRECISION_INT8)
    return weights;
  const cardinal_net_desc desc = shape(1, 40, 32, CARDINAL_PRECISION_DEFAULT);
  cr_assert_eq(cardinal_quantise_synthetic(context, spec, weights, &desc, &quantised, NULL), CARDINAL_OK);
  cardinal_weights_destroy(weights);
  return quantised;
}

static cardinal_net *make_net(const cardinal_context *context, const cardinal_weights *weights,
                              const cardinal_net_spec *spec, cardinal_net_desc desc) {
  cardinal_net *net;
  cardinal_error error;
  cr_assert_eq(cardinal_net_create(context, spec, weights, &desc, &net, &error), CARDINAL_OK, "%s", error.message);
  return net;
}

static cardinal_net *make_sharing(const cardinal_context *context, const cardinal_net *with, cardinal_net_desc desc) {
  cardinal_net *net;
  cardinal_error error;
  cr_assert_eq(cardinal_net_create_sharing(context, with, &desc, &net, &error), CARDINAL_OK, "%s", error.message);
  return net;
}

static void run(const cardinal_net *net, float logits[MOST_BATCH * CLASSES]) {
  static float images[MOST_BATCH * MOST_IMAGE];
  cardinal_synthetic_input(2, images, MOST_BATCH * MOST_IMAGE);
  memset(logits, 0, MOST_BATCH * CLASSES * sizeof *logits);
  void *arena = malloc(cardinal_net_arena_bytes(net));
  cr_assert_eq(cardinal_net_run(net, images, NULL, logits, arena, NULL), CARDINAL_OK);
  free(arena);
}

static void expect_same(const cardinal_net *found, const cardinal_net *expected, const char *what) {
  float a[MOST_BATCH * CLASSES], b[MOST_BATCH * CLASSES];
  run(found, a);
  run(expected, b);
  cr_expect(b[0] != 0 && !memcmp(a, b, sizeof a), "%s: other logits than a network of its own", what);
  cr_expect_eq(cardinal_net_weight_bytes(found), cardinal_net_weight_bytes(expected));
  cr_expect_eq(cardinal_net_precision(found), cardinal_net_precision(expected));
}

static void share_in(cardinal_precision precision) {
  counted c = {0}, other_c = {0};
  cardinal_context *context = make_context(&c, NULL), *portable = make_context(&other_c, "generic");
  const cardinal_net_spec spec = small_spec();
  cardinal_weights *weights = make_weights(context, &spec, precision);
  const cardinal_net_desc one = shape(1, 40, 32, precision), three = shape(3, 70, 45, CARDINAL_PRECISION_DEFAULT);
  cardinal_net_desc alone_three = three;
  alone_three.precision = precision;
  cardinal_net *alone_one = make_net(context, weights, &spec, one),
               *alone_three_net = make_net(context, weights, &spec, alone_three);

  const size_t before = c.bytes;
  cardinal_net *first = make_net(context, weights, &spec, one);
  const size_t whole = c.bytes - before;
  cr_expect_gt(whole, cardinal_net_weight_bytes(first), "the count doesn't count");
  cardinal_net *second = make_sharing(context, first, three);
  const size_t shared = c.bytes - before - whole;
  cr_expect_lt(shared, cardinal_net_weight_bytes(first) / 4, "sharing took %zu bytes beside %zu", shared, whole);
  expect_same(second, alone_three_net, "batch 3, 70x45");
  cardinal_net *elsewhere = make_sharing(portable, first, one);
  cr_expect_lt(other_c.bytes, cardinal_net_weight_bytes(first) / 4);
  expect_same(elsewhere, alone_one, "portable kernels");

  cardinal_net_destroy(first); /* its weights stay */
  expect_same(second, alone_three_net, "after the first is gone");
  cardinal_net *third = make_sharing(context, second, one);
  cardinal_net_destroy(second);
  expect_same(third, alone_one, "shared from one that shares");
  cardinal_net_destroy(third);
  expect_same(elsewhere, alone_one, "the last, in another context");
  const size_t kept = c.bytes - before;
  cr_expect(kept >= cardinal_net_weight_bytes(elsewhere) && kept < whole, "%zu bytes stay of %zu", kept, whole);
  cardinal_net_destroy(elsewhere);
  cr_expect_eq(c.bytes, before, "%zu bytes leak", c.bytes - before);

  cardinal_net_destroy(alone_one);
  cardinal_net_destroy(alone_three_net);
  cardinal_weights_destroy(weights);
  cardinal_context_destroy(context);
  cardinal_context_destroy(portable);
  cr_expect(!c.pieces && !other_c.pieces);
}

Test(sharing, f32) {
  share_in(CARDINAL_PRECISION_F32);
}

Test(sharing, bf16) {
  share_in(CARDINAL_PRECISION_BF16);
}

Test(sharing, int8) {
  share_in(CARDINAL_PRECISION_INT8);
}

static void expect_refused(const cardinal_context *context, const cardinal_net *with, cardinal_net_desc desc,
                           const char *words) {
  cardinal_net *net = (cardinal_net *)&desc;
  cardinal_error error = {.status = CARDINAL_OK};
  cr_expect_eq(cardinal_net_create_sharing(context, with, &desc, &net, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(error.status == CARDINAL_INVALID_ARGUMENT && strstr(error.message, words), "'%s' lacks '%s'", error.message,
            words);
  cr_expect_eq((void *)net, (void *)&desc);
}

Test(sharing, errors) {
  counted c = {0};
  cardinal_context *context = make_context(&c, NULL);
  const cardinal_net_spec spec = small_spec();
  cardinal_weights *weights = make_weights(context, &spec, CARDINAL_PRECISION_BF16);
  cardinal_net *net = make_net(context, weights, &spec, shape(1, 40, 32, CARDINAL_PRECISION_BF16));
  const size_t pieces = c.pieces;
  expect_refused(context, net, shape(1, 40, 32, CARDINAL_PRECISION_F32), "bf16; expected that precision, not f32");
  expect_refused(context, net, shape(0, 40, 32, CARDINAL_PRECISION_DEFAULT), "batch is 0");
  expect_refused(context, net, shape(1, 31, 32, CARDINAL_PRECISION_DEFAULT), "31");
  expect_refused(context, net, shape(1, 40, 32, (cardinal_precision)9), "precision is 9");
  expect_refused(context, NULL, shape(1, 40, 32, CARDINAL_PRECISION_DEFAULT), "with");
  expect_refused(NULL, net, shape(1, 40, 32, CARDINAL_PRECISION_DEFAULT), "context");
  cardinal_net_desc desc = shape(1, 40, 32, CARDINAL_PRECISION_DEFAULT);
  cr_expect_eq(cardinal_net_create_sharing(context, net, &desc, NULL, NULL), CARDINAL_INVALID_ARGUMENT);
  cr_expect_eq(c.pieces, pieces);
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  cardinal_context_destroy(context);
  cr_expect_eq(c.pieces, 0);
}

typedef struct churned {
  const cardinal_context *context;
  cardinal_net *net; /* the thread's own, to be destroyed by it */
} churned;

static void *churn(void *argument) {
  churned *own = argument;
  for (int i = 0; i < 50; ++i) {
    cardinal_net *next = make_sharing(own->context, own->net, shape(1 + i % 2, 32, 32, CARDINAL_PRECISION_DEFAULT));
    cardinal_net_destroy(own->net);
    own->net = next;
  }
  cardinal_net_destroy(own->net);
  return NULL;
}

Test(sharing, threads_take_and_let_go_at_once) {
  enum {
    THREADS = 4
  };
  counted c = {0};
  cardinal_context *context = make_context(&c, NULL);
  const cardinal_net_spec spec = small_spec();
  cardinal_weights *weights = make_weights(context, &spec, CARDINAL_PRECISION_F32);
  cardinal_net *net = make_net(context, weights, &spec, shape(1, 32, 32, CARDINAL_PRECISION_F32));
  pthread_t threads[THREADS];
  churned own[THREADS];
  for (int i = 0; i < THREADS; ++i) {
    own[i] = (churned){context, make_sharing(context, net, shape(1, 32, 32, CARDINAL_PRECISION_F32))};
    cr_assert_eq(pthread_create(&threads[i], NULL, churn, &own[i]), 0);
  }
  cardinal_net_destroy(net);
  for (int i = 0; i < THREADS; ++i)
    pthread_join(threads[i], NULL);
  cardinal_weights_destroy(weights);
  cardinal_context_destroy(context);
  cr_expect_eq(c.pieces, 0, "%zu pieces leak", (size_t)c.pieces);
}
