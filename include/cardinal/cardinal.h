/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cardinal: convolution kernels for CPUs, grouped ones above all.
 *
 * The core library: contexts, operators (plans) and queries of the machine. It needs libc and libm, and
 * optionally OpenMP and hwloc. Networks and files are in <cardinal/net.h> and <cardinal/image.h>.
 *
 * Conventions that hold for every function here:
 *   - Data are float (IEEE-754 binary32). Sizes are counted in elements unless the name says bytes.
 *   - Functions that can fail return a cardinal_status. Where they take a `cardinal_error *`, it may be NULL;
 *     otherwise it is filled with the status and a sentence that says what was wrong, where, and what would be
 *     accepted. On failure no output parameter is changed and nothing is left allocated.
 *   - There is no global state: nothing is printed, no signal is raised, the process is never ended.
 *   - Objects are immutable once made, unless said otherwise, and may then be used by any number of threads.
 *   - Descriptor structs begin with `struct_size`; fill them with their init function, then change what you need.
 *     A shorter struct (an older header) is accepted, a longer one only if what this library doesn't know is zero.
 */
#ifndef CARDINAL_CARDINAL_H
#define CARDINAL_CARDINAL_H

#include <stddef.h>
#include <stdint.h>

#include <cardinal/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CARDINAL_API __attribute__((visibility("default")))
#else
#define CARDINAL_API
#endif

/* ---- status ------------------------------------------------------------------------------------------------- */

typedef enum cardinal_status {
  CARDINAL_OK = 0,
  CARDINAL_INVALID_ARGUMENT, /* an argument is out of range or contradicts another */
  CARDINAL_UNSUPPORTED,      /* meaningful, but this build or this CPU can't do it */
  CARDINAL_OUT_OF_MEMORY,
  CARDINAL_OVERFLOW, /* a size doesn't fit size_t */
  CARDINAL_IO_ERROR, /* the operating system refused to open, read, map or write a file */
  CARDINAL_BAD_FILE  /* a file was read, but its content isn't what its format demands */
} cardinal_status;

/* What went wrong, for people. `message` is always terminated; it has no trailing newline. */
typedef struct cardinal_error {
  cardinal_status status;
  char message[1020];
} cardinal_error;

/* A short English name of a status, never NULL; static storage. */
CARDINAL_API const char *cardinal_status_string(cardinal_status status);

/* The version of the library that was linked, such as "0.1.0"; CARDINAL_VERSION_STRING is the header's. */
CARDINAL_API const char *cardinal_version(void);

/* ---- instruction sets --------------------------------------------------------------------------------------- */

/* The ISAs that have kernels. Each name stands for a bundle of features that is used or passed over as a whole:
 *   generic  portable C, any CPU
 *   neon     Armv8-A Advanced SIMD
 *   avx2     AVX2 and FMA, and YMM state enabled by the OS
 *   avx512   AVX-512 F, BW, DQ and VL, and ZMM and mask state enabled by the OS
 * All give the same bits; see docs/kernel-contract.md. */
typedef enum cardinal_isa {
  CARDINAL_ISA_GENERIC = 0,
  CARDINAL_ISA_NEON,
  CARDINAL_ISA_AVX2,
  CARDINAL_ISA_AVX512,
  CARDINAL_ISA_COUNT
} cardinal_isa;

/* "generic", "neon", "avx2", "avx512"; NULL for a value outside the enum. Static storage. */
CARDINAL_API const char *cardinal_isa_name(cardinal_isa isa);

/* ---- context ------------------------------------------------------------------------------------------------ */

/* Runs task(argument, i) once for each i in [0, tasks) and returns when all have returned. Tasks may run in any
 * order, one after the other or at once, on any threads; Cardinal's tasks never wait for one another. */
typedef void (*cardinal_task)(void *argument, size_t index);
typedef void (*cardinal_parallel_for)(void *user, size_t tasks, cardinal_task task, void *argument);

/* Memory for plans and packed weights. `allocate` returns memory aligned to `alignment` (a power of two, at most
 * 4096) or NULL. Both may be called from any thread that makes or destroys an object. */
typedef void *(*cardinal_allocate)(void *user, size_t bytes, size_t alignment);
typedef void (*cardinal_deallocate)(void *user, void *memory, size_t bytes);

