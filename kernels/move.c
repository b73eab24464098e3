/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/move.h"

#define FROM_TO(from, to) CARDINAL_FORMAT_##from, CARDINAL_FORMAT_##to

const cardinal_mover cardinal_movers[] = {
#ifdef CARDINAL_HAVE_AVX512
    {"move_f32_avx512", CARDINAL_ISA_AVX512, CARDINAL_NEEDS_AVX512, FROM_TO(F32, F32), cardinal_move_f32_avx512},
#endif
#ifdef CARDINAL_HAVE_AVX2
    {"move_f32_avx2", CARDINAL_ISA_AVX2, CARDINAL_NEEDS_AVX2, FROM_TO(F32, F32), cardinal_move_f32_avx2},
    {"move_bf16_avx2", CARDINAL_ISA_AVX2, CARDINAL_NEEDS_AVX2, FROM_TO(BF16, BF16), cardinal_move_bf16_avx2},
    {"move_int8_avx2", CARDINAL_ISA_AVX2, CARDINAL_NEEDS_AVX2, FROM_TO(INT8, INT8), cardinal_move_int8_avx2},
#endif
#ifdef CARDINAL_HAVE_NEON
    {"move_f32_neon", CARDINAL_ISA_NEON, CARDINAL_NEEDS_NEON, FROM_TO(F32, F32), cardinal_move_f32_neon},
    {"move_bf16_neon", CARDINAL_ISA_NEON, CARDINAL_NEEDS_NEON, FROM_TO(BF16, BF16), cardinal_move_bf16_neon},
    {"move_int8_neon", CARDINAL_ISA_NEON, CARDINAL_NEEDS_NEON, FROM_TO(INT8, INT8), cardinal_move_int8_neon},
#endif
    {"move_f32_generic", CARDINAL_ISA_GENERIC, CARDINAL_NEEDS_GENERIC, FROM_TO(F32, F32), cardinal_move_f32_generic},
    {"move_bf16_generic", CARDINAL_ISA_GENERIC, CARDINAL_NEEDS_GENERIC, FROM_TO(BF16, BF16),
     cardinal_move_bf16_generic},
    {"move_int8_generic", CARDINAL_ISA_GENERIC, CARDINAL_NEEDS_GENERIC, FROM_TO(INT8, INT8),
     cardinal_move_int8_generic},
    {"move_f32_to_bf16_generic", CARDINAL_ISA_GENERIC, CARDINAL_NEEDS_GENERIC, FROM_TO(F32, BF16),
     cardinal_move_f32_to_bf16_generic},
    {"move_f32_to_int8_generic", CARDINAL_ISA_GENERIC, CARDINAL_NEEDS_GENERIC, FROM_TO(F32, INT8),
     cardinal_move_f32_to_int8_generic},
};
const size_t cardinal_mover_count = sizeof cardinal_movers / sizeof cardinal_movers[0];

const cardinal_copier cardinal_copiers[] = {
#ifdef CARDINAL_HAVE_AVX512
    {"copy_avx512", CARDINAL_ISA_AVX512, CARDINAL_NEEDS_AVX512, cardinal_copy_avx512},
#endif
#ifdef CARDINAL_HAVE_AVX2
    {"copy_avx2", CARDINAL_ISA_AVX2, CARDINAL_NEEDS_AVX2, cardinal_copy_avx2},
#endif
    {"copy_generic", CARDINAL_ISA_GENERIC, CARDINAL_NEEDS_GENERIC, cardinal_copy_generic},
};
const size_t cardinal_copier_count = sizeof cardinal_copiers / sizeof cardinal_copiers[0];
