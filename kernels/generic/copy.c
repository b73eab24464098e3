/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of whole blocks in portable C. */
#include <string.h>

#include "kernels/copy_blocks.h"

/* A constant number of bytes makes memcpy a few moves. */
CARDINAL_INLINE void copy_block(char *to, const char *from, size_t bytes) {
  memcpy(to, from, bytes);
}

void cardinal_copy_generic(const cardinal_copy_args *args) {
  cardinal_copy_blocks(args, copy_block);
}
