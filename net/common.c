/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/common.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void cardinal_net_explain(cardinal_error *error, cardinal_status status, const char *format, ...) {
  if (error) {
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    /* They mustn't steer the terminal that shows the message. U+0080 to U+009F, C2 80 to C2 9F in UTF-8, do, too. */
    for (unsigned char *c = (unsigned char *)error->message; *c; c++)
      if (*c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0))
        *c = '?';
  }
}

static uint32_t struct_size_of(const void *from) {
  uint32_t size;
  memcpy(&size, from, sizeof size);
  return size;
}

cardinal_status cardinal_net_check_room(const void *to, size_t least, const char *what, cardinal_error *error) {
  if (!to)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s is NULL", what);
  if (struct_size_of(to) < least)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "%s has struct_size %u, expected at least %zu; its init function sets it", what,
                             struct_size_of(to), least);
  return CARDINAL_OK;
}

cardinal_status cardinal_net_take(void *to, size_t known, size_t least, const void *from, const char *what,
                                  cardinal_error *error) {
  cardinal_status status = cardinal_net_check_room(from, least, what, error);
  if (status)
    return status;
  uint32_t size = struct_size_of(from);
  const unsigned char *bytes = from;
  for (size_t i = known; i < size; i++)
    if (bytes[i])
      return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                               "%s is from a newer header and sets a field that this library doesn't know", what);
  memcpy(to, from, size < known ? size : known);
  return CARDINAL_OK;
}

void cardinal_net_give(void *to, const void *from, size_t known) {
  uint32_t size = struct_size_of(to);
  size_t common = size < known ? size : known;
  memcpy(to, from, common);
  memset((char *)to + common, 0, size - common);
  memcpy(to, &size, sizeof size);
}
