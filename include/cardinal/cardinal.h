/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * The core library: contexts, operators (plans) and queries of the machine. It needs libc and libm, and optionally
 * OpenMP and hwloc. Networks and files are in <cardinal/net.h> and <cardinal/image.h>.
 *
 * Conventions that hold for every function here:
 *
 * - Data are float (IEEE-754 binary32) unless a cardinal_format says otherwise. Sizes are counted in elements unless
 * the name says bytes.
 * - Functions that can fail return a cardinal_status. Where they take a cardinal_error, its pointer may be NULL;
 *   otherwise it is filled with the status and a sentence that says what was wrong, where, and what would be
 *   accepted. On failure no output parameter is changed and nothing is left allocated.
 * - There is no global state but a count of forks: nothing is printed, no signal is raised, the process is never ended.
 *   One exception: cores and caches are read from /sys, and where that tells no cache sizes, a build with hwloc asks
 *   hwloc, which may print what it finds odd, and crashes if one of its allocations fails; so it isn't asked unless
 *   16 MB can be allocated at that time. A build with CARDINAL_HWLOC=OFF never asks it.
 * - Threads: any function may be called by any thread at any time. Objects are immutable once made, unless said
 *   otherwise, and may then be used by any number of threads at once; only destroying one must wait until nobody
 *   uses it any more. Memory that a call writes belongs to that call alone until it returns.
 * - Ownership: what a `create` or `open` function hands out belongs to the caller, until the `destroy` function of the
 *   same name. Strings and arrays that are passed in are read during the call and not kept.
 * - Structs that begin with `struct_size` grow at their end from release to release. Fill a descriptor with its init
 *   function, then change what you need. A shorter one, of an older header, is accepted if it has all fields of the
 *   first release, and the rest is taken as unset; a longer one, of a newer header, if what this library doesn't know
 *   is zero. Functions that fill a caller's struct write no more than the size that it states.
 */
#ifndef CARDINAL_CARDINAL_H
#define CARDINAL_CARDINAL_H

#include <stddef.h>
#include <stdint.h>

#include <cardinal/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks what the libraries export. */
#if defined(__GNUC__)
#define CARDINAL_API __attribute__((visibility("default")))
#else
#define CARDINAL_API
#endif

/* ---- status ------------------------------------------------------------------------------------------------- */

/** @defgroup status Status and errors
 * @{ */

/** What became of a call. */
typedef enum cardinal_status {
  CARDINAL_OK = 0,           /**< done */
  CARDINAL_INVALID_ARGUMENT, /**< an argument is out of range or contradicts another */
  CARDINAL_UNSUPPORTED,      /**< meaningful, but this build or this CPU can't do it */
  CARDINAL_OUT_OF_MEMORY,    /**< the allocator gave NULL */
  CARDINAL_OVERFLOW,         /**< a size doesn't fit size_t */
  CARDINAL_IO_ERROR,         /**< the operating system refused to open, read, map or write a file */
  CARDINAL_BAD_FILE          /**< a file was read, but its content isn't what its format demands */
} cardinal_status;

/** What went wrong, for people. */
typedef struct cardinal_error {
  cardinal_status status; /**< what the function returned */
  char message[1020];     /**< a sentence in UTF-8, always terminated, without a trailing newline */
} cardinal_error;

/** A short English name of a status, never NULL; static storage. */
CARDINAL_API const char *cardinal_status_string(cardinal_status status);

/** The version of the library that was linked, such as "0.1.0"; CARDINAL_VERSION_STRING is the header's. */
CARDINAL_API const char *cardinal_version(void);

/** The CARDINAL_API_VERSION of the library that was linked: a program that runs with an older library than it was built
 * with can ask before it calls what came later. */
CARDINAL_API uint32_t cardinal_api_version(void);

/** @} */

/* ---- instruction sets --------------------------------------------------------------------------------------- */

/** @defgroup isa Instruction sets
 * @{ */

/** The ISAs that have kernels. Each stands for a bundle of features that is used or passed over as a whole. All give
 * the same bits; see docs/kernel-contract.md. */
typedef enum cardinal_isa {
  CARDINAL_ISA_GENERIC = 0, /**< "generic": portable C, any CPU */
  CARDINAL_ISA_NEON,        /**< "neon": Armv8-A Advanced SIMD */
  CARDINAL_ISA_AVX2,        /**< "avx2": AVX2 and FMA, and YMM state enabled by the OS */
  CARDINAL_ISA_AVX512,      /**< "avx512": AVX-512 F, BW, DQ and VL, and ZMM and mask state enabled by the OS */
  CARDINAL_ISA_COUNT        /**< how many there are */
} cardinal_isa;

