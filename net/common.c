/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

cardinal_status cardinal_net_fail(cardinal_error *error, cardinal_status status, const char *format, ...) {
  if (error) {
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    /* Names out of files get here too; they mustn't steer the terminal that shows the message. */
    for (char *c = error->message; *c; c++)
      if ((unsigned char)*c < 0x20 || *c == 0x7F)
        *c = '?';
  }
  return status;
}

cardinal_status cardinal_net_copy_desc(void *to, size_t known, const void *from, const char *what,
                                       cardinal_error *error) {
  uint32_t size;
  if (!from)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s is NULL", what);
  memcpy(&size, from, sizeof size);
  if (size < sizeof size)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "%s has struct_size %u; fill it with the function that makes it first", what, size);
  const unsigned char *bytes = from;
  for (size_t i = known; i < size; i++)
    if (bytes[i])
      return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                               "%s is from a newer header and sets a field that this library doesn't know", what);
  memcpy(to, from, size < known ? size : known);
  return CARDINAL_OK;
}
