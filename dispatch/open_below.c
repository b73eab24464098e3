/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/open_below.h"

#include <stdarg.h>
#include <string.h>

FILE *cardinal_open_below(const char *root, const char *format, ...) {
  char path[4096];
  const size_t used = strlen(root);
  if (used >= sizeof path)
    return NULL;
  memcpy(path, root, used);
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(path + used, sizeof path - used, format, arguments);
  va_end(arguments);
  return length >= 0 && (size_t)length < sizeof path - used ? fopen(path, "re") : NULL;
}
