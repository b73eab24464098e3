/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory: all of it goes through the caller's allocator and comes back, whichever allocation fails; runs need none. */
#include <criterion/criterion.h>
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
  PLANS = CONVS + 2, /* and both pools */
  MOST_WEIGHTS = 300 * 20,
  MOST_FLOATS = 64 * 14 * 14
};

typedef struct made {
  cardinal_context *context;
  cardinal_plan *plans[PLANS];
} made;

static cardinal_status make_plan(const cardinal_context *context, size_t i, cardinal_plan **plan,
                                 cardinal_error *error) {
  static const float weights[MOST_WEIGHTS], bias[64];
  if (i >= CONVS) {
    cardinal_pool_desc d;
    cardinal_pool_desc_init(&d);
    d.kind = i == CONVS ? CARDINAL_POOL_MAX : CARDINAL_POOL_AVERAGE_GLOBAL;
    d.channels = 20;
    d.in_height = d.in_width = 5;
    d.kernel_height = d.kernel_width = 3;
    return cardinal_pool_create(context, &d, plan, error);
  }
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
  return cardinal_conv_create(context, &d, weights, bias, plan, error);
}

/* The context, then each plan, in that order; stops at the first failure, of which nothing may remain. */
static cardinal_status make_all(counting *c, cardinal_threading threading, made *all) {
  cardinal_error error = {.status = CARDINAL_OK};
  size_t live = c->live;
  cardinal_status status = all->context ? CARDINAL_OK : make_context(c, threading, &all->context, &error);
  for (size_t i = 0; !status && i < PLANS; ++i)
    if (!all->plans[i]) {
      live = c->live;
      status = make_plan(all->context, i, &all->plans[i], &error);
      cr_expect(!status == !!all->plans[i], "plan %zu: status and plan disagree", i);
    }
  if (status) {
    cr_expect(error.status == status && strstr(error.message, "memory"), "'%s'", error.message);
    cr_expect_eq(c->live, live, "a failed call keeps %zu blocks", c->live - live);
  }
  return status;
}

static void run_all(const made *all) {
  static float x[MOST_FLOATS], y[MOST_FLOATS];
  for (size_t i = 0; i < PLANS; ++i) {
    void *scratch = malloc(cardinal_plan_scratch_bytes(all->plans[i]) + 1);
    cr_expect_eq(cardinal_plan_run(all->plans[i], x, NULL, y, scratch, NULL), CARDINAL_OK, "plan %zu", i);
    free(scratch);
  }
}

static void destroy_all(counting *c, made *all) {
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
static size_t mallocs;

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

static void serial(void *user, size_t tasks, cardinal_task task, void *argument) {
  (void)user;
  for (size_t i = 0; i < tasks; ++i)
    task(argument, i);
}

Test(memory, a_run_allocates_nothing) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.threads = 3;
  desc.parallel_for = serial;
  cardinal_context *context;
  cr_assert_eq(cardinal_context_create(&desc, &context, NULL), CARDINAL_OK);
  static const struct {
    int64_t in, out, groups, size, window, stride;
  } shapes[] = {
      {20, 30, 1, 9, 1, 1}, {300, 30, 1, 9, 1, 2}, {64, 64, 8, 9, 3, 1}, {42, 42, 3, 9, 3, 2}, {3, 8, 1, 20, 7, 2}};
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; ++i) {
    cardinal_conv_desc d;
    cardinal_conv_desc_init(&d);
    d.in_channels = shapes[i].in;
    d.out_channels = shapes[i].out;
    d.groups = shapes[i].groups;
    d.in_height = d.in_width = shapes[i].size;
    d.kernel_height = d.kernel_width = shapes[i].window;
    d.stride_height = d.stride_width = shapes[i].stride;
    d.x_layout = CARDINAL_LAYOUT_NCHW;
    d.y_layout = CARDINAL_LAYOUT_NHWC;
    float *weights = calloc((size_t)(d.out_channels * d.in_channels * d.kernel_height * d.kernel_width), sizeof(float));
    float *x = calloc((size_t)(d.in_channels * d.in_height * d.in_width), sizeof(float));
    float *y = calloc((size_t)(d.out_channels * d.in_height * d.in_width), sizeof(float));
    cardinal_plan *plan;
    const size_t before_plan = mallocs;
    cr_assert_eq(cardinal_conv_create(context, &d, weights, NULL, &plan, NULL), CARDINAL_OK);
    cr_expect(mallocs > before_plan, "the count doesn't count");
    void *scratch = malloc(cardinal_plan_scratch_bytes(plan));
    const size_t before = mallocs;
    cr_assert_eq(cardinal_plan_run(plan, x, NULL, y, scratch, NULL), CARDINAL_OK);
    cr_expect_eq(mallocs, before, "shape %zu: a run allocated %zu times", i, mallocs - before);
    cardinal_plan_destroy(plan);
    free(scratch);
    free(weights);
    free(x);
    free(y);
  }
  cardinal_context_destroy(context);
}
