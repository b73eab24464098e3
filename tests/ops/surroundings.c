/* SPDX-License-Identifier: BSD-3-Clause */
/* What surrounds a run must not change its bits: how many threads there are and who runs them, the caller's
 * floating-point modes, other runs at the same time, a parallel region around it. And a run must not change what
 * surrounds it. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <fenv.h>
#include <float.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ops/conv_case.h"
#include "tests/ops/runners.h"
#include "gauntlet/oracle.h"
#include "tests/support/scale.h"

/* One convolution for each driver, small but cut into several items. */
static const struct {
  int64_t in, out, groups, size, window, stride, pad;
} shapes[] = {{64, 80, 1, 9, 1, 1, 0},  {48, 33, 1, 10, 1, 2, 0}, {300, 100, 1, 1, 1, 1, 0},
              {32, 32, 8, 9, 3, 1, 1},  {64, 64, 2, 9, 3, 2, 1},  {42, 42, 3, 8, 3, 1, 1},
              {20, 20, 20, 9, 3, 1, 1}, {3, 20, 1, 16, 7, 2, 3},  {300, 40, 1, 5, 1, 1, 0}};
enum {
  SHAPES = sizeof shapes / sizeof shapes[0]
};

static void make_case(conv_case *c, size_t shape, data_kind kind) {
  *c = (conv_case){.residual_is_y = (int)(shape % 2), .data = kind, .seed = shape};
  cardinal_conv_desc *d = &c->desc;
  cardinal_conv_desc_init(d);
  d->batch = (int64_t)test_scale(2, 1);
  d->in_channels = shapes[shape].in;
  d->out_channels = shapes[shape].out;
  d->groups = shapes[shape].groups;
  d->in_height = d->in_width = shapes[shape].size;
  d->kernel_height = d->kernel_width = shapes[shape].window;
  d->stride_height = d->stride_width = shapes[shape].stride;
  d->pad_top = d->pad_left = d->pad_bottom = d->pad_right = shapes[shape].pad;
  d->x_layout = shapes[shape].window == 7 || shape % 3 == 1 ? CARDINAL_LAYOUT_NCHW : CARDINAL_LAYOUT_BLOCKED16;
  d->y_layout = shape % 3 == 2 ? CARDINAL_LAYOUT_NHWC : CARDINAL_LAYOUT_BLOCKED16;
  d->has_bias = d->has_residual = 1;
  d->has_relu = (int32_t)(shape % 2);
}

/* The ISA that follows `isa` among those of this CPU; CARDINAL_ISA_COUNT past the last. All have the portable one. */
static int next_isa(int isa) {
  do
    ++isa;
  while (isa < CARDINAL_ISA_COUNT && !runner_context((cardinal_isa)isa, 1, RUNNER_SERIAL));
  return isa;
}

Test(surroundings, any_number_of_threads_run_in_any_way) {
  conv_buffers buffers;
  conv_buffers_init(&buffers, 1 << 18);
  for (size_t shape = 0; shape < SHAPES; shape += test_scale(1, 2)) {
    conv_case c;
    make_case(&c, shape, DATA_RANDOM);
    conv_data data;
    conv_data_make(&data, &c);
    for (int isa = CARDINAL_ISA_GENERIC; isa < CARDINAL_ISA_COUNT; isa = next_isa(isa))
      for (uint32_t threads = 1; threads <= 8; threads += (uint32_t)test_scale(1, 7))
        for (int way = 0; way < RUNNERS; ++way)
          cr_expect(conv_case_run(runner_context((cardinal_isa)isa, threads, (runner)way), &c, &data, &buffers),
                    "run by %s", runner_name((runner)way));
    conv_data_free(&data);
  }
}

/* ---- floating-point modes ---- */

#if defined(__x86_64__)
#include <xmmintrin.h>

