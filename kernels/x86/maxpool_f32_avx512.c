/* SPDX-License-Identifier: BSD-3-Clause */
/* Max pooling. */
#include "kernels/maxpool.h"
#include "kernels/x86/avx512.h"

/* max(x, m) is x > m ? x : m, so equal values and zeros keep the earlier tap and a NaN in m sticks, but a NaN in x is
 * lost: those lanes are noted and end as NaN. */
CARDINAL_INLINE void pixel(void *y, cardinal_pool_taps taps, const void *lanes) {
  __m512 m = _mm512_loadu_ps(taps.x);
  __mmask16 nan = 0;
  for (size_t ky = 0; ky < taps.rows; ++ky) {
    for (size_t kx = 0; kx < taps.columns; ++kx) {
      const __m512 tap = _mm512_loadu_ps(taps.x + ky * taps.x_row + kx * sizeof m);
      nan |= _mm512_cmp_ps_mask(tap, tap, _CMP_UNORD_Q);
      m = _mm512_max_ps(tap, m);
    }
  }
  m = _mm512_mask_mov_ps(m, nan, _mm512_set1_ps(__builtin_nanf("")));
  _mm512_storeu_ps(y, _mm512_maskz_mov_ps(*(const __mmask16 *)lanes, m));
}

void cardinal_maxpool_f32_avx512(const cardinal_pool_args *a) {
  const __mmask16 lanes = (__mmask16)a->lane_mask;
  cardinal_max_pool(a, CARDINAL_FORMAT_F32, pixel, &lanes);
}
