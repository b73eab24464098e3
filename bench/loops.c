/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/loops.h"

/* The loops are global functions so that tests/bench finds them in the disassembly. */
void cardinal_peak_fma_sse2(size_t iterations);
void cardinal_peak_fma_avx2(size_t iterations);
void cardinal_peak_fma_avx512(size_t iterations);
void cardinal_peak_fma_neon(size_t iterations);

#if defined(__x86_64__)

/* Nothing declared here that the compiler couldn't know otherwise: registers above xmm15 and the upper halves aren't in
 * use in code built for the baseline. */
#define CLOBBERS                                                                                                       \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",  \
      "xmm14", "xmm15", "cc", "memory"

/* x = 0.5 x + 1 stays in the range of normal numbers for ever. */
static const float half = 0.5f, one = 1.0f;

void cardinal_peak_fma_sse2(size_t iterations) {
  __asm__ volatile("movss %[half], %%xmm14\n\t"
                   "shufps $0, %%xmm14, %%xmm14\n\t"
                   "movss %[one], %%xmm15\n\t"
                   "shufps $0, %%xmm15, %%xmm15\n\t"
                   ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13\n\t"
                   "movaps %%xmm15, %%xmm\\r\n\t"
                   ".endr\n\t"
                   ".p2align 5\n"
                   "1:\n\t"
                   /* 1 * 1 in the first six chains; the additions come to rest at a large power of two */
                   ".irp r,0,1,2,3,4,5\n\t"
                   "mulps %%xmm15, %%xmm\\r\n\t"
                   ".endr\n\t"
                   ".irp r,6,7,8,9,10,11\n\t"
                   "addps %%xmm14, %%xmm\\r\n\t"
                   ".endr\n\t"
                   "dec %[n]\n\t"
                   "jnz 1b\n\t"
                   : [n] "+r"(iterations)
                   : [half] "m"(half), [one] "m"(one)
                   : CLOBBERS);
}

/* Chains of FMAs in registers of the kind `v`, ymm or zmm, of the numbers `sums`; 14 and 15 hold the factors. */
#define FMA_CHAINS(v, sums)                                                                                            \
  "vbroadcastss %[half], %%" v "14\n\t"                                                                                \
  "vbroadcastss %[one], %%" v "15\n\t"                                                                                 \
  ".irp r," sums "\n\t"                                                                                                \
  "vmovaps %%" v "15, %%" v "\\r\n\t"                                                                                  \
  ".endr\n\t"                                                                                                          \
  ".p2align 5\n"                                                                                                       \
  "1:\n\t"                                                                                                             \
  ".irp r," sums "\n\t"                                                                                                \
  "vfmadd213ps %%" v "15, %%" v "14, %%" v "\\r\n\t"                                                                   \
  ".endr\n\t"                                                                                                          \
  "dec %[n]\n\t"                                                                                                       \
  "jnz 1b\n\t"                                                                                                         \
  "vzeroupper"

void cardinal_peak_fma_avx2(size_t iterations) {
  __asm__ volatile(FMA_CHAINS("ymm", "0,1,2,3,4,5,6,7,8,9,10,11,12,13")
                   : [n] "+r"(iterations)
                   : [half] "m"(half), [one] "m"(one)
                   : CLOBBERS);
}

void cardinal_peak_fma_avx512(size_t iterations) {
  __asm__ volatile(FMA_CHAINS("zmm", "0,1,2,3,4,5,6,7,8,9,10,11,12,13,16,17,18,19,20,21,22,23,24,25")
                   : [n] "+r"(iterations)
                   : [half] "m"(half), [one] "m"(one)
                   : CLOBBERS);
}

/* One channel of one pixel in the canaries: an input value times one vector (SSE2) or two vectors of weights. */
#define PIXEL_SSE2(pixel, sum)                                                                                         \
  "movaps (\\c*32)(%[w],%[wi]), %%xmm14\n\t"                                                                           \
  "mulps %%xmm" #pixel ", %%xmm14\n\t"                                                                                 \
  "addps %%xmm14, %%xmm" #sum "\n\t"
#define PIXEL_AVX2(pixel, even, odd)                                                                                   \
  "vbroadcastss (\\c*32+" #pixel "*4)(%[x],%[xi]), %%ymm14\n\t"                                                        \
  "vfmadd231ps %%ymm14, %%ymm12, %%ymm" #even "\n\t"                                                                   \
  "vfmadd231ps %%ymm14, %%ymm13, %%ymm" #odd "\n\t"
#define PIXEL_AVX512(pixel, even, odd)                                                                                 \
  "vbroadcastss (\\c*64+" #pixel "*4)(%[x],%[xi]), %%zmm30\n\t"                                                        \
  "vfmadd231ps %%zmm30, %%zmm28, %%zmm" #even "\n\t"                                                                   \
  "vfmadd231ps %%zmm30, %%zmm29, %%zmm" #odd "\n\t"