static uint64_t get_modes(void) {
  return _mm_getcsr();
}
static void set_modes(uint64_t modes) {
  _mm_setcsr((uint32_t)modes);
}
/* MXCSR: rounding in bits 13 and 14, flush to zero 15, denormals are zero 6, exception masks 7 to 12, flags 0 to 5. */
static const struct {
  const char *name;
  uint64_t modes;
} callers_modes[] = {{"default", 0x1F80},
                     {"downward", 0x3F80},
                     {"upward", 0x5F80},
                     {"toward zero", 0x7F80},
                     {"flush to zero", 0x9FC0},
                     {"flush to zero, upward", 0xDFC0},
                     {"flags raised", 0x1FBF},
                     {"flags raised, downward", 0x3FBF},
                     {"exceptions unmasked", 0x0000}};
#elif defined(__aarch64__)
static uint64_t get_modes(void) {
  uint64_t modes;
  __asm__ volatile("mrs %0, fpcr" : "=r"(modes));
  return modes;
}
static void set_modes(uint64_t modes) {
  __asm__ volatile("msr fpcr, %0" : : "r"(modes) : "memory");
}
/* FPCR: rounding in bits 22 and 23, flush to zero 24, default NaN 25. */
static const struct {
  const char *name;
  uint64_t modes;
} callers_modes[] = {{"default", 0},
                     {"upward", UINT64_C(1) << 22},
                     {"downward", UINT64_C(2) << 22},
                     {"toward zero", UINT64_C(3) << 22},
                     {"flush to zero", UINT64_C(1) << 24},
                     {"flush to zero, default NaN, upward", UINT64_C(13) << 22}};
#endif

#if defined(__x86_64__) || defined(__aarch64__)

typedef struct modes_run {
  const cardinal_plan *plan;
  const float *x, *residual;
  float *y;
  void *scratch;
  uint64_t modes, modes_after;
  cardinal_status status;
} modes_run;

static void run_under_modes(modes_run *r) {
  const uint64_t before = get_modes();
  set_modes(r->modes);
  r->status = cardinal_plan_run(r->plan, r->x, r->residual, r->y, r->scratch, NULL);
  r->modes_after = get_modes();
  set_modes(before);
}

/* Data that show a wrong mode: sums that round, results and inputs that are subnormal. */
static void scale_down(data_problem *p) {
  for (size_t i = 0; i < p->x_floats; i += 2)
    p->x[i] *= 0x1p-100f;
  for (size_t i = 0; i < p->weight_floats; ++i)
    p->weights[i] *= i / 7 % 2 ? 0x1p-40f : 1.0f;
}

Test(surroundings, callers_floating_point_modes) {
  size_t runs = 0;
  for (size_t shape = 0; shape < SHAPES; shape += test_scale(1, 3)) {
    conv_case c;
    make_case(&c, shape, DATA_RANDOM);
    conv_data data;
    conv_data_make(&data, &c);
    data_problem *p = &data.problem;
    const cardinal_reference_shape *s = &p->shape;
    scale_down(p);
    oracle_plain(p, c.desc.has_relu, data.expected);
    const size_t in_pixels = s->in_height * s->in_width, out_pixels = s->out_height * s->out_width;
    const size_t y_floats = tensor_floats(c.desc.y_layout, s->batch, s->out_channels, out_pixels);
    float *x = malloc(tensor_floats(c.desc.x_layout, s->batch, s->in_channels, in_pixels) * sizeof(float));
    float *residual = malloc(y_floats * sizeof(float)), *y = malloc(y_floats * sizeof(float));
    tensor_spread(c.desc.x_layout, x, p->x, s->batch, s->in_channels, in_pixels);
    tensor_spread(c.desc.y_layout, residual, p->residual, s->batch, s->out_channels, out_pixels);
    for (int isa = CARDINAL_ISA_GENERIC; isa < CARDINAL_ISA_COUNT; isa = next_isa(isa))
      for (int way = 0; way < RUNNERS; ++way) {
        const cardinal_context *context = runner_context((cardinal_isa)isa, 3, (runner)way);
        for (size_t m = 0; m < sizeof callers_modes / sizeof callers_modes[0]; ++m) {
          cardinal_plan *plan;
          const uint64_t before = get_modes();
          set_modes(callers_modes[m].modes); /* making a plan is no arithmetic, and must not trap either */
          const cardinal_status made = cardinal_conv_create(context, &c.desc, p->weights, p->bias, &plan, NULL);
          set_modes(before);
          cr_assert_eq(made, CARDINAL_OK);
          modes_run run = {.plan = plan,
                           .x = x,
                           .residual = residual,
                           .y = y,
                           .scratch = malloc(cardinal_plan_scratch_bytes(plan)),
                           .modes = callers_modes[m].modes};
          memset(y, 0xFF, y_floats * sizeof(float));
          run_under_modes(&run);
          ++runs;
          cr_assert_eq(run.status, CARDINAL_OK);
          cr_expect_eq(run.modes_after, run.modes, "%s: the caller's modes %#lx became %#lx", callers_modes[m].name,
                       (unsigned long)run.modes, (unsigned long)run.modes_after);
          const size_t at = tensor_difference(c.desc.y_layout, y, data.expected, s->batch, s->out_channels, out_pixels);
          cr_expect_eq(at, p->y_floats, "%s, %s, %s: %s: wrong at %zu", cardinal_isa_name((cardinal_isa)isa),
                       runner_name((runner)way), callers_modes[m].name, conv_case_text(&c), at);
          free(run.scratch);
          cardinal_plan_destroy(plan);
        }
      }
    free(x);
    free(residual);
    free(y);
    conv_data_free(&data);
  }
  cr_assert(runs > 0);
}

