/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Kernels from elsewhere: how a shared object, or a program of its own, offers convolution and pooling kernels to
 * Cardinal.
 *
 * A plug-in is a shared object that exports one function, `cardinal_plugin_kernels`, which returns a list of kernels.
 * `cardinal verify --kernel ./mine.so` judges them, `cardinal_bench --kernel ./mine.so --case ...` times them, and a
 * program may put such a list into cardinal_context_desc.plugin, so that plans choose from it. docs/plugins.md leads
 * from a C function to a verdict. This header needs no library: a plug-in links nothing of Cardinal's.
 *
 * A kernel here is a whole operator on whole tensors: it packs weights in whatever way it likes, once, and then runs.
 * It must neither keep state between calls nor touch memory outside its arguments; it may use the stack (64 KiB are
 * safe) and the scratch that it asked for. It may be called by several threads at once, each with scratch of its own.
 */
#ifndef CARDINAL_PLUGIN_H
#define CARDINAL_PLUGIN_H

#include <cardinal/cardinal.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What this header describes; a list of another version is refused. */
#define CARDINAL_PLUGIN_ABI 1

/** The operators. */
typedef enum cardinal_plugin_operation {
  CARDINAL_PLUGIN_CONV = 0,
  CARDINAL_PLUGIN_MAX_POOL = 1,
  CARDINAL_PLUGIN_AVERAGE_POOL = 2 /**< over the whole image */
} cardinal_plugin_operation;

/** What a kernel multiplies, and how numbers lie in x, residual and y: a value is the cardinal_format of that name.
 * Weights and bias are floats in all formats, to be rounded or quantised when packed as cardinal_conv_create does.
 * Plans ask the kernels of their own format; where a plan takes floats, they are rounded before run() reads them. */
typedef enum cardinal_plugin_format {
  CARDINAL_PLUGIN_F32 = 0,  /**< IEEE-754 binary32 */
  CARDINAL_PLUGIN_BF16 = 1, /**< the upper half of a float's bits; y may be floats, as y_format of the problem says */
  CARDINAL_PLUGIN_INT8 = 2  /**< steps of a scale, which the problem says; y may be floats */
} cardinal_plugin_format;

/** What a kernel promises of its results, and so how it is judged. */
typedef enum cardinal_plugin_promise {
  /** The bits of the canonical order (docs/kernel-contract.md). */
  CARDINAL_PLUGIN_SAME_BITS = 0,
  /**
   * |y - exact| <= gamma(K + 2) S + (K + 2) 2^-149, with K products a sum, S the sum of the magnitudes of all that is
   * added, gamma(n) = n u / (1 - n u), u = 2^-24: what any order of single-precision products and additions keeps
   * (Higham 2002, section 3.1). NaN exactly where it is due. Of bf16, K + 2 times 2^-126 instead, and where y is bf16,
   * 2^-8 of the result and 2^-126 more; of int8, exact sums, 3 roundings of floats, and where y is int8, 0.5.
   */
  CARDINAL_PLUGIN_BOUNDED = 1
} cardinal_plugin_promise;

enum {
  /** run() may be called for a part of the output rows; otherwise it always gets all of an image's. */
  CARDINAL_PLUGIN_ROWS = 1u << 0
};

/** The operator that a kernel is asked about: exactly one of the two is set. Its struct_size tells what it has. */
typedef struct cardinal_plugin_problem {
  uint32_t struct_size;           /**< of the caller's version */
  uint32_t reserved;              /**< 0 */
  const cardinal_conv_desc *conv; /**< for CARDINAL_PLUGIN_CONV: sizes, window, groups, epilogue */
  const cardinal_pool_desc *pool; /**< for the pools */
  int64_t out_height;             /**< rows of the output */
  int64_t out_width;              /**< columns of the output */
} cardinal_plugin_problem;