/** "generic", "neon", "avx2", "avx512"; NULL for a value outside the enum. Static storage. */
CARDINAL_API const char *cardinal_isa_name(cardinal_isa isa);

/** CPU features that the choice of a kernel depends on, as bits of a mask. They form no ladder: a CPU may have any of
 * them without another. */
enum {
  CARDINAL_CPU_SSE2 = 1u << 0,         /**< "sse2" */
  CARDINAL_CPU_AVX = 1u << 1,          /**< "avx" */
  CARDINAL_CPU_FMA = 1u << 2,          /**< "fma" */
  CARDINAL_CPU_AVX2 = 1u << 3,         /**< "avx2" */
  CARDINAL_CPU_AVX512F = 1u << 4,      /**< "avx512f" */
  CARDINAL_CPU_AVX512BW = 1u << 5,     /**< "avx512bw" */
  CARDINAL_CPU_AVX512DQ = 1u << 6,     /**< "avx512dq" */
  CARDINAL_CPU_AVX512VL = 1u << 7,     /**< "avx512vl" */
  CARDINAL_CPU_NEON = 1u << 8,         /**< "neon": Arm Advanced SIMD */
  CARDINAL_CPU_AVX512_VNNI = 1u << 9,  /**< "avx512_vnni": 8-bit dot products, EVEX-encoded */
  CARDINAL_CPU_AVX_VNNI = 1u << 10,    /**< "avx_vnni": the same, VEX-encoded, without AVX-512 */
  CARDINAL_CPU_AVX512_BF16 = 1u << 11, /**< "avx512_bf16" */
  CARDINAL_CPU_DOTPROD = 1u << 12,     /**< "dotprod": Arm's 8-bit dot products */
  CARDINAL_CPU_I8MM = 1u << 13,        /**< "i8mm": Arm's 8-bit matrix products */
  CARDINAL_CPU_BF16 = 1u << 14         /**< "bf16": Arm's */
};

/** The name of one of these bits, such as "avx512_vnni"; NULL for any other value. Static storage. */
CARDINAL_API const char *cardinal_cpu_feature_name(uint32_t bit);

/** What there is of this machine, and what of it this process may use. */
typedef struct cardinal_machine {
  uint32_t struct_size;      /**< set by the caller, to the struct's size: no more is written */
  uint32_t prefers_512;      /**< 1: 512-bit kernels pay on this CPU, if it can run them; docs/isas.md */
  uint64_t features_present; /**< CARDINAL_CPU_... bits that the CPU reports */
  uint64_t features_enabled; /**< of these, whose state the operating system saves, and so may be used */
  char vendor[16];           /**< "GenuineIntel", "AuthenticAMD", "0x41" (Arm's implementer); "" if unknown */
  char brand[64];            /**< as the CPU or the operating system names it; "" if unknown */
  uint32_t family;           /**< x86: display family; Arm: 0 */
  uint32_t model;            /**< x86: display model; Arm: the part of MIDR */
  uint32_t stepping;         /**< x86: stepping; Arm: revision */
  uint32_t isas;             /**< bit 1 << isa for each cardinal_isa that can be used here */
  cardinal_isa best_isa;     /**< the one that a context takes by default */
  uint32_t packages;         /**< of the whole machine, as the next three */
  uint32_t cores;            /**< physical ones */
  uint32_t cpus;             /**< logical ones */
  uint32_t numa_nodes;       /**< memory nodes */
  uint32_t allowed_cores;    /**< cores with at least one CPU that this process may run on */
  uint32_t allowed_cpus;     /**< CPUs that this process may run on, by affinity and cpuset */
  uint32_t l1d_cores;        /**< physical cores that share a level 1 data cache; 0: there is none */
  uint32_t l2_cores;         /**< the same for level 2 */
  uint32_t l3_cores;         /**< the same for level 3 */
  char topology_source[16];  /**< "sysfs", "hwloc" or "defaults": where cores are from; caches, too, if it tells */
  uint64_t l1d_bytes;        /**< size of the first allowed core's data cache of level 1; 0: there is none */
  uint64_t l2_bytes;         /**< the same for level 2 */
  uint64_t l3_bytes;         /**< the same for level 3 */
  double cpu_quota;          /**< CPUs' worth of time that the control group grants; 0: no limit */
} cardinal_machine;

/** Looks at the machine and fills `machine`, whose struct_size says how much of it. The environment isn't read. What
 * can't be found out is taken from the next source, at last from defaults.
 * Errors: a struct_size below the first release's. */
CARDINAL_API cardinal_status cardinal_machine_get(cardinal_machine *machine, cardinal_error *error);

/** @} */

/* ---- context ------------------------------------------------------------------------------------------------ */

/** @defgroup context Contexts
 * How to run: the instruction set, threads and memory.
 * @{ */

