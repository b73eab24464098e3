/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/open_below.h"

#include <stdarg.h>

FILE *cardinal_open_below(const char *root, const char *format, ...) {
  char path[4096];
  const int root_length = snprintf(path, sizeof path, "%s", root);
  if (root_length < 0 || (size_t)root_length >= sizeof path)
    return NULL;
  const size_t used = (size_t)root_length;
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(path + used, sizeof path - used, format, arguments);
  va_end(arguments);
  return length >= 0 && (size_t)length < sizeof path - used ? fopen(path, "re") : NULL;
}
