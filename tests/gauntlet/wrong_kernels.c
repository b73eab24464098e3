/* SPDX-License-Identifier: BSD-3-Clause */
/* A plug-in of kernels that are wrong on purpose, each in one way, beside one that is right. NCHW; the tests demand
 * that each is caught, and for what it does. */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cardinal/plugin.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

typedef enum fault {
  NO_FAULT,
  ZEROS,
  PREVIOUS_RESULT,
  RIGHT_EDGE,
  READS_PAST_INPUT,
  WRITES_PAST_OUTPUT,
  MULTIPLIES_PADDING,
  OTHER_ORDER,
  SUMS_IN_BF16,
  IGNORES_DILATION,
  CHANGES_INPUT,
  LEAVES_FTZ,
  CLOBBERS_REGISTER,
  KEEPS_STATE,
  RACES,
  HANGS,
  EXITS,
  CRASHES,
  REMEMBERS /* what it gave for an input at the same address: right, but not computed */
} fault;

typedef struct wrong_kernel {
  cardinal_plugin_kernel kernel;
  fault fault;
} wrong_kernel;

static size_t weight_floats(const cardinal_conv_desc *d) {
  return (size_t)(d->out_channels * (d->in_channels / d->groups) * d->kernel_height * d->kernel_width);
}

static size_t packed_bytes(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem) {
  (void)self;
  return (weight_floats(problem->conv) + (size_t)problem->conv->out_channels) * sizeof(float);
}

static void pack(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem, const float *weights,
                 const float *bias, void *packed) {
  const size_t outputs = (size_t)problem->conv->out_channels;
  float *to = packed;
  (void)self;
  memset(to, 0, outputs * sizeof(float));
  if (bias)
    memcpy(to, bias, outputs * sizeof(float));
  memcpy(to + outputs, weights, weight_floats(problem->conv) * sizeof(float));
}