/** One of the tasks of a run: what a cardinal_parallel_for is to call with its `argument` and each index. */
typedef void (*cardinal_task)(void *argument, size_t index);

/** Runs task(argument, i) once for each i in [0, tasks) and returns when all have returned. Tasks may run in any
 * order, one after the other or at once, on any threads; Cardinal's tasks never wait for one another. `user` is the
 * context's parallel_for_user. */
typedef void (*cardinal_parallel_for)(void *user, size_t tasks, cardinal_task task, void *argument);

/** Returns `bytes` bytes for plans and packed weights, aligned to `alignment` (a power of two, at most 4096), or NULL.
 * Called from any thread that makes an object. `user` is the context's allocator_user. */
typedef void *(*cardinal_allocate)(void *user, size_t bytes, size_t alignment);

/** Takes back what a cardinal_allocate returned; `bytes` is the number asked for then. Called from any thread that
 * makes or destroys an object. */
typedef void (*cardinal_deallocate)(void *user, void *memory, size_t bytes);

/** Who runs the tasks. All ways give the same bits, and all share out the work alike: each task takes items from a
 * counter until none is left. docs/threads.md compares them. */
typedef enum cardinal_threading {
  /** custom if there is a parallel_for, else what the environment's CARDINAL_THREADING says (serial, team or openmp),
   * else this build's default. */
  CARDINAL_THREADING_DEFAULT = 0,
  /** "serial": the calling thread alone. */
  CARDINAL_THREADING_SERIAL,
  /** "team": threads of the library's own, which belong to the context. None exists before the first run that has work
   * for several. Each run starts those that it can use and that aren't there yet, threads - 1 at most, and goes on with
   * fewer where the system refuses; then no more are asked for. Destroying the context ends them. After a run they
   * stay awake for 0.1 ms, then sleep without using CPU time. They inherit the affinity of the thread that started
   * them, which the library never changes, have all signals blocked but faults and SIGPROF, stacks of 256 KB, and the
   * names cardinal-1, cardinal-2, ... Runs at the same time on one context share no threads: the first has them, the
   * others use their calling threads alone. In a forked child, contexts made before the fork work, and start threads of
   * their own. */
  CARDINAL_THREADING_TEAM,
  /** "openmp": a parallel region of the OpenMP runtime that the library was built with. With gcc's, a child forked
   * after such a run hangs in its first one, and the process is ended where threads can't be created. */
  CARDINAL_THREADING_OPENMP,
  /** "custom": the descriptor's parallel_for. */
  CARDINAL_THREADING_CUSTOM
} cardinal_threading;

/** "default", "serial", "team", "openmp", "custom"; NULL for a value outside the enum. Static storage. */
CARDINAL_API const char *cardinal_threading_name(cardinal_threading threading);

/** Flags of a context. */
enum {
  /** Don't read the environment (CARDINAL_ISA, CARDINAL_WITHOUT, CARDINAL_NUM_THREADS, CARDINAL_THREADING,
   * CARDINAL_TUNING). */
  CARDINAL_CONTEXT_IGNORE_ENVIRONMENT = 1u << 0,
  /** Run with denormals flushed to zero. Outside the promise of equal bits between ISAs. */
  CARDINAL_CONTEXT_FLUSH_DENORMALS = 1u << 1
};

/** A list of kernels that aren't the library's: cardinal/plugin.h. */
struct cardinal_plugin;

/** What a context is to be made of; 0 and NULL everywhere mean the defaults. */
typedef struct cardinal_context_desc {
  uint32_t struct_size; /**< set by cardinal_context_desc_init */
  uint32_t flags;       /**< CARDINAL_CONTEXT_... */
  const char *isa;      /**< the highest ISA to use, by name, or NULL: the environment's CARDINAL_ISA, else the best.
                           It can only take away: a name this CPU can't run is an error. */
  uint32_t threads;     /**< how many tasks a run is cut into; 0: CARDINAL_NUM_THREADS, else one per physical core in
                           this process's allowed set, and no more than its CPU quota; with serial threading 1 */
  uint32_t reserved;    /**< must be 0 */
  cardinal_parallel_for parallel_for;   /**< the caller's own way to run tasks, or NULL: see threading */
  void *parallel_for_user;              /**< passed to parallel_for */
  cardinal_allocate allocate;           /**< NULL: the C library's; set both or neither */
  cardinal_deallocate deallocate;       /**< NULL exactly if allocate is */
  void *allocator_user;                 /**< passed to both */
  const char *without;                  /**< CPU features not to be used, by name, with commas between: "avx512_vnni" or
                                           "fma,dotprod"; "vnni" and "bf16" name those of all CPUs. NULL: those of
                                           CARDINAL_WITHOUT, else none. Features that the CPU lacks may be named. */
  cardinal_threading threading;         /**< who runs the tasks */
  uint32_t reserved2;                   /**< must be 0 */
  const struct cardinal_plugin *plugin; /**< the caller's own kernels (cardinal/plugin.h), or NULL. Plans take the first
                                         that serves, before any of the library's, and cardinal_plan_candidates tells of
                                         them like of those. The list isn't copied: it must outlive the context. Plans
                                         that refer to packed weights don't use it. */
  const char *tuning; /**< a file of `cardinal tune` (docs/tuning.md), which says for shapes which kernel was the
                         fastest on this machine; NULL: that of CARDINAL_TUNING, else none; "": none. It changes speed
                         and no bits. One that was made on another CPU or with another version of the library, or is
                         damaged, is ignored: cardinal_context_tuning says why. */
} cardinal_context_desc;

