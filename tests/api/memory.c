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
  } blocks[16];
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

static cardinal_status make_context(counting *c, cardinal_context **context, cardinal_error *error) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threads = 2;
  desc.allocate = allocate;
  desc.deallocate = deallocate;
  desc.allocator_user = c;
  return cardinal_context_create(&desc, context, error);
}

static cardinal_conv_desc conv(void) {
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.in_channels = d.out_channels = 20;
  d.in_height = d.in_width = 5;
  d.has_bias = 1;
  return d;
}

static cardinal_pool_desc pool(void) {
  cardinal_pool_desc d;
  cardinal_pool_desc_init(&d);
  d.channels = 20;
  d.in_height = d.in_width = 5;
  return d;
}

/* Context, convolution, pool, in that order; stops at the first failure. */
static cardinal_status make_all(counting *c, cardinal_context **context, cardinal_plan *plans[2]) {
  static const float weights[20 * 20], bias[20];
  const cardinal_conv_desc d = conv();
  const cardinal_pool_desc p = pool();
  cardinal_error error = {.status = CARDINAL_OK};
  cardinal_status status = make_context(c, context, &error);
  if (!status)
    status = cardinal_conv_create(*context, &d, weights, bias, &plans[0], &error);
  if (!status)
    status = cardinal_pool_create(*context, &p, &plans[1], &error);
  if (status)
    cr_expect(error.status == status && strstr(error.message, "memory"), "'%s'", error.message);
  return status;
}

static void destroy_all(cardinal_context *context, cardinal_plan *plans[2]) {
  cardinal_plan_destroy(plans[0]);
  cardinal_plan_destroy(plans[1]);
  cardinal_context_destroy(context);
}

Test(memory, every_allocation_may_fail) {
  counting all = {.allocations = 0};
  cardinal_context *context = NULL;
  cardinal_plan *plans[2] = {NULL, NULL};
  cr_assert_eq(make_all(&all, &context, plans), CARDINAL_OK);
  cr_expect(all.live >= 3);
  destroy_all(context, plans);
  cr_expect(all.live == 0 && all.wrong == 0, "%zu blocks leak, %zu are wrong", all.live, all.wrong);
  cr_assert(all.allocations >= 4, "only %zu allocations", all.allocations);

  for (size_t fail_at = 1; fail_at <= all.allocations; ++fail_at) {
    counting c = {.fail_at = fail_at};
    context = NULL;
    plans[0] = plans[1] = NULL;
    cr_expect_eq(make_all(&c, &context, plans), CARDINAL_OUT_OF_MEMORY, "allocation %zu failed unnoticed", fail_at);
    cr_expect_null(plans[1]);
    destroy_all(context, plans);
    cr_expect(c.live == 0 && c.wrong == 0, "allocation %zu fails: %zu blocks leak, %zu are wrong", fail_at, c.live,
              c.wrong);
  }
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
