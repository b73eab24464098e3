/* SPDX-License-Identifier: BSD-3-Clause */
/* Shorter formats to float: every value of each is a float, so nothing is ever rounded, whatever the floating-point
 * modes of the caller. `from` needs no alignment. */
#ifndef CARDINAL_NET_CONVERT_H
#define CARDINAL_NET_CONVERT_H

#include <stddef.h>

void cardinal_convert_f16(const unsigned char *from, float *to, size_t count);
void cardinal_convert_bf16(const unsigned char *from, float *to, size_t count);
void cardinal_convert_i8(const unsigned char *from, float *to, size_t count);

#endif /* CARDINAL_NET_CONVERT_H */