/** How to run: instruction set, threads, allocator. Every plan and network is made from a context and needs it as long
 * as it lives. */
typedef struct cardinal_context cardinal_context;

/** Fills `desc` with defaults. */
CARDINAL_API void cardinal_context_desc_init(cardinal_context_desc *desc);

/** The same for a struct of `size` bytes, of which no more are written. Calls of cardinal_context_desc_init come here
 * with the size that the caller's header gives the struct; the function of that name, which programs without these
 * headers may call, fills the fields of the first release. */
CARDINAL_API void cardinal_context_desc_init_sized(cardinal_context_desc *desc, size_t size);
/** Calls cardinal_context_desc_init_sized. */
#define cardinal_context_desc_init(desc) cardinal_context_desc_init_sized((desc), sizeof *(desc))

/** Makes a context. `desc` may be NULL for the defaults; it isn't kept. Reads the environment and the machine once.
 * Errors: an unknown or unavailable ISA or threading (the message lists what is available), an unknown feature in
 * `without` (the message lists the known ones), a thread count above 4096, a plug-in's list that isn't what
 * cardinal/plugin.h demands, a parallel_for together with another threading than custom, a `tuning` file that can't be
 * read (one of the environment is ignored then). */
CARDINAL_API cardinal_status cardinal_context_create(const cardinal_context_desc *desc, cardinal_context **context,
                                                     cardinal_error *error);

/** Destroys a context and ends its threads; NULL is allowed. Every plan and network made from it must be destroyed
 * first, and no thread may hold its threads. */
CARDINAL_API void cardinal_context_destroy(cardinal_context *context);

/** The ISA that caps this context. */
CARDINAL_API cardinal_isa cardinal_context_isa(const cardinal_context *context);

/** The number of tasks that this context cuts a run into. */
CARDINAL_API uint32_t cardinal_context_threads(const cardinal_context *context);

/** The CPU features that kernels may use in this context, as CARDINAL_CPU_... bits: those that are enabled, less those
 * taken away by `without`. The context's ISA caps them further. */
CARDINAL_API uint64_t cardinal_context_features(const cardinal_context *context);

/** Who runs this context's tasks; never CARDINAL_THREADING_DEFAULT. */
CARDINAL_API cardinal_threading cardinal_context_threading(const cardinal_context *context);

/** What became of the tuning file, such as "FILE: in use for 20 shapes" or "FILE: ignored: it was made on another CPU:
 * ..."; NULL if there is none. Lives as long as the context. */
CARDINAL_API const char *cardinal_context_tuning(const cardinal_context *context);

/** Holds a team's threads for several runs by the calling thread, one after the other: nobody else's run gets them
 * in between, and they stay awake between the runs, up to 2 ms. cardinal_net_run does so for its layers. Returns 1, or
 * 0 if another thread has them; then runs go on all the same, each with the threads if they are free by then. Each
 * call needs its cardinal_context_release_threads on the same thread; they may be nested. Does nothing, and returns 1,
 * where tasks aren't run by a team. */
CARDINAL_API int32_t cardinal_context_hold_threads(const cardinal_context *context);

/** Gives back one cardinal_context_hold_threads of the calling thread; nothing happens if it holds none. */
CARDINAL_API void cardinal_context_release_threads(const cardinal_context *context);

/** @} */

/* ---- tensors ------------------------------------------------------------------------------------------------ */

/** @defgroup tensor Tensors
 * Layouts, sizes and conversion.
 * @{ */

/** The numbers that convolutions multiply. Sums are exact (int8) or of 32-bit floats; docs/kernel-contract.md has the
 * order of each format, in which every instruction set gives the same bits. */
