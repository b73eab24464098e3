/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory: all of it goes through the caller's allocator and comes back, whichever allocation fails; runs need none. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/cardinal.h>

/* An allocator that counts, remembers sizes, and fails at the `fail_at`-th allocation (from 1; 0: never). */
typedef struct counting {
  size_t allocations, fail_at, live, wrong;
  struct {
    void *memory;
    size_t bytes;
  } blocks[64];
} counting;

static void *allocate(void *user, size_t bytes, size_t alignment) {
  counting *c = user;
  if (++c->allocations == c->fail_at)
    return NULL;
  c->wrong += alignment < 64 || alignment > 4096 || (alignment & (alignment - 1)) != 0;
  void *memory = NULL;
  cr_assert_eq(posix_memalign(&memory, alignment, bytes), 0);
  memset(memory, 0xA5, bytes); /* nothing may rely on zeros */
  for (size_t i = 0; i < sizeof c->blocks / sizeof c->blocks[0]; ++i)
    if (!c->blocks[i].memory) {
      c->blocks[i].memory = memory;
      c->blocks[i].bytes = bytes;
      ++c->live;
      return memory;
    }
  cr_assert(false, "more blocks than a test expects");
  return NULL;
}

static void deallocate(void *user, void *memory, size_t bytes) {
  counting *c = user;
  for (size_t i = 0; i < sizeof c->blocks / sizeof c->blocks[0]; ++i)
    if (memory && c->blocks[i].memory == memory) {
      c->wrong += c->blocks[i].bytes != bytes;
      c->blocks[i].memory = NULL;
      --c->live;
      free(memory);
      return;
    }
  ++c->wrong;
}

static cardinal_status make_context(counting *c, cardinal_threading threading, cardinal_context **context,
                                    cardinal_error *error) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threads = 2;
  desc.threading = threading;
  desc.allocate = allocate;
  desc.deallocate = deallocate;
  desc.allocator_user = c;
  return cardinal_context_create(&desc, context, error);
}

/* One plan of each driver, and of each of its ways to lay out scratch. */
static const struct {
  int64_t in, out, groups, size, window, stride;
} convs[] = {
    {20, 20, 1, 5, 1, 1}, {40, 20, 1, 5, 1, 2},  {300, 20, 1, 1, 1, 1}, {42, 42, 3, 5, 3, 1},
    {32, 32, 8, 5, 3, 2}, {20, 20, 20, 5, 3, 1}, {3, 8, 1, 14, 7, 2},
};

enum {
  CONVS = sizeof convs / sizeof convs[0],
  PLANS = CONVS + 3, /* and both pools, and one of packed weights */
  MOST_WEIGHTS = 300 * 20,
  TENSOR_ROOM = 64 * 14 * 14
};

typedef struct made {
  cardinal_context *context;
  cardinal_conv_weights *weights; /* of the last plan, and of its kind of convolution */
  cardinal_plan *plans[PLANS];
} made;

static const float plain_weights[MOST_WEIGHTS], bias[64];

static cardinal_conv_desc conv(size_t i) {
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.in_channels = convs[i].in;
  d.out_channels = convs[i].out;
  d.groups = convs[i].groups;
  d.in_height = d.in_width = convs[i].size;
  d.kernel_height = d.kernel_width = convs[i].window;
  d.stride_height = d.stride_width = convs[i].stride;
  d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = convs[i].window / 2;
  d.x_layout = CARDINAL_LAYOUT_NCHW;
  d.has_bias = 1;
  return d;
}

static cardinal_status make_plan(made *all, size_t i, cardinal_error *error) {
  const cardinal_conv_desc d = conv(i < CONVS ? i : 0);
  if (i < CONVS)
    return cardinal_conv_create(all->context, &d, plain_weights, bias, &all->plans[i], error);
  if (i == PLANS - 1)
    return cardinal_conv_create_packed(all->context, &d, all->weights, &all->plans[i], error);
  cardinal_pool_desc pool;
  cardinal_pool_desc_init(&pool);
  pool.kind = i == CONVS ? CARDINAL_POOL_MAX : CARDINAL_POOL_AVERAGE_GLOBAL;
  pool.channels = 20;
  pool.in_height = pool.in_width = 5;
  pool.kernel_height = pool.kernel_width = 3;
  return cardinal_pool_create(all->context, &pool, &all->plans[i], error);
}

/* The context, packed weights, then each plan, in that order; stops at the first failure, of which nothing may remain.
 */