/* Four channels an iteration; wi and xi are the positions in the rings. */
#define CANARY_STEP(weight_step, input_step)                                                                           \
  "add $" #weight_step ", %[wi]\n\t"                                                                                   \
  "and %[wmask], %[wi]\n\t"                                                                                            \
  "add $" #input_step ", %[xi]\n\t"                                                                                    \
  "and %[xmask], %[xi]\n\t"                                                                                            \
  "dec %[n]\n\t"                                                                                                       \
  "jnz 1b\n\t"
#define CANARY_OPERANDS                                                                                                \
  : [n] "+&r"(iterations), [wi] "+&r"(weight_at), [xi] "+&r"(input_at)                                                 \
  : [w] "r"(o->weights), [x] "r"(o->inputs), [wmask] "r"(weight_mask), [xmask] "r"(input_mask)                         \
  : CLOBBERS

static void canary_sse2(const cardinal_canary_operands *o, size_t iterations) {
  size_t weight_at = 0, input_at = 0;
  const size_t weight_mask = CARDINAL_CANARY_WEIGHT_BYTES - 1, input_mask = CARDINAL_CANARY_INPUT_BYTES - 1;
  __asm__ volatile(".irp r,0,1,2,3,4,5,6,7\n\t"
                   "xorps %%xmm\\r, %%xmm\\r\n\t"
                   ".endr\n\t"
                   ".p2align 5\n"
                   "1:\n\t"
                   ".irp c,0,1,2,3\n\t"
                   "movaps (\\c*16)(%[x],%[xi]), %%xmm8\n\t" PIXEL_SSE2(8, 0) PIXEL_SSE2(8, 1) PIXEL_SSE2(8, 2)
                       PIXEL_SSE2(8, 3) PIXEL_SSE2(8, 4) PIXEL_SSE2(8, 5) PIXEL_SSE2(8, 6)
                           PIXEL_SSE2(8, 7) ".endr\n\t" CANARY_STEP(128, 64) CANARY_OPERANDS);
}

static void canary_avx2(const cardinal_canary_operands *o, size_t iterations) {
  size_t weight_at = 0, input_at = 0;
  const size_t weight_mask = CARDINAL_CANARY_WEIGHT_BYTES - 1, input_mask = CARDINAL_CANARY_INPUT_BYTES - 1;
  __asm__ volatile(".irp r,0,1,2,3,4,5,6,7,8,9,10,11\n\t"
                   "vxorps %%xmm\\r, %%xmm\\r, %%xmm\\r\n\t"
                   ".endr\n\t"
                   ".p2align 5\n"
                   "1:\n\t"
                   ".irp c,0,1,2,3\n\t"
                   "vmovaps (\\c*64)(%[w],%[wi]), %%ymm12\n\t"
                   "vmovaps (\\c*64+32)(%[w],%[wi]), %%ymm13\n\t" PIXEL_AVX2(0, 0, 1) PIXEL_AVX2(1, 2, 3)
                       PIXEL_AVX2(2, 4, 5) PIXEL_AVX2(3, 6, 7) PIXEL_AVX2(4, 8, 9)
                           PIXEL_AVX2(5, 10, 11) ".endr\n\t" CANARY_STEP(256, 128) "vzeroupper" CANARY_OPERANDS);
}

static void canary_avx512(const cardinal_canary_operands *o, size_t iterations) {
  size_t weight_at = 0, input_at = 0;
  const size_t weight_mask = CARDINAL_CANARY_WEIGHT_BYTES - 1, input_mask = CARDINAL_CANARY_INPUT_BYTES - 1;
  __asm__ volatile(".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27\n\t"
                   "vpxord %%zmm\\r, %%zmm\\r, %%zmm\\r\n\t"
                   ".endr\n\t"
                   ".p2align 5\n"
                   "1:\n\t"
                   ".irp c,0,1,2,3\n\t"
                   "vmovaps (\\c*128)(%[w],%[wi]), %%zmm28\n\t"
                   "vmovaps (\\c*128+64)(%[w],%[wi]), %%zmm29\n\t" PIXEL_AVX512(0, 0, 1) PIXEL_AVX512(1, 2, 3)
                       PIXEL_AVX512(2, 4, 5) PIXEL_AVX512(3, 6, 7) PIXEL_AVX512(4, 8, 9) PIXEL_AVX512(5, 10, 11)
                           PIXEL_AVX512(6, 12, 13) PIXEL_AVX512(7, 14, 15) PIXEL_AVX512(8, 16, 17) PIXEL_AVX512(
                               9, 18, 19) PIXEL_AVX512(10, 20, 21) PIXEL_AVX512(11, 22, 23) PIXEL_AVX512(12, 24, 25)
                               PIXEL_AVX512(13, 26, 27) ".endr\n\t" CANARY_STEP(512, 256) "vzeroupper" CANARY_OPERANDS);
}