/* The context's flag does what it says, and only there. */
Test(surroundings, flushing_denormals_is_opt_in) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_FLUSH_DENORMALS | CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threads = 1;
  cardinal_context *flushing;
  cr_assert_eq(cardinal_context_create(&desc, &flushing, NULL), CARDINAL_OK);
  const cardinal_context *const contexts[] = {runner_context(CARDINAL_ISA_GENERIC, 1, RUNNER_SERIAL), flushing};
  const float x = FLT_MIN, w = 0.5f;
  for (int flush = 0; flush < 2; ++flush) {
    cardinal_conv_desc d;
    cardinal_conv_desc_init(&d);
    d.in_channels = d.out_channels = d.in_height = d.in_width = 1;
    d.x_layout = d.y_layout = CARDINAL_LAYOUT_NCHW;
    cardinal_plan *plan;
    cr_assert_eq(cardinal_conv_create(contexts[flush], &d, &w, NULL, &plan, NULL), CARDINAL_OK);
    void *scratch = malloc(cardinal_plan_scratch_bytes(plan));
    float y = 1.0f;
    cr_assert_eq(cardinal_plan_run(plan, &x, NULL, &y, scratch, NULL), CARDINAL_OK);
    cr_expect_eq(y, flush ? 0.0f : FLT_MIN / 2, "with flush %d it is %a", flush, (double)y);
    free(scratch);
    cardinal_plan_destroy(plan);
  }
  cardinal_context_destroy(flushing);
}
#endif

/* ---- several runs at once ---- */

typedef struct shared_run {
  const cardinal_plan *plan;
  const conv_case *c;
  const conv_data *data;
  const float *x;
  size_t repeats, wrong;
} shared_run;

static void *run_repeatedly(void *argument) {
  shared_run *r = argument;
  const cardinal_reference_shape *s = &r->data->problem.shape;
  const size_t pixels = s->out_height * s->out_width;
  const cardinal_layout layout = r->c->desc.y_layout;
  const size_t floats = tensor_floats(layout, s->batch, s->out_channels, pixels);
  float *y = malloc(floats * sizeof(float));
  void *scratch = malloc(cardinal_plan_scratch_bytes(r->plan));
  for (size_t i = 0; i < r->repeats; ++i) {
    tensor_spread(layout, y, r->data->problem.residual, s->batch, s->out_channels, pixels);
    if (cardinal_plan_run(r->plan, r->x, y, y, scratch, NULL) != CARDINAL_OK ||
        tensor_difference(layout, y, r->data->expected, s->batch, s->out_channels, pixels) != r->data->problem.y_floats)
      ++r->wrong;
  }
  free(y);
  free(scratch);
  return NULL;
}