/** One call of run(): output rows [row_begin, row_end) of one image, all channels and columns. */
typedef struct cardinal_plugin_args {
  uint32_t struct_size;                   /**< of the caller's version */
  uint32_t reserved;                      /**< 0 */
  const cardinal_plugin_problem *problem; /**< the same for all calls */
  const void *packed;                     /**< what pack() made, aligned to 64 bytes; NULL if packed_bytes() is NULL */
  const float *x;                         /**< the image's first element in the kernel's x layout; of another format
                                               than f32, to be cast; aligned to its numbers */
  const float *residual; /**< likewise in its y layout, NULL if there is none; may be y itself, nothing else overlaps */
  float *y;              /**< the image's first element; the rows asked for are to be written completely, in BLOCKED16
                              with +0 in the lanes past the channels */
  void *scratch;         /**< scratch_bytes() bytes, aligned to 64; contents undefined */
  int64_t image;         /**< its number in the batch */
  int64_t row_begin;     /**< first output row */
  int64_t row_end;       /**< behind the last one */
} cardinal_plugin_args;

typedef struct cardinal_plugin_kernel cardinal_plugin_kernel;

/** One kernel. The struct and what it points to must live as long as the shared object is loaded. */
struct cardinal_plugin_kernel {
  uint32_t struct_size;                /**< sizeof(cardinal_plugin_kernel) */
  uint32_t flags;                      /**< CARDINAL_PLUGIN_... */
  const char *name;                    /**< printable ASCII without spaces, at most 63 characters, unique in the list */
  cardinal_plugin_operation operation; /**< what it computes */
  cardinal_plugin_format format;       /**< of all tensors */
  cardinal_plugin_promise promise;     /**< of its results */
  cardinal_layout x_layout;            /**< what run() reads */
  cardinal_layout y_layout;            /**< what run() writes; the residual lies likewise */
  uint32_t reserved;                   /**< 0 */
  const char *needs;                   /**< CPU features, all of them, as in CARDINAL_WITHOUT: "avx2,fma"; NULL: none.
                                            The kernel is never called where one is missing. */
  /** Why a problem isn't served, in a phrase ("the stride is not 1"); NULL if it is. The string must outlive the call.
   * The function itself may be NULL: every problem is served. */
  const char *(*declines)(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem);
  /** Bytes of packed weights; NULL exactly if pack is: then weights aren't needed (pools). */
  size_t (*packed_bytes)(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem);
  /** Packs OIHW weights [out_channels][in_channels / groups][kernel_height][kernel_width] and the bias
   * ([out_channels]; NULL exactly if the problem has none) into `packed`, aligned to 64 bytes. */
  void (*pack)(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem, const float *weights,
               const float *bias, void *packed);
  /** Bytes of scratch that one call of run() needs; NULL: none. */
  size_t (*scratch_bytes)(const cardinal_plugin_kernel *self, const cardinal_plugin_problem *problem);
  /** Computes what `args` says; mustn't be NULL. */
  void (*run)(const cardinal_plugin_kernel *self, const cardinal_plugin_args *args);
};

/** The list. */
typedef struct cardinal_plugin {
  uint32_t abi;                                 /**< CARDINAL_PLUGIN_ABI; first, in every version */
  uint32_t struct_size;                         /**< sizeof(cardinal_plugin) */
  const char *name;                             /**< of the whole, for messages: "mylib 1.2" */
  const cardinal_plugin_kernel *const *kernels; /**< in order of preference */
  size_t kernel_count;                          /**< at least 1 */
} cardinal_plugin;

/** What a plug-in exports under the name "cardinal_plugin_kernels". Called once after loading; NULL: there is none. */
typedef const cardinal_plugin *cardinal_plugin_entry(void);

/** Put before the definition of cardinal_plugin_kernels, so that it is visible whatever the compiler's default is. */
#if defined(__GNUC__)
#define CARDINAL_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define CARDINAL_PLUGIN_EXPORT
#endif

#ifdef __cplusplus
}
#endif

#endif /* CARDINAL_PLUGIN_H */