typedef enum cardinal_format {
  CARDINAL_FORMAT_F32 = 0,  /**< "f32": float, IEEE-754 binary32 */
  CARDINAL_FORMAT_BF16 = 1, /**< "bf16": the upper 16 bits of a float, in a uint16_t; denormals count as zeros */
  CARDINAL_FORMAT_INT8 = 2  /**< "int8": int8_t, a number of steps of a scale: what is meant is q * scale. Inputs of
                               convolutions are 0 to 127, weights and other tensors -127 to 127. */
} cardinal_format;

/** "f32", "bf16", "int8"; NULL for a value outside the enum. Static storage. */
CARDINAL_API const char *cardinal_format_name(cardinal_format format);

/** Bytes of a number: 4, 2, 1; 0 for a value outside the enum. */
CARDINAL_API size_t cardinal_format_size(cardinal_format format);

/** How an activation tensor of N images, C channels, H rows and W columns lies in memory. Kernels work on BLOCKED16;
 * the others are converted on the way in and out (the stem reads NCHW directly). */
typedef enum cardinal_layout {
  CARDINAL_LAYOUT_BLOCKED16 = 0, /**< [N][ceil(C/16)][H][W][16]; channel c is lane c%16 of block c/16; the lanes past C
                                    hold +0 */
  CARDINAL_LAYOUT_NCHW = 1,      /**< [N][C][H][W] */
  CARDINAL_LAYOUT_NHWC = 2       /**< [N][H][W][C] */
} cardinal_layout;

/** Number of floats, or of numbers of any format, in a tensor of that layout. Errors: a zero or negative dimension, an
 * unknown layout, overflow. */
CARDINAL_API cardinal_status cardinal_tensor_floats(cardinal_layout layout, int64_t batch, int64_t channels,
                                                    int64_t height, int64_t width, size_t *floats);

/** Copies a tensor of floats from one layout to another, serially. `from` and `to` must not overlap. No alignment is
 * demanded. Errors: as cardinal_tensor_floats; overlap. */
CARDINAL_API cardinal_status cardinal_tensor_convert(cardinal_layout from_layout, const float *from,
                                                     cardinal_layout to_layout, float *to, int64_t batch,
                                                     int64_t channels, int64_t height, int64_t width,
                                                     cardinal_error *error);

/** @} */

/* ---- operators ---------------------------------------------------------------------------------------------- */

/** @defgroup operator Operators
 * Convolutions and pools as plans, and what may be asked of a plan.
 * @{ */

/** A plan is one operator with its shapes fixed, its kernel chosen and its weights packed. It is immutable: any
 * number of threads may run it at once, each with scratch memory of its own. */
typedef struct cardinal_plan cardinal_plan;

/** A 2-D convolution (cross-correlation, as networks use the word) with fused epilogue,
 * `y = relu(conv(x, w) + bias + residual)`. A fully connected layer is the case kernel 1×1, height 1, width 1. */
typedef struct cardinal_conv_desc {
  uint32_t struct_size;     /**< set by cardinal_conv_desc_init */
  uint32_t reserved;        /**< must be 0 */
  cardinal_layout x_layout; /**< how x lies in memory */
  cardinal_layout y_layout; /**< how y and the residual lie in memory */
  int64_t batch;            /**< images */
  int64_t in_channels;      /**< of x */
  int64_t in_height;        /**< rows of x */
  int64_t in_width;         /**< columns of x */
  int64_t out_channels;     /**< of y */
  int64_t groups;           /**< divides both channel counts */
  int64_t kernel_height;    /**< rows of taps */
  int64_t kernel_width;     /**< columns of taps */
  int64_t stride_height;    /**< rows of x from one row of y to the next */
  int64_t stride_width;     /**< columns of x from one column of y to the next */
  int64_t dilation_height;  /**< rows of x from one tap to the next */
  int64_t dilation_width;   /**< columns of x from one tap to the next */
  int64_t pad_top;          /**< rows above x; taps in the padding are skipped, not multiplied by zero */
  int64_t pad_left;         /**< columns before x */
  int64_t pad_bottom;       /**< rows below x */
  int64_t pad_right;        /**< columns after x */
  int32_t has_bias;         /**< 1: a bias for each output channel is added */
  int32_t has_residual;     /**< 1: a tensor of y's shape is added */
  int32_t has_relu;         /**< 1: negative results become +0 */
  int32_t reserved2;        /**< must be 0 */
  cardinal_format format;   /**< of the products, and so of the packed weights */
  cardinal_format x_format; /**< of x: the products', or float, which a run rounds to that on the way in (to int8:
                               x / x_scale, raised to 0 and lowered to 127) */
  cardinal_format y_format; /**< of y and the residual: the products', or float, which isn't rounded */
  float x_scale;            /**< int8 products: what a step of x is worth; positive */
  float y_scale;            /**< int8 y: the same of y */
  float residual_scale;     /**< int8 y and has_residual: the same of the residual */
} cardinal_conv_desc;