enum {
  /* Don't read the environment (CARDINAL_ISA, CARDINAL_NUM_THREADS). */
  CARDINAL_CONTEXT_IGNORE_ENVIRONMENT = 1u << 0,
  /* Run with denormals flushed to zero. Outside the promise of equal bits between ISAs. */
  CARDINAL_CONTEXT_FLUSH_DENORMALS = 1u << 1
};

typedef struct cardinal_context_desc {
  uint32_t struct_size;
  uint32_t flags;    /* CARDINAL_CONTEXT_... */
  const char *isa;   /* the highest ISA to use, by name, or NULL: the environment's CARDINAL_ISA, else the best.
                        It can only take away: a name this CPU can't run is an error. */
  uint32_t threads;  /* how many tasks a run is cut into; 0: CARDINAL_NUM_THREADS, else one per physical core in
                        this process's allowed set, and no more than its CPU quota */
  uint32_t reserved; /* 0 */
  cardinal_parallel_for parallel_for; /* NULL: OpenMP, or serial in a build without it */
  void *parallel_for_user;
  cardinal_allocate allocate; /* NULL: the C library's; set both or neither */
  cardinal_deallocate deallocate;
  void *allocator_user;
} cardinal_context_desc;

typedef struct cardinal_context cardinal_context;

/* Fills `desc` with defaults. */
CARDINAL_API void cardinal_context_desc_init(cardinal_context_desc *desc);

/* Makes a context. `desc` may be NULL for the defaults; it isn't kept. Reads the environment and the machine once.
 * Errors: an unknown or unavailable ISA name (the message lists what is available), a thread count above 4096. */
CARDINAL_API cardinal_status cardinal_context_create(const cardinal_context_desc *desc, cardinal_context **context,
                                                     cardinal_error *error);

/* Destroys a context; NULL is allowed. Every plan and network made from it must be destroyed first. */
CARDINAL_API void cardinal_context_destroy(cardinal_context *context);

/* The ISA that caps this context, and its number of tasks a run. */
CARDINAL_API cardinal_isa cardinal_context_isa(const cardinal_context *context);
CARDINAL_API uint32_t cardinal_context_threads(const cardinal_context *context);

/* ---- tensors ------------------------------------------------------------------------------------------------ */

/* How an activation tensor of N images, C channels, H rows and W columns lies in memory.
 *   BLOCKED16  [N][ceil(C/16)][H][W][16]; channel c is lane c%16 of block c/16; the lanes past C hold +0.
 *   NCHW       [N][C][H][W]
 *   NHWC       [N][H][W][C]
 * Kernels work on BLOCKED16; the others are converted on the way in and out (the stem reads NCHW directly). */
typedef enum cardinal_layout {
  CARDINAL_LAYOUT_BLOCKED16 = 0,
  CARDINAL_LAYOUT_NCHW = 1,
  CARDINAL_LAYOUT_NHWC = 2
} cardinal_layout;

/* Number of floats in a tensor of that layout. Errors: a zero or negative dimension, an unknown layout, overflow. */
CARDINAL_API cardinal_status cardinal_tensor_floats(cardinal_layout layout, int64_t batch, int64_t channels,
                                                    int64_t height, int64_t width, size_t *floats);

/* Copies a tensor from one layout to another, serially. `from` and `to` must not overlap. No alignment is demanded.
 * Errors: as cardinal_tensor_floats; overlap. */
CARDINAL_API cardinal_status cardinal_tensor_convert(cardinal_layout from_layout, const float *from,
                                                     cardinal_layout to_layout, float *to, int64_t batch,
                                                     int64_t channels, int64_t height, int64_t width,
                                                     cardinal_error *error);

/* ---- operators ---------------------------------------------------------------------------------------------- */

/* A plan is one operator with its shapes fixed, its kernel chosen and its weights packed. It is immutable: any
 * number of threads may run it at once, each with scratch memory of its own. */
typedef struct cardinal_plan cardinal_plan;

/* A 2-D convolution (cross-correlation, as networks use the word) with fused epilogue:
 *   y = relu(conv(x, w) + bias + residual)
 * A fully connected layer is the case kernel 1×1, height 1, width 1. */