/* Prepares what runs of a case in one context share. */
static void share(shared_run *r, const conv_case *c, const conv_data *data, const cardinal_context *context,
                  cardinal_plan **plan, float **x) {
  const data_problem *p = &data->problem;
  const cardinal_reference_shape *s = &p->shape;
  const size_t pixels = s->in_height * s->in_width;
  *x = malloc(tensor_floats(c->desc.x_layout, s->batch, s->in_channels, pixels) * sizeof(float));
  tensor_spread(c->desc.x_layout, *x, p->x, s->batch, s->in_channels, pixels);
  cr_assert_eq(cardinal_conv_create(context, &c->desc, p->weights, p->bias, plan, NULL), CARDINAL_OK);
  *r = (shared_run){.plan = *plan, .c = c, .data = data, .x = *x, .repeats = test_scale(10, 2)};
}

Test(surroundings, two_threads_run_one_plan_at_once) {
  for (size_t shape = 0; shape < SHAPES; shape += test_scale(1, 2)) {
    conv_case c;
    make_case(&c, shape, DATA_RANDOM);
    conv_data data;
    conv_data_make(&data, &c);
    for (int isa = CARDINAL_ISA_GENERIC; isa < CARDINAL_ISA_COUNT; isa = next_isa(isa))
      for (int way = 0; way < RUNNERS; ++way) {
        cardinal_plan *plan;
        float *x;
        shared_run mine;
        share(&mine, &c, &data, runner_context((cardinal_isa)isa, 2, (runner)way), &plan, &x);
        shared_run theirs = mine;
        pthread_t other;
        cr_assert_eq(pthread_create(&other, NULL, run_repeatedly, &theirs), 0);
        run_repeatedly(&mine);
        pthread_join(other, NULL);
        cr_expect(mine.wrong + theirs.wrong == 0, "%s, shape %zu, %s: %zu of %zu runs are wrong",
                  cardinal_isa_name((cardinal_isa)isa), shape, runner_name((runner)way), mine.wrong + theirs.wrong,
                  2 * mine.repeats);
        cardinal_plan_destroy(plan);
        free(x);
      }
    conv_data_free(&data);
  }
}

#ifdef _OPENMP
#include <omp.h>

Test(surroundings, inside_a_parallel_region) {
  for (size_t shape = 0; shape < SHAPES; shape += test_scale(1, 2)) {
    conv_case c;
    make_case(&c, shape, DATA_RANDOM);
    conv_data data;
    conv_data_make(&data, &c);
    for (int isa = CARDINAL_ISA_GENERIC; isa < CARDINAL_ISA_COUNT; isa = next_isa(isa))
      for (int variant = 0; variant < 4; ++variant) {
        const int nested = variant % 2;
        const runner way = variant < 2 ? RUNNER_OPENMP : RUNNER_TEAM;
        cardinal_plan *plan;
        float *x;
        shared_run first;
        share(&first, &c, &data, runner_context((cardinal_isa)isa, 4, way), &plan, &x);
        omp_set_max_active_levels(1 + nested);
        size_t wrong = 0;
#pragma omp parallel num_threads(3) reduction(+ : wrong)
        {
          shared_run mine = first;
          mine.repeats = test_scale(2, 1);
          run_repeatedly(&mine);
          wrong += mine.wrong;
        }
        cr_expect_eq(wrong, 0, "%s, shape %zu, %s, %s: %zu runs are wrong", cardinal_isa_name((cardinal_isa)isa), shape,
                     runner_name(way), nested ? "nested" : "flat", wrong);
        cardinal_plan_destroy(plan);
        free(x);
      }
    conv_data_free(&data);
  }
}

/* OpenMP may give fewer threads than asked for. */
Test(surroundings, fewer_threads_than_promised) {
  omp_set_dynamic(1);
  omp_set_num_threads(1);
  conv_buffers buffers;
  conv_buffers_init(&buffers, 1 << 18);
  for (size_t shape = 0; shape < SHAPES; ++shape) {
    conv_case c;
    make_case(&c, shape, DATA_RANDOM);
    conv_data data;
    conv_data_make(&data, &c);
    conv_case_run(runner_context(CARDINAL_ISA_GENERIC, 8, RUNNER_OPENMP), &c, &data, &buffers);
    conv_data_free(&data);
  }
}
#endif
