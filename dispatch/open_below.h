/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_DISPATCH_OPEN_BELOW_H
#define CARDINAL_DISPATCH_OPEN_BELOW_H

#include <stdio.h>

/* Opens the file, for reading, that root and a path, as printf would write it, name together; NULL if it can't be read.
 */
__attribute__((format(printf, 2, 3))) FILE *cardinal_open_below(const char *root, const char *format, ...);

#endif
