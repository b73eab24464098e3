/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/x86/avx512.inc"
#include "kernels/x86/f32.inc"
#include "kernels/x86/conv_window.inc"

  .section .rodata
  .p2align 6
first_of_halves:
  .long 0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8

.macro halves_product p, at /* eight lanes read the same */
  permute_halves %(X), %(READS), \at
  PRODUCT \p, %(X), %(WEIGHTS(0))
.endm
.macro permute_halves n, reads, at
  vpermps zmm\n, zmm\reads, [\at]
.endm
.macro halves_first
  load %(READS), rip+first_of_halves
.endm
.macro halves_next
  read_next %(READS)
.endm
.macro halves_back
.endm

.macro embedded_product p, at /* all lanes read the same */
  PRODUCT_EMBEDDED \p, %(WEIGHTS(0)), \at
.endm
.macro embedded_first
.endm
.macro embedded_next
  one_next
.endm
.macro embedded_back
  one_back
.endm

tiles conv_f32_w1_avx512, lanes, 14, 1
tiles conv_f32_w4_avx512, quarters, 14, 1
tiles conv_f32_w8_avx512, halves, 14, 1
tiles conv_f32_w16_avx512, embedded, 14, 1

table cardinal_conv_f32_avx512_tiles
entries conv_f32_w1_avx512, 14, 1
entries conv_f32_w4_avx512, 14, 1
entries conv_f32_w8_avx512, 14, 1
entries conv_f32_w16_avx512, 14, 1
end_table cardinal_conv_f32_avx512_tiles