/** Fills `desc`: blocked layouts, batch 1, groups 1, kernel 1×1, stride 1, dilation 1, no padding, no epilogue, all
 * formats f32; channels, image sizes and scales 0, to be set. */
CARDINAL_API void cardinal_conv_desc_init(cardinal_conv_desc *desc);

/** The same for a struct of `size` bytes, of which no more are written. Calls of cardinal_conv_desc_init come here with
 * the size that the caller's header gives the struct; the function of that name, which programs without these headers
 * may call, fills the fields of the first release. */
CARDINAL_API void cardinal_conv_desc_init_sized(cardinal_conv_desc *desc, size_t size);
/** Calls cardinal_conv_desc_init_sized. */
#define cardinal_conv_desc_init(desc) cardinal_conv_desc_init_sized((desc), sizeof *(desc))

/** Rows and columns of the convolution's output. Errors: as cardinal_conv_create. */
CARDINAL_API cardinal_status cardinal_conv_output_size(const cardinal_conv_desc *desc, int64_t *height, int64_t *width,
                                                       cardinal_error *error);

/** Makes the plan of a convolution, packing its weights into memory of the context's allocator; with bf16 products they
 * are rounded, with int8 ones quantised as cardinal_conv_weights_create says.
 * Errors: a dimension out of range (the message names it), an output without rows or columns, formats that don't go
 * together, scales that aren't positive or lead out of float's or int32's range, overflow, memory.
 * @param context  outlives the plan
 * @param desc     the operator; not kept
 * @param weights  OIHW, [out_channels][in_channels / groups][kernel_height][kernel_width]; read once, not kept
 * @param bias     out_channels values, NULL exactly if !has_bias; not kept
 * @param plan     the new plan, the caller's until cardinal_plan_destroy
 * @param error    may be NULL
 * @return CARDINAL_OK, or why there is no plan */
CARDINAL_API cardinal_status cardinal_conv_create(const cardinal_context *context, const cardinal_conv_desc *desc,
                                                  const float *weights, const float *bias, cardinal_plan **plan,
                                                  cardinal_error *error);

/** Packed weights of a convolution, with its bias. They depend on channels, groups and the kernel's size alone, not on
 * the image, the batch, the instruction set or the context, so that any number of plans may refer to one: of other
 * batches and image sizes, or in other contexts. Immutable. */
typedef struct cardinal_conv_weights cardinal_conv_weights;

/** Packs weights into memory of the context's allocator. Of the descriptor only in_channels, out_channels, groups,
 * kernel_height, kernel_width, has_bias and format are looked at. bf16: weights are rounded to nearest even. int8: each
 * output channel has a scale, the largest of its weights' magnitudes / 127 (1 if all are zeros), and weights become the
 * nearest integers of weight / scale, in double precision.
 * Errors: a dimension out of range (the message names it), with int8 weights that aren't finite or so many products an
 * output that their sum could leave int32 (133144), overflow, memory.
 * @param context  outlives the weights, and so every plan that refers to them
 * @param desc     the operator; not kept
 * @param weights  OIHW, as cardinal_conv_create takes them; read once, not kept
 * @param bias     out_channels values, NULL exactly if !has_bias; not kept
 * @param made     the packed weights, the caller's until cardinal_conv_weights_destroy
 * @param error    may be NULL
 * @return CARDINAL_OK, or why there are no weights */
CARDINAL_API cardinal_status cardinal_conv_weights_create(const cardinal_context *context,
                                                          const cardinal_conv_desc *desc, const float *weights,
                                                          const float *bias, cardinal_conv_weights **made,
                                                          cardinal_error *error);

/** The same of weights that are int8 already; the descriptor's format must be int8.
 * Errors: as cardinal_conv_weights_create; a weight of -128; a scale that isn't positive and finite.
 * @param context  outlives the weights, and so every plan that refers to them
 * @param desc     the operator; not kept
 * @param weights  OIHW; read once, not kept
 * @param scales   out_channels values, what a step of each channel's weights is worth; not kept
 * @param bias     out_channels values, NULL exactly if !has_bias; not kept
 * @param made     the packed weights, the caller's until cardinal_conv_weights_destroy
 * @param error    may be NULL
 * @return CARDINAL_OK, or why there are no weights */
CARDINAL_API cardinal_status cardinal_conv_weights_create_int8(const cardinal_context *context,
                                                               const cardinal_conv_desc *desc, const int8_t *weights,
                                                               const float *scales, const float *bias,
                                                               cardinal_conv_weights **made, cardinal_error *error);

/** Gives up the caller's hold on packed weights; NULL is allowed. Their memory goes when the last plan that refers to
 * them is destroyed. */
