/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx2.inc"
#include "kernels/x86/f32.inc"
#include "kernels/x86/conv_window.inc"

.macro quarters_product p, at /* four lanes read the same */
  load %(X), \at
  permute_quarters %(X), %(READS)
  PRODUCT \p, %(X), %(WEIGHTS(0))
.endm
.macro permute_quarters n, reads
  vpermilps ymm\n, ymm\n, ymm\reads
.endm
.macro quarters_first
  load %(READS), rip+zeros
.endm
.macro quarters_next
  read_next %(READS)
.endm
.macro quarters_back
.endm
.macro read_next reads
  vpaddd ymm\reads, ymm\reads, [rip+ones]
.endm

  .section .rodata
  .p2align 5
zeros:
  .zero 32
ones:
  .long 1, 1, 1, 1, 1, 1, 1, 1

tiles conv_f32_w1_avx2, lanes, 12, 1
tiles conv_f32_w4_avx2, quarters, 12, 1
tiles conv_f32_w8_avx2, one, 12, 1
tiles conv_f32_w16_avx2, one, 6, 2

table cardinal_conv_f32_avx2_tiles
entries conv_f32_w1_avx2, 12, 1
entries conv_f32_w4_avx2, 12, 1
entries conv_f32_w8_avx2, 12, 1
entries conv_f32_w16_avx2, 6, 2
end_table cardinal_conv_f32_avx2_tiles
