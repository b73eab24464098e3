/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/products.h"

/* Global, so that tests find them in the disassembly. All multiply ones, and have the chains of the FMA loops. */
void cardinal_peak_bf16_avx512(size_t iterations);
void cardinal_peak_int8_avx512(size_t iterations);
void cardinal_peak_int8_avx2(size_t iterations);
void cardinal_peak_int8_avxvnni(size_t iterations);
void cardinal_peak_bf16_neon(size_t iterations);
void cardinal_peak_int8_i8mm(size_t iterations);
void cardinal_peak_int8_dotprod(size_t iterations);
void cardinal_peak_int8_neon(size_t iterations);

#if defined(__x86_64__)

#define CLOBBERS                                                                                                       \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",  \
      "xmm14", "xmm15", "cc", "memory"

/* Two ones of bf16, four of int8, two of 16 bits. */
static const uint32_t ones_bf16 = 0x3F803F80, ones_int8 = 0x01010101, ones_int16 = 0x00010001;

#define CHAINS_512 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,16,17,18,19,20,21,22,23,24,25"
#define CHAINS_256 "0,1,2,3,4,5,6,7,8,9,10,11,12,13"

/* Sums of 24 registers of 512 bits. */
#define PRODUCTS_512(instruction, ones)                                                                                \
  __asm__ volatile("vpbroadcastd %[one], %%zmm15\n\t"                                                                  \
                   ".irp r," CHAINS_512 "\n\t"                                                                         \
                   "vpxord %%zmm\\r, %%zmm\\r, %%zmm\\r\n\t"                                                           \
                   ".endr\n\t"                                                                                         \
                   ".p2align 5\n"                                                                                      \
                   "1:\n\t"                                                                                            \
                   ".irp r," CHAINS_512 "\n\t" instruction " %%zmm15, %%zmm15, %%zmm\\r\n\t"                           \
                   ".endr\n\t"                                                                                         \
                   "dec %[n]\n\t"                                                                                      \
                   "jnz 1b\n\t"                                                                                        \
                   "vzeroupper"                                                                                        \
                   : [n] "+r"(iterations)                                                                              \
                   : [one] "m"(ones)                                                                                   \
                   : CLOBBERS)

void cardinal_peak_bf16_avx512(size_t iterations) {
  PRODUCTS_512("vdpbf16ps", ones_bf16);
}

void cardinal_peak_int8_avx512(size_t iterations) {
  PRODUCTS_512("vpdpbusd", ones_int8);
}

void cardinal_peak_int8_avxvnni(size_t iterations) {
  __asm__ volatile("vpbroadcastd %[one], %%ymm15\n\t"
                   ".irp r," CHAINS_256 "\n\t"
                   "vpxor %%ymm\\r, %%ymm\\r, %%ymm\\r\n\t"
                   ".endr\n\t"
                   ".p2align 5\n"
                   "1:\n\t"
                   ".irp r," CHAINS_256 "\n\t"
                   "%{vex%} vpdpbusd %%ymm15, %%ymm15, %%ymm\\r\n\t"
                   ".endr\n\t"
                   "dec %[n]\n\t"
                   "jnz 1b\n\t"
                   "vzeroupper"
                   : [n] "+r"(iterations)
                   : [one] "m"(ones_int8)
                   : CLOBBERS);
}

/* Three instructions a product: bytes to sums of two, these to sums of four, and the addition. */
void cardinal_peak_int8_avx2(size_t iterations) {
  __asm__ volatile("vpbroadcastd %[bytes], %%ymm15\n\t"
                   "vpbroadcastd %[words], %%ymm14\n\t"
                   ".irp r,0,1,2,3,4,5,6\n\t"
                   "vpxor %%ymm\\r, %%ymm\\r, %%ymm\\r\n\t"
                   ".endr\n\t"
                   ".p2align 5\n"
                   "1:\n\t"
                   ".rept 2\n\t"
                   ".irp r,0,1,2,3,4,5,6\n\t"
                   "vpmaddubsw %%ymm15, %%ymm15, %%ymm7\n\t"
                   "vpmaddwd %%ymm14, %%ymm7, %%ymm7\n\t"
                   "vpaddd %%ymm7, %%ymm\\r, %%ymm\\r\n\t"
                   ".endr\n\t"
                   ".endr\n\t"
                   "dec %[n]\n\t"
                   "jnz 1b\n\t"
                   "vzeroupper"
                   : [n] "+r"(iterations)
                   : [bytes] "m"(ones_int8), [words] "m"(ones_int16)
                   : CLOBBERS);
}