CARDINAL_API void cardinal_conv_weights_destroy(cardinal_conv_weights *weights);

/** Writes packed weights to a file that cardinal_conv_weights_map reads: aside first, then renamed, so that what stands
 * at `path` is replaced whole or stays as it was. Programs that have the old file mapped keep it.
 * Errors: what the operating system refuses, with its reason; then nothing is left behind. */
CARDINAL_API cardinal_status cardinal_conv_weights_save(const cardinal_conv_weights *weights, const char *path,
                                                        cardinal_error *error);

/** Maps a file of packed weights, read-only, so that processes share its memory. All of it is read once to check it.
 * While it is mapped, replace the file (as cardinal_conv_weights_save does) rather than write into it: a program that
 * reads past the end of a file that was cut short is killed by SIGBUS.
 * Errors: a file that can't be opened or isn't a regular one; one that is truncated, damaged, of another version,
 * layout or byte order, or no such file at all; memory.
 * @param context  outlives the weights, and so every plan that refers to them
 * @param path     the file
 * @param made     the weights, the caller's until cardinal_conv_weights_destroy
 * @param error    may be NULL
 * @return CARDINAL_OK, or why there are no weights */
CARDINAL_API cardinal_status cardinal_conv_weights_map(const cardinal_context *context, const char *path,
                                                       cardinal_conv_weights **made, cardinal_error *error);

/** Bytes that packed weights, bias and scales take. */
CARDINAL_API size_t cardinal_conv_weights_bytes(const cardinal_conv_weights *weights);

/** Makes the plan of a convolution that refers to packed weights; they live at least as long as the plan. It gives the
 * same bits as a plan by cardinal_conv_create.
 * Errors: as cardinal_conv_create; weights of other channels, groups, kernel size, bias or format (the message says
 * both). */
CARDINAL_API cardinal_status cardinal_conv_create_packed(const cardinal_context *context,
                                                         const cardinal_conv_desc *desc,
                                                         const cardinal_conv_weights *weights, cardinal_plan **plan,
                                                         cardinal_error *error);

/** What a pool does with the values of a window. */
typedef enum cardinal_pool_kind {
  CARDINAL_POOL_MAX = 0,           /**< padding never wins; a NaN in the window gives NaN */
  CARDINAL_POOL_AVERAGE_GLOBAL = 1 /**< over all rows and columns; window and padding are ignored */
} cardinal_pool_kind;

/** A pool over windows of each channel. */
typedef struct cardinal_pool_desc {
  uint32_t struct_size;     /**< set by cardinal_pool_desc_init */
  cardinal_pool_kind kind;  /**< maximum or average */
  cardinal_layout x_layout; /**< how x lies in memory */
  cardinal_layout y_layout; /**< how y lies in memory */
  int64_t batch;            /**< images */
  int64_t channels;         /**< of x and y */
  int64_t in_height;        /**< rows of x */
  int64_t in_width;         /**< columns of x */
  int64_t kernel_height;    /**< rows of the window */
  int64_t kernel_width;     /**< columns of the window */
  int64_t stride_height;    /**< rows of x from one row of y to the next */
  int64_t stride_width;     /**< columns of x from one column of y to the next */
  int64_t pad_top;          /**< rows above x; less than kernel_height */
  int64_t pad_left;         /**< columns before x; less than kernel_width */
  int64_t pad_bottom;       /**< rows below x; less than kernel_height */
  int64_t pad_right;        /**< columns after x; less than kernel_width */
  cardinal_format format;   /**< of x and y */
  float x_scale;            /**< average of int8: what a step of x is worth; positive */
  float y_scale;            /**< average of int8: the same of y */
  uint32_t reserved;        /**< must be 0 */
} cardinal_pool_desc;

/** Fills `desc`: a maximum, blocked layouts, batch 1, window 1×1, stride 1, no padding; channels and image sizes 0, to
 * be set; f32. */
CARDINAL_API void cardinal_pool_desc_init(cardinal_pool_desc *desc);

/** The same for a struct of `size` bytes, of which no more are written. Calls of cardinal_pool_desc_init come here with
 * the size that the caller's header gives the struct; the function of that name, which programs without these headers
 * may call, fills the fields of the first release. */
CARDINAL_API void cardinal_pool_desc_init_sized(cardinal_pool_desc *desc, size_t size);
/** Calls cardinal_pool_desc_init_sized. */
#define cardinal_pool_desc_init(desc) cardinal_pool_desc_init_sized((desc), sizeof *(desc))

/** Rows and columns of the pool's output: 1 and 1 for a global average. Errors: as cardinal_pool_create. */
CARDINAL_API cardinal_status cardinal_pool_output_size(const cardinal_pool_desc *desc, int64_t *height, int64_t *width,
                                                       cardinal_error *error);

