/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine code of the peaks of bf16 and int8: what multiplies their numbers, on registers alone. */
#ifndef CARDINAL_BENCH_PRODUCTS_H
#define CARDINAL_BENCH_PRODUCTS_H

#include <stddef.h>
#include <stdint.h>

#include <cardinal/cardinal.h>

typedef struct cardinal_product_loop {
  const char *name; /* of what it is made of, such as "vdpbf16ps" */
  void (*function)(size_t iterations);
  double operations; /* of one iteration, 2 a multiply-add */
} cardinal_product_loop;

/* The fastest products that an ISA has for a format, on a CPU with these CARDINAL_CPU_... features; NULL where they are
 * fused multiply-adds of floats. */
const cardinal_product_loop *cardinal_product_loop_of(cardinal_isa isa, cardinal_format format, uint64_t features);

#endif
