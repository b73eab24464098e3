/* SPDX-License-Identifier: BSD-3-Clause */
/* A C program on the core library: the bits are right, however it was built and linked. */
#include "checksum.h"

int main(void) {
  return checksum() == CHECKSUM_EXPECTED ? EXIT_SUCCESS : EXIT_FAILURE;
}