static float round_to_bf16(float value) {
  unsigned bits;
  memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The sum of one output in the canonical order, or as the fault has it. */
static float sum_of(const cardinal_conv_desc *d, const float *x, const float *w, float acc, int64_t oy, int64_t ox,
                    fault wrong) {
  const int64_t channels = d->in_channels / d->groups;
  const int64_t dilation_h = wrong == IGNORES_DILATION ? 1 : d->dilation_height;
  const int64_t dilation_w = wrong == IGNORES_DILATION ? 1 : d->dilation_width;
  const int64_t block = wrong == OTHER_ORDER ? 1 : 16;
  for (int64_t first = 0; first < channels; first += block)
    for (int64_t ky = 0; ky < d->kernel_height; ++ky)
      for (int64_t c = first; c < channels && c < first + block; ++c)
        for (int64_t kx = 0; kx < d->kernel_width; ++kx) {
          const int64_t iy = oy * d->stride_height + ky * dilation_h - d->pad_top;
          const int64_t ix = ox * d->stride_width + kx * dilation_w - d->pad_left;
          const float weight = w[(c * d->kernel_height + ky) * d->kernel_width + kx];
          if (iy < 0 || ix < 0 || iy >= d->in_height || ix >= d->in_width) {
            if (wrong == MULTIPLIES_PADDING)
              acc = fmaf(0.0f, weight, acc);
            continue;
          }
          acc = fmaf(x[(c * d->in_height + iy) * d->in_width + ix], weight, acc);
          if (wrong == SUMS_IN_BF16)
            acc = round_to_bf16(acc);
        }
  return acc;
}

/* Keeps -0: of `value < 0 ? 0 : value` alone, clang 14 makes an fmax for aarch64, which doesn't. */
static float relu_of(float value) {
  return signbit(value) && value != 0.0f && !isnan(value) ? 0.0f : value;
}

static void compute(const cardinal_plugin_args *args, fault wrong, float *y) {
  const cardinal_conv_desc *d = args->problem->conv;
  const float *bias = args->packed, *weights = bias + d->out_channels;
  const int64_t in_group = d->in_channels / d->groups, out_group = d->out_channels / d->groups;
  const int64_t height = args->problem->out_height, width = args->problem->out_width;
  for (int64_t o = 0; o < d->out_channels; ++o)
    for (int64_t oy = args->row_begin; oy < args->row_end; ++oy)
      for (int64_t ox = 0; ox < width; ++ox) {
        const int64_t at = (o * height + oy) * width + ox;
        const int64_t column = wrong == RIGHT_EDGE && ox > 0 && ox == width - 1 ? ox - 1 : ox;
        float acc = sum_of(d, args->x + o / out_group * in_group * d->in_height * d->in_width,
                           weights + o * in_group * d->kernel_height * d->kernel_width, bias[o], oy, column, wrong);
        if (args->residual)
          acc += args->residual[at];
        y[at] = d->has_relu ? relu_of(acc) : acc;
      }
}

static void leave_ftz(void) {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" ::"r"(1ul << 24));
#endif
}

/* What a kernel must not have. */
enum {
  MOST_OUTPUTS = 1 << 20
};
static float kept[MOST_OUTPUTS];
static unsigned long calls;
static const float *remembered;
static volatile float sink;

static void run(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args) {
  const fault wrong = ((const wrong_kernel *)(const void *)self)->fault;
  const cardinal_conv_desc *d = args->problem->conv;
  const size_t outputs = (size_t)(d->out_channels * args->problem->out_height * args->problem->out_width);
  switch (wrong) {
  case ZEROS:
    memset(args->y, 0, outputs * sizeof(float));
    return;
  case PREVIOUS_RESULT:
    if (calls++ == 0)
      compute(args, wrong, kept);
    memcpy(args->y, kept, outputs * sizeof(float));
    compute(args, wrong, kept);
    return;
  case RACES:
    compute(args, wrong, kept);
    for (int i = 0; i < 50; ++i)
      sched_yield();
    memcpy(args->y, kept, outputs * sizeof(float));
    return;
  case REMEMBERS:
    if (args->x != remembered)
      compute(args, wrong, kept);
    remembered = args->x;
    memcpy(args->y, kept, outputs * sizeof(float));
    return;
  case HANGS:
    for (;;)
      pause();
  case EXITS:
    exit(0);
  case CRASHES:
    abort();
  default:
    compute(args, wrong, args->y);
  }
  const size_t inputs = (size_t)(d->in_channels * d->in_height * d->in_width);
  if (wrong == READS_PAST_INPUT)
    sink = args->x[inputs];
  if (wrong == WRITES_PAST_OUTPUT)
    args->y[outputs] = 0.0f;
  if (wrong == CHANGES_INPUT)
    ((float *)(size_t)args->x)[0] = 1.0f;
  if (wrong == KEEPS_STATE && calls++)
    args->y[0] += 1.0f;
  if (wrong == LEAVES_FTZ)
    leave_ftz();
}

/* The right kernel behind a function that a compiler couldn't be brought to write: it changes a register that it must
 * keep. */
void cardinal_wrong_right(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args);
void cardinal_wrong_right(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args) {
  (void)self;
  compute(args, NO_FAULT, args->y);
}

void cardinal_wrong_clobber(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args);
#if defined(__x86_64__)
__asm__(".text\n"
        "cardinal_wrong_clobber:\n"
        "  sub $8, %rsp\n"
        "  call cardinal_wrong_right@PLT\n"
        "  add $8, %rsp\n"
        "  mov $42, %ebx\n"
        "  ret\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        "cardinal_wrong_clobber:\n"
        "  stp x29, x30, [sp, -16]!\n"
        "  bl cardinal_wrong_right\n"
        "  ldp x29, x30, [sp], 16\n"
        "  fmov d8, #2.0\n"
        "  ret\n");
#endif

#define KERNEL(label, what, kept_promise, needed)                                                                      \
  {                                                                                                                    \
    .kernel = {.struct_size = sizeof(cardinal_plugin_kernel),                                                          \
               .name = label,                                                                                          \
               .promise = kept_promise,                                                                                \
               .x_layout = CARDINAL_LAYOUT_NCHW,                                                                       \
               .y_layout = CARDINAL_LAYOUT_NCHW,                                                                       \
               .needs = needed,                                                                                        \
               .packed_bytes = packed_bytes,                                                                           \
               .pack = pack,                                                                                           \
               .run = run},                                                                                            \
    .fault = what                                                                                                      \
  }

static const wrong_kernel wrong_kernels[] = {
    KERNEL("right", NO_FAULT, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("zeros", ZEROS, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("previous_result", PREVIOUS_RESULT, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("right_edge", RIGHT_EDGE, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("reads_past_input", READS_PAST_INPUT, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("writes_past_output", WRITES_PAST_OUTPUT, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("multiplies_padding", MULTIPLIES_PADDING, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("multiplies_padding_bounded", MULTIPLIES_PADDING, CARDINAL_PLUGIN_BOUNDED, NULL),
    KERNEL("other_order", OTHER_ORDER, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("other_order_bounded", OTHER_ORDER, CARDINAL_PLUGIN_BOUNDED, NULL),
    KERNEL("sums_in_bf16", SUMS_IN_BF16, CARDINAL_PLUGIN_BOUNDED, NULL),
    KERNEL("ignores_dilation", IGNORES_DILATION, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("changes_input", CHANGES_INPUT, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("leaves_ftz", LEAVES_FTZ, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("clobbers_register", CLOBBERS_REGISTER, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("keeps_state", KEEPS_STATE, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("races", RACES, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("hangs", HANGS, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("exits", EXITS, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("crashes", CRASHES, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("remembers", REMEMBERS, CARDINAL_PLUGIN_SAME_BITS, NULL),
    KERNEL("needs_what_is_not_there", ZEROS, CARDINAL_PLUGIN_SAME_BITS, "no_such_feature"),
};

enum {
  COUNT = sizeof wrong_kernels / sizeof wrong_kernels[0]
};

#ifndef WRONG_ABI
#define WRONG_ABI CARDINAL_PLUGIN_ABI
#endif

CARDINAL_PLUGIN_EXPORT const cardinal_plugin *cardinal_plugin_kernels(void);
const cardinal_plugin *cardinal_plugin_kernels(void) {
  static wrong_kernel all[COUNT];
  static const cardinal_plugin_kernel *kernels[COUNT];
  for (size_t i = 0; i < COUNT; ++i) {
    all[i] = wrong_kernels[i];
    if (all[i].fault == CLOBBERS_REGISTER)
      all[i].kernel.run = cardinal_wrong_clobber;
    kernels[i] = &all[i].kernel;
  }
  static const cardinal_plugin plugin = {.abi = WRONG_ABI,
                                         .struct_size = sizeof plugin,
                                         .name = "wrong on purpose",
                                         .kernels = kernels,
                                         .kernel_count = COUNT};
  return &plugin;
}
