/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/move.h"

const cardinal_mover cardinal_movers[] = {
#ifdef CARDINAL_HAVE_AVX512
    {"move_f32_avx512", CARDINAL_ISA_AVX512, CARDINAL_NEEDS_AVX512, cardinal_move_f32_avx512},
#endif
#ifdef CARDINAL_HAVE_AVX2
    {"move_f32_avx2", CARDINAL_ISA_AVX2, CARDINAL_NEEDS_AVX2, cardinal_move_f32_avx2},
#endif
#ifdef CARDINAL_HAVE_NEON
    {"move_f32_neon", CARDINAL_ISA_NEON, CARDINAL_NEEDS_NEON, cardinal_move_f32_neon},
#endif
    {"move_f32_generic", CARDINAL_ISA_GENERIC, CARDINAL_NEEDS_GENERIC, cardinal_move_f32_generic},
};
const size_t cardinal_mover_count = sizeof cardinal_movers / sizeof cardinal_movers[0];