static const cardinal_product_loop bf16_avx512 = {"vdpbf16ps", cardinal_peak_bf16_avx512, 24 * 16 * 2 * 2};
static const cardinal_product_loop int8_avx512 = {"vpdpbusd", cardinal_peak_int8_avx512, 24 * 16 * 4 * 2};
static const cardinal_product_loop int8_avxvnni = {"vpdpbusd", cardinal_peak_int8_avxvnni, 14 * 8 * 4 * 2};
static const cardinal_product_loop int8_avx2 = {"vpmaddubsw, vpmaddwd, vpaddd", cardinal_peak_int8_avx2,
                                                14 * 8 * 4 * 2};

const cardinal_product_loop *cardinal_product_loop_of(cardinal_isa isa, cardinal_format format, uint64_t features) {
  if (format == CARDINAL_FORMAT_BF16)
    return isa == CARDINAL_ISA_AVX512 && features & CARDINAL_CPU_AVX512_BF16 ? &bf16_avx512 : NULL;
  if (format != CARDINAL_FORMAT_INT8 || !(features & CARDINAL_CPU_AVX2))
    return NULL;
  if (isa == CARDINAL_ISA_AVX512 && features & CARDINAL_CPU_AVX512_VNNI)
    return &int8_avx512;
  return features & CARDINAL_CPU_AVX_VNNI ? &int8_avxvnni : &int8_avx2;
}

#elif defined(__aarch64__)

#define CLOBBERS                                                                                                       \
  "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17",  \
      "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory"
#define CHAINS "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23"

#define PRODUCTS(one, product)                                                                                         \
  __asm__ volatile(one ".irp r," CHAINS "\n\t"                                                                         \
                       "movi v\\r\\().4s, #0\n\t"                                                                      \
                       ".endr\n\t"                                                                                     \
                       ".p2align 5\n"                                                                                  \
                       "1:\n\t"                                                                                        \
                       ".irp r," CHAINS "\n\t" product ".endr\n\t"                                                     \
                       "subs %[n], %[n], #1\n\t"                                                                       \
                       "b.ne 1b\n\t"                                                                                   \
                   : [n] "+r"(iterations)                                                                              \
                   :                                                                                                   \
                   : CLOBBERS)

/* What Armv8.0 lacks stands in numbers, since this file is compiled for that: clang 14 knows no .arch_extension of bf16
 * and dotprod, and GNU as 2.40 takes sdot only after an .arch that would stay for the rest of the file. */
#define BFMLALT ".inst 0x6EDFFFE0 + \\r\n\t" /* bfmlalt vr.4s, v31.8h, v31.8h */
#define BFMLALB ".inst 0x2EDFFFE0 + \\r\n\t" /* bfmlalb vr.4s, v31.8h, v31.8h */
#define SDOT ".inst 0x4E9F97E0 + \\r\n\t"    /* sdot vr.4s, v31.16b, v31.16b */
#define SMMLA ".inst 0x4E9FA7E0 + \\r\n\t"   /* smmla vr.4s, v31.16b, v31.16b */

void cardinal_peak_bf16_neon(size_t iterations) {
  PRODUCTS("movi v31.8h, #0x3f, lsl #8\n\t", BFMLALT BFMLALB);
}

void cardinal_peak_int8_i8mm(size_t iterations) {
  PRODUCTS("movi v31.16b, #1\n\t", SMMLA);
}

void cardinal_peak_int8_dotprod(size_t iterations) {
  PRODUCTS("movi v31.16b, #1\n\t", SDOT);
}

/* Two long products and a pairwise addition make half of the sums of a register's products. */
void cardinal_peak_int8_neon(size_t iterations) {
  PRODUCTS("movi v31.16b, #1\n\t",
           "smull v30.8h, v31.8b, v31.8b\n\tsmlal2 v30.8h, v31.16b, v31.16b\n\tsadalp v\\r\\().4s, v30.8h\n\t");
}

static const cardinal_product_loop bf16_neon = {"bfmlalt, bfmlalb", cardinal_peak_bf16_neon, 24 * 4 * 2 * 2};
static const cardinal_product_loop int8_i8mm = {"smmla", cardinal_peak_int8_i8mm, 24 * 4 * 8 * 2};
static const cardinal_product_loop int8_dotprod = {"sdot", cardinal_peak_int8_dotprod, 24 * 4 * 4 * 2};
static const cardinal_product_loop int8_neon = {"smull, smlal2, sadalp", cardinal_peak_int8_neon, 24 * 4 * 4 * 2};

const cardinal_product_loop *cardinal_product_loop_of(cardinal_isa isa, cardinal_format format, uint64_t features) {
  (void)isa;
  if (format == CARDINAL_FORMAT_BF16)
    return features & CARDINAL_CPU_BF16 ? &bf16_neon : NULL;
  if (format != CARDINAL_FORMAT_INT8)
    return NULL;
  if (features & CARDINAL_CPU_I8MM)
    return &int8_i8mm;
  return features & CARDINAL_CPU_DOTPROD ? &int8_dotprod : &int8_neon;
}

#endif
