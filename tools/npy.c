/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/npy.h"

#include <stdio.h>
#include <string.h>

/* The format's version 1: magic, length of the rest of the header, a Python dict, padded to a multiple of 64 bytes. */
void npy_header(char header[NPY_HEADER_BYTES], size_t rows, size_t columns) {
  memset(header, ' ', NPY_HEADER_BYTES);
  memcpy(header, "\x93NUMPY\x01\x00", 8);
  header[8] = NPY_HEADER_BYTES - 10;
  header[9] = 0;
  char dict[NPY_HEADER_BYTES - 10];
  int used =
      snprintf(dict, sizeof dict, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
  memcpy(header + 10, dict, (size_t)used);
  header[NPY_HEADER_BYTES - 1] = '\n';
}