const cardinal_loops cardinal_loops_of[CARDINAL_ISA_COUNT] = {
    [CARDINAL_ISA_GENERIC] = {cardinal_peak_fma_sse2, canary_sse2, 6 * 4 * 2, 4 * 8 * 4 * 2},
    [CARDINAL_ISA_AVX2] = {cardinal_peak_fma_avx2, canary_avx2, 14 * 8 * 2, 4 * 12 * 8 * 2},
    [CARDINAL_ISA_AVX512] = {cardinal_peak_fma_avx512, canary_avx512, 24 * 16 * 2, 4 * 28 * 16 * 2},
};

#elif defined(__aarch64__)

#define CLOBBERS                                                                                                       \
  "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17",  \
      "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory"

void cardinal_peak_fma_neon(size_t iterations) {
  /* 24 chains: cores with four 128-bit pipes of latency 4 need 16. Adds 0.5 * 0.5 until the sums come to rest. */
  __asm__ volatile("fmov v30.4s, #0.5\n\t"
                   "fmov v31.4s, #0.5\n\t"
                   ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23\n\t"
                   "fmov v\\r\\().4s, #1.0\n\t"
                   ".endr\n\t"
                   ".p2align 5\n"
                   "1:\n\t"
                   ".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23\n\t"
                   "fmla v\\r\\().4s, v30.4s, v31.4s\n\t"
                   ".endr\n\t"
                   "subs %[n], %[n], #1\n\t"
                   "b.ne 1b\n\t"
                   : [n] "+r"(iterations)
                   :
                   : CLOBBERS);
}

/* One channel of one pixel: its value, a lane of v28 or v29, times the four vectors of weights. */
#define PIXEL_NEON(x, a, b, c, d)                                                                                      \
  "fmla v" #a ".4s, v24.4s, " x "\n\t"                                                                                 \
  "fmla v" #b ".4s, v25.4s, " x "\n\t"                                                                                 \
  "fmla v" #c ".4s, v26.4s, " x "\n\t"                                                                                 \
  "fmla v" #d ".4s, v27.4s, " x "\n\t"

static void canary_neon(const cardinal_canary_operands *o, size_t iterations) {
  size_t weight_at = 0, input_at = 0;
  const char *w = o->weights, *x = o->inputs;
  const size_t weight_mask = CARDINAL_CANARY_WEIGHT_BYTES - 1, input_mask = CARDINAL_CANARY_INPUT_BYTES - 1;
  __asm__ volatile(".irp r,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23\n\t"
                   "movi v\\r\\().4s, #0\n\t"
                   ".endr\n\t"
                   ".p2align 5\n"
                   "1:\n\t"
                   ".irp c,0,1,2,3\n\t"
                   "ldp q24, q25, [%[w], #\\c*64]\n\t"
                   "ldp q26, q27, [%[w], #\\c*64+32]\n\t"
                   "ldp q28, q29, [%[x], #\\c*32]\n\t" PIXEL_NEON("v28.s[0]", 0, 1, 2, 3)
                       PIXEL_NEON("v28.s[1]", 4, 5, 6, 7) PIXEL_NEON("v28.s[2]", 8, 9, 10, 11)
                           PIXEL_NEON("v28.s[3]", 12, 13, 14, 15) PIXEL_NEON("v29.s[0]", 16, 17, 18, 19)
                               PIXEL_NEON("v29.s[1]", 20, 21, 22, 23) ".endr\n\t"
                                                                      "add %[wi], %[wi], #256\n\t"
                                                                      "and %[wi], %[wi], %[wmask]\n\t"
                                                                      "add %[xi], %[xi], #128\n\t"
                                                                      "and %[xi], %[xi], %[xmask]\n\t"
                                                                      "add %[w], %[wbase], %[wi]\n\t"
                                                                      "add %[x], %[xbase], %[xi]\n\t"
                                                                      "subs %[n], %[n], #1\n\t"
                                                                      "b.ne 1b\n\t"
                   : [n] "+&r"(iterations), [wi] "+&r"(weight_at), [xi] "+&r"(input_at), [w] "+&r"(w), [x] "+&r"(x)
                   : [wbase] "r"(o->weights), [xbase] "r"(o->inputs), [wmask] "r"(weight_mask), [xmask] "r"(input_mask)
                   : CLOBBERS);
}

const cardinal_loops cardinal_loops_of[CARDINAL_ISA_COUNT] = {
    [CARDINAL_ISA_NEON] = {cardinal_peak_fma_neon, canary_neon, 24 * 4 * 2, 4 * 24 * 4 * 2},
};

#else
#error "bench/loops.c has loops for x86-64 and aarch64 only"
#endif