static cardinal_status make_all(counting *c, cardinal_threading threading, made *all) {
  cardinal_error error = {.status = CARDINAL_OK};
  size_t live = c->live;
  cardinal_status status = all->context ? CARDINAL_OK : make_context(c, threading, &all->context, &error);
  if (!status && !all->weights) {
    const cardinal_conv_desc d = conv(0);
    live = c->live;
    status = cardinal_conv_weights_create(all->context, &d, plain_weights, bias, &all->weights, &error);
    cr_expect(!status == !!all->weights);
  }
  for (size_t i = 0; !status && i < PLANS; ++i)
    if (!all->plans[i]) {
      live = c->live;
      status = make_plan(all, i, &error);
      cr_expect(!status == !!all->plans[i], "plan %zu: status and plan disagree", i);
    }
  if (status) {
    cr_expect(error.status == status && strstr(error.message, "memory"), "'%s'", error.message);
    cr_expect_eq(c->live, live, "a failed call keeps %zu blocks", c->live - live);
  }
  return status;
}

static void run_all(const made *all) {
  static float x[TENSOR_ROOM], y[TENSOR_ROOM];
  for (size_t i = 0; i < PLANS; ++i) {
    void *scratch = malloc(cardinal_plan_scratch_bytes(all->plans[i]) + 1);
    cr_expect_eq(cardinal_plan_run(all->plans[i], x, NULL, y, scratch, NULL), CARDINAL_OK, "plan %zu", i);
    free(scratch);
  }
}

static void destroy_all(counting *c, made *all) {
  cardinal_conv_weights_destroy(all->weights); /* its plan holds on to it */
  for (size_t i = 0; i < PLANS; ++i)
    cardinal_plan_destroy(all->plans[i]);
  cardinal_context_destroy(all->context);
  cr_expect(c->live == 0 && c->wrong == 0, "%zu blocks leak, %zu are wrong", c->live, c->wrong);
}

static void fail_each(cardinal_threading threading) {
  counting all = {.allocations = 0};
  made first = {.context = NULL};
  cr_assert_eq(make_all(&all, threading, &first), CARDINAL_OK);
  const size_t for_objects = all.allocations;
  run_all(&first);
  cr_expect_eq(all.allocations, for_objects, "runs use the context's allocator");
  destroy_all(&all, &first);
  cr_assert(for_objects > PLANS, "only %zu allocations", for_objects);

  for (size_t fail_at = 1; fail_at <= for_objects; ++fail_at) {
    counting c = {.fail_at = fail_at};
    made some = {.context = NULL};
    cr_expect_eq(make_all(&c, threading, &some), CARDINAL_OUT_OF_MEMORY, "allocation %zu failed unnoticed", fail_at);
    /* Once there is memory again, the rest is made, by the same context if it was there, and works. */
    cr_assert_eq(make_all(&c, threading, &some), CARDINAL_OK, "allocation %zu failed, and so did what followed",
                 fail_at);
    run_all(&some);
    destroy_all(&c, &some);
  }
}

Test(memory, every_allocation_may_fail) {
  fail_each(CARDINAL_THREADING_SERIAL);
  fail_each(CARDINAL_THREADING_TEAM);
  fail_each(CARDINAL_THREADING_DEFAULT);
}

/* Counting what the C library hands out; the linker sends the library's calls here (--wrap). */
static atomic_size_t mallocs;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
int __real_posix_memalign(void **memory, size_t alignment, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);