/** Makes the plan of a pool; its run takes no residual. `context` outlives the plan, `desc` isn't kept, the plan is the
 * caller's until cardinal_plan_destroy.
 * Errors: a dimension out of range (the message names it), an output without rows or columns, overflow, memory. */
CARDINAL_API cardinal_status cardinal_pool_create(const cardinal_context *context, const cardinal_pool_desc *desc,
                                                  cardinal_plan **plan, cardinal_error *error);

/** Destroys a plan; NULL is allowed. No run of it may be under way. */
CARDINAL_API void cardinal_plan_destroy(cardinal_plan *plan);

/** Bytes of scratch memory that one run needs; 0 is possible. */
CARDINAL_API size_t cardinal_plan_scratch_bytes(const cardinal_plan *plan);

/** Runs the plan on the calling thread and those of the context's parallel_for; allocates nothing. Any number of
 * threads may run one plan at once. The caller's floating-point modes are respected and restored; they don't change the
 * result. Tensors need the alignment of their numbers only; 64 bytes is fastest. Errors: a NULL that isn't allowed; y
 * that overlaps x, or the residual without being it; scratch that overlaps any of them.
 * @param plan      what to run
 * @param x         input in the plan's x layout and format, of the descriptor's shape
 * @param residual  in the plan's y layout and format, of y's shape; NULL exactly if the plan has none; may be y itself,
 * and may be or overlap x, since both are only read
 * @param y         output; written completely, padding lanes included
 * @param scratch   cardinal_plan_scratch_bytes() bytes, any alignment, not shared with a run at the same time
 * @param error     may be NULL
 * @return CARDINAL_OK, or why nothing was run */
CARDINAL_API cardinal_status cardinal_plan_run(const cardinal_plan *plan, const void *x, const void *residual, void *y,
                                               void *scratch, cardinal_error *error);

/** The name of the kernel that serves the plan, such as "gconv3x3_f32_w4_avx2"; static storage. */
CARDINAL_API const char *cardinal_plan_kernel(const cardinal_plan *plan);

/** Why that kernel, among those that would serve: "order", as it is the first one; "built-in", as this library knows
 * that it is the fastest on CPUs of this family; "measured", as the context's tuning file says that it is the fastest
 * on this machine; or "plug-in", as the context's plug-in has it. Static storage. */
CARDINAL_API const char *cardinal_plan_basis(const cardinal_plan *plan);

/** Bytes of the packed weights that the plan refers to, whether or not other plans do, too; 0 for a pool. */
CARDINAL_API size_t cardinal_plan_weight_bytes(const cardinal_plan *plan);

/** A kernel of the registry. */
typedef struct cardinal_kernel_info {
  uint32_t struct_size;     /**< of this library's struct; a newer one may have more fields at its end */
  cardinal_isa isa;         /**< the cap from which on it may be used */
  uint64_t needs;           /**< CARDINAL_CPU_... bits, all of them */
  const char *name;         /**< such as "gconv3x3_f32_w4_avx2" */
  const char *twin;         /**< the portable kernel that gives the same bits */
  const char *form;         /**< how it is called: "conv1x1", "fc", "conv" or "pool" */
  const char *format;       /**< of the numbers: "f32", "bf16" or "int8" */
  const char *unusable;     /**< why this context can't use it; NULL if it can */
  cardinal_layout x_layout; /**< that it reads; other layouts are converted */
  uint32_t slot;            /**< "conv": lanes of a block that a group takes, 0: any */
  uint32_t tile_pixels;     /**< "conv1x1" and "fc": pixels or images at once */
  uint32_t tile_blocks;     /**< "conv1x1" and "fc": blocks of 16 outputs at once */
} cardinal_kernel_info;

/** What cardinal_context_kernels calls; `kernel` lives only during the call, its strings are static. */
typedef void (*cardinal_kernel_visit)(void *user, const cardinal_kernel_info *kernel);

/** Calls visit(user, kernel) for each kernel of the library in the order of preference. Which one serves a shape,
 * cardinal_plan_candidates says. */
CARDINAL_API void cardinal_context_kernels(const cardinal_context *context, cardinal_kernel_visit visit, void *user);

/** Takes the name of a kernel, and why it wasn't chosen: NULL for the one that was. Both strings live only during the
 * call. `user` is what cardinal_plan_candidates was given. */
typedef void (*cardinal_candidate_visit)(void *user, const char *kernel, const char *reason);

/** Why this kernel: calls visit(user, kernel, reason) for each registered kernel of the operator in the order of
 * preference, on the calling thread. */
CARDINAL_API void cardinal_plan_candidates(const cardinal_plan *plan, cardinal_candidate_visit visit, void *user);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* CARDINAL_CARDINAL_H */