typedef struct cardinal_conv_desc {
  uint32_t struct_size;
  uint32_t reserved;                  /* 0 */
  cardinal_layout x_layout, y_layout; /* the residual's layout is y's */
  int64_t batch;
  int64_t in_channels, in_height, in_width;
  int64_t out_channels;
  int64_t groups; /* divides both channel counts */
  int64_t kernel_height, kernel_width;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right; /* taps in the padding are skipped, not multiplied by zero */
  int32_t has_bias;
  int32_t has_residual;
  int32_t has_relu;
  int32_t reserved2; /* 0 */
} cardinal_conv_desc;

/* Fills `desc`: blocked layouts, batch 1, groups 1, kernel 1×1, stride 1, dilation 1, no padding, no epilogue;
 * channels and image sizes 0, to be set. */
CARDINAL_API void cardinal_conv_desc_init(cardinal_conv_desc *desc);

/* Rows and columns of the convolution's output. Errors: as cardinal_conv_create. */
CARDINAL_API cardinal_status cardinal_conv_output_size(const cardinal_conv_desc *desc, int64_t *height, int64_t *width,
                                                       cardinal_error *error);

/* Makes a plan. `weights` is OIHW: [out_channels][in_channels / groups][kernel_height][kernel_width], read once,
 * not kept; `bias` has out_channels values, NULL exactly if !has_bias.
 * Errors: a dimension out of range (the message names it), an output without rows or columns, overflow, memory. */
CARDINAL_API cardinal_status cardinal_conv_create(const cardinal_context *context, const cardinal_conv_desc *desc,
                                                  const float *weights, const float *bias, cardinal_plan **plan,
                                                  cardinal_error *error);

typedef enum cardinal_pool_kind {
  CARDINAL_POOL_MAX = 0,           /* padding never wins; a NaN in the window gives NaN */
  CARDINAL_POOL_AVERAGE_GLOBAL = 1 /* over all rows and columns; window and padding are ignored */
} cardinal_pool_kind;

typedef struct cardinal_pool_desc {
  uint32_t struct_size;
  cardinal_pool_kind kind;
  cardinal_layout x_layout, y_layout;
  int64_t batch, channels, in_height, in_width;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right; /* each less than the kernel's size in its direction */
} cardinal_pool_desc;

CARDINAL_API void cardinal_pool_desc_init(cardinal_pool_desc *desc);
CARDINAL_API cardinal_status cardinal_pool_output_size(const cardinal_pool_desc *desc, int64_t *height, int64_t *width,
                                                       cardinal_error *error);
CARDINAL_API cardinal_status cardinal_pool_create(const cardinal_context *context, const cardinal_pool_desc *desc,
                                                  cardinal_plan **plan, cardinal_error *error);

CARDINAL_API void cardinal_plan_destroy(cardinal_plan *plan);

/* Bytes of scratch memory that one run needs; 0 is possible. */
CARDINAL_API size_t cardinal_plan_scratch_bytes(const cardinal_plan *plan);

/* Runs the plan on the calling thread and those of the context's parallel_for; allocates nothing.
 *   x         input in the plan's x layout
 *   residual  in the plan's y layout, or NULL exactly if the plan has none; may be y itself
 *   y         output; written completely, padding lanes included
 *   scratch   cardinal_plan_scratch_bytes() bytes, any alignment, not shared with a run at the same time
 * Any other overlap of these is an error. Tensors need the alignment of float only; 64 bytes is fastest.
 * The caller's floating-point modes are respected and restored; they don't change the result. */
CARDINAL_API cardinal_status cardinal_plan_run(const cardinal_plan *plan, const float *x, const float *residual,
                                               float *y, void *scratch, cardinal_error *error);

/* The name of the kernel that serves the plan, such as "gconv3x3_f32_w4_avx2"; static storage. */
CARDINAL_API const char *cardinal_plan_kernel(const cardinal_plan *plan);

/* Bytes of packed weights that the plan holds. */
CARDINAL_API size_t cardinal_plan_weight_bytes(const cardinal_plan *plan);

/* Why this kernel: calls visit(user, kernel, reason) for each registered kernel of the operator in the order of
 * preference; `reason` is NULL for the one chosen. Both strings live only during the call. */
typedef void (*cardinal_candidate_visit)(void *user, const char *kernel, const char *reason);
CARDINAL_API void cardinal_plan_candidates(const cardinal_plan *plan, cardinal_candidate_visit visit, void *user);

#ifdef __cplusplus
}
#endif

#endif /* CARDINAL_CARDINAL_H */