void *__wrap_malloc(size_t bytes) {
  ++mallocs;
  return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
  ++mallocs;
  return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes) {
  ++mallocs;
  return __real_realloc(memory, bytes);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t bytes) {
  ++mallocs;
  return __real_posix_memalign(memory, alignment, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
  ++mallocs;
  return __real_aligned_alloc(alignment, bytes);
}

/* One operator for each family of kernels, at sizes that several threads share. Windows of 0 are global pools. */
static const struct {
  const char *kernel; /* what its name begins with, on every CPU */
  int64_t in, out, groups, size, window, stride, pad;
} operators[] = {
    {"conv1x1_f32", 20, 30, 1, 9, 1, 1, 0},        {"conv1x1_f32", 300, 30, 1, 9, 1, 2, 0},
    {"fc_f32", 300, 100, 1, 1, 1, 1, 0},           {"gconv3x3_f32_w1", 40, 40, 40, 9, 3, 1, 1},
    {"gconv3x3_f32_w4", 64, 64, 16, 9, 3, 1, 1},   {"gconv3x3_f32_w8", 64, 64, 8, 9, 3, 2, 1},
    {"gconv3x3_f32_w16", 64, 64, 4, 9, 3, 1, 1},   {"gconv3x3_f32_w16", 42, 42, 3, 9, 3, 2, 1},
    {"conv7x7s2_f32_nchw", 3, 40, 1, 20, 7, 2, 3}, {"conv_f32", 42, 42, 3, 9, 5, 1, 2},
    {"maxpool_f32", 40, 40, 0, 9, 3, 2, 1},        {"avgpool_f32", 40, 40, 0, 9, 0, 1, 0},
};

static cardinal_plan *make_operator(const cardinal_context *context, size_t i, const float *weights) {
  cardinal_plan *plan = NULL;
  if (operators[i].groups) {
    cardinal_conv_desc d;
    cardinal_conv_desc_init(&d);
    d.batch = 2;
    d.in_channels = operators[i].in;
    d.out_channels = operators[i].out;
    d.groups = operators[i].groups;
    d.in_height = d.in_width = operators[i].size;
    d.kernel_height = d.kernel_width = operators[i].window;
    d.stride_height = d.stride_width = operators[i].stride;
    d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = operators[i].pad;
    d.x_layout = CARDINAL_LAYOUT_NCHW;
    d.y_layout = CARDINAL_LAYOUT_NHWC;
    cr_assert_eq(cardinal_conv_create(context, &d, weights, NULL, &plan, NULL), CARDINAL_OK);
  } else {
    cardinal_pool_desc d;
    cardinal_pool_desc_init(&d);
    d.kind = operators[i].window ? CARDINAL_POOL_MAX : CARDINAL_POOL_AVERAGE_GLOBAL;
    d.batch = 2;
    d.channels = operators[i].in;
    d.in_height = d.in_width = operators[i].size;
    d.kernel_height = d.kernel_width = operators[i].window ? operators[i].window : 1;
    d.stride_height = d.stride_width = operators[i].stride;
    d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = operators[i].pad;
    d.x_layout = CARDINAL_LAYOUT_NCHW;
    d.y_layout = CARDINAL_LAYOUT_NHWC;
    cr_assert_eq(cardinal_pool_create(context, &d, &plan, NULL), CARDINAL_OK);
  }
  const char *kernel = cardinal_plan_kernel(plan);
  cr_expect(strncmp(kernel, operators[i].kernel, strlen(operators[i].kernel)) == 0, "%s serves operator %zu, not %s",
            kernel, i, operators[i].kernel);
  return plan;
}

/* Runs each operator in a context. The first run may start threads; that is the C library's memory, not counted. */
static void expect_no_allocation(const cardinal_context_desc *desc) {
  enum {
    MOST_FLOATS = 2 * 300 * 20 * 20
  };
  cardinal_context *context;
  cr_assert_eq(cardinal_context_create(desc, &context, NULL), CARDINAL_OK);
  float *weights = calloc(300 * 100 * 9, sizeof(float));
  float *x = calloc(MOST_FLOATS, sizeof(float)), *y = calloc(MOST_FLOATS, sizeof(float));
  for (size_t i = 0; i < sizeof operators / sizeof operators[0]; ++i) {
    const size_t before_plan = mallocs;
    cardinal_plan *plan = make_operator(context, i, weights);
    cr_expect(mallocs > before_plan, "the count doesn't count");
    void *scratch = malloc(cardinal_plan_scratch_bytes(plan));
    const size_t before = mallocs;
    for (int run = 0; run < 2; ++run)
      cr_assert_eq(cardinal_plan_run(plan, x, NULL, y, scratch, NULL), CARDINAL_OK);
    cr_expect_eq(mallocs, before, "%s, threading %s: runs allocated %zu times", cardinal_plan_kernel(plan),
                 cardinal_threading_name(cardinal_context_threading(context)), mallocs - before);
    cardinal_plan_destroy(plan);
    free(scratch);
  }
  free(weights);
  free(x);
  free(y);
  cardinal_context_destroy(context);
}

Test(memory, a_run_allocates_nothing) {
  static const cardinal_threading ways[] = {
      CARDINAL_THREADING_SERIAL,
      CARDINAL_THREADING_TEAM,
#ifdef _OPENMP
      CARDINAL_THREADING_OPENMP,
#endif
  };
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; ++i) {
    cardinal_context_desc desc;
    cardinal_context_desc_init(&desc);
    desc.threads = 3;
    desc.threading = ways[i];
    expect_no_allocation(&desc);
  }
}
