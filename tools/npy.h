/* SPDX-License-Identifier: BSD-3-Clause */
/* NumPy's .npy format, for matrices of float32. */
#ifndef CARDINAL_TOOLS_NPY_H
#define CARDINAL_TOOLS_NPY_H

#include <stddef.h>

enum {
  NPY_HEADER_BYTES = 128
};

/* What stands in the file before rows x columns values, which follow row by row, little-endian. */
void npy_header(char header[NPY_HEADER_BYTES], size_t rows, size_t columns);

#endif
