/* SPDX-License-Identifier: BSD-3-Clause */
/* What release 0.1.0's <cardinal/cardinal.h> declared, as far as tests/abi/old.c uses it. Kept as it was: programs that
 * were built with it must go on working. */
#ifndef CARDINAL_TESTS_ABI_CARDINAL_0_1_0_H
#define CARDINAL_TESTS_ABI_CARDINAL_0_1_0_H

#include <stddef.h>
#include <stdint.h>

typedef enum cardinal_status {
  CARDINAL_OK = 0,
  CARDINAL_INVALID_ARGUMENT
} cardinal_status;

typedef struct cardinal_error {
  cardinal_status status;
  char message[1020];
} cardinal_error;

typedef void (*cardinal_task)(void *argument, size_t index);
typedef void (*cardinal_parallel_for)(void *user, size_t tasks, cardinal_task task, void *argument);
typedef void *(*cardinal_allocate)(void *user, size_t bytes, size_t alignment);
typedef void (*cardinal_deallocate)(void *user, void *memory, size_t bytes);

enum {
  CARDINAL_CONTEXT_IGNORE_ENVIRONMENT = 1u << 0
};

typedef struct cardinal_context_desc {
  uint32_t struct_size;
  uint32_t flags;
  const char *isa;
  uint32_t threads;
  uint32_t reserved;
  cardinal_parallel_for parallel_for;
  void *parallel_for_user;
  cardinal_allocate allocate;
  cardinal_deallocate deallocate;
  void *allocator_user;
} cardinal_context_desc;

typedef enum cardinal_layout {
  CARDINAL_LAYOUT_BLOCKED16 = 0,
  CARDINAL_LAYOUT_NCHW = 1,
  CARDINAL_LAYOUT_NHWC = 2
} cardinal_layout;

typedef struct cardinal_conv_desc {
  uint32_t struct_size;
  uint32_t reserved;
  cardinal_layout x_layout, y_layout;
  int64_t batch;
  int64_t in_channels, in_height, in_width;
  int64_t out_channels;
  int64_t groups;
  int64_t kernel_height, kernel_width;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
  int32_t has_bias;
  int32_t has_residual;
  int32_t has_relu;
  int32_t reserved2;
} cardinal_conv_desc;

typedef enum cardinal_pool_kind {
  CARDINAL_POOL_MAX = 0,
  CARDINAL_POOL_AVERAGE_GLOBAL = 1
} cardinal_pool_kind;

typedef struct cardinal_pool_desc {
  uint32_t struct_size;
  cardinal_pool_kind kind;
  cardinal_layout x_layout, y_layout;
  int64_t batch, channels, in_height, in_width;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
} cardinal_pool_desc;

typedef struct cardinal_context cardinal_context;
typedef struct cardinal_plan cardinal_plan;

void cardinal_context_desc_init(cardinal_context_desc *desc);
cardinal_status cardinal_context_create(const cardinal_context_desc *desc, cardinal_context **context,
                                        cardinal_error *error);
void cardinal_context_destroy(cardinal_context *context);
void cardinal_conv_desc_init(cardinal_conv_desc *desc);
cardinal_status cardinal_conv_create(const cardinal_context *context, const cardinal_conv_desc *desc,
                                     const float *weights, const float *bias, cardinal_plan **plan,
                                     cardinal_error *error);
void cardinal_pool_desc_init(cardinal_pool_desc *desc);
cardinal_status cardinal_pool_create(const cardinal_context *context, const cardinal_pool_desc *desc,
                                     cardinal_plan **plan, cardinal_error *error);
void cardinal_plan_destroy(cardinal_plan *plan);
size_t cardinal_plan_scratch_bytes(const cardinal_plan *plan);
cardinal_status cardinal_plan_run(const cardinal_plan *plan, const float *x, const float *residual, float *y,
                                  void *scratch, cardinal_error *error);

#endif
