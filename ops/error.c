/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/error.h"

#include <stdarg.h>
#include <stdio.h>

const char *cardinal_version(void) {
  return CARDINAL_VERSION_STRING;
}

uint32_t cardinal_api_version(void) {
  return CARDINAL_API_VERSION;
}

const char *cardinal_status_string(cardinal_status status) {
  switch (status) {
  case CARDINAL_OK:
    return "success";
  case CARDINAL_INVALID_ARGUMENT:
    return "invalid argument";
  case CARDINAL_UNSUPPORTED:
    return "not supported here";
  case CARDINAL_OUT_OF_MEMORY:
    return "out of memory";
  case CARDINAL_OVERFLOW:
    return "size overflow";
  case CARDINAL_IO_ERROR:
    return "input/output error";
  case CARDINAL_BAD_FILE:
    return "bad file";
  }
  return "unknown status";
}

void cardinal_explain(cardinal_error *error, cardinal_status status, const char *format, ...) {
  if (error) {
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
}
