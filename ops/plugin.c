/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for the message of a check. */
typedef struct complaint {
  char *message;
  size_t size;
} complaint;

__attribute__((format(printf, 2, 3))) static bool refuse(complaint to, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(to.message, to.size, format, arguments);
  va_end(arguments);
  return false;
}

/* Printable ASCII without spaces; at most the longest name. */
static bool name_is_good(const char *name) {
  if (!name)
    return false;
  size_t length = 0;
  for (; name[length]; ++length)
    if (length == CARDINAL_PLUGIN_NAME_LENGTH || name[length] <= ' ' || name[length] > '~')
      return false;
  return length > 0;
}

static bool check_kernel(const cardinal_plugin_kernel *k, size_t index, complaint to) {
  if (!k)
    return refuse(to, "kernel %zu of the list is NULL", index);
  if (k->struct_size < sizeof *k)
    return refuse(to, "kernel %zu: struct_size is %u, expected at least %zu", index, k->struct_size, sizeof *k);
  if (!name_is_good(k->name))
    return refuse(to, "kernel %zu: the name must be 1 to %d printable ASCII characters without spaces", index,
                  CARDINAL_PLUGIN_NAME_LENGTH);
  if (k->flags & ~(uint32_t)CARDINAL_PLUGIN_ROWS || k->reserved)
    return refuse(to, "kernel %s: unknown bits in flags (0x%x) or reserved (%u, expected 0)", k->name, k->flags,
                  k->reserved);
  if ((unsigned)k->operation > CARDINAL_PLUGIN_AVERAGE_POOL)
    return refuse(to, "kernel %s: operation is %d, not a cardinal_plugin_operation", k->name, (int)k->operation);
  if ((unsigned)k->format > CARDINAL_PLUGIN_INT8)
    return refuse(to, "kernel %s: format is %d, not a cardinal_plugin_format", k->name, (int)k->format);
  if ((unsigned)k->promise > CARDINAL_PLUGIN_BOUNDED)
    return refuse(to, "kernel %s: promise is %d, not a cardinal_plugin_promise", k->name, (int)k->promise);
  if ((unsigned)k->x_layout > CARDINAL_LAYOUT_NHWC || (unsigned)k->y_layout > CARDINAL_LAYOUT_NHWC)
    return refuse(to, "kernel %s: the layouts are %d and %d, not both a cardinal_layout", k->name, (int)k->x_layout,
                  (int)k->y_layout);
  if (!k->run)
    return refuse(to, "kernel %s: run is NULL", k->name);
  if (!k->pack != !k->packed_bytes)
    return refuse(to, "kernel %s: set both pack and packed_bytes, or neither", k->name);
  if (k->operation == CARDINAL_PLUGIN_CONV && !k->pack)
    return refuse(to, "kernel %s: a convolution needs pack and packed_bytes", k->name);
  return true;
}

bool cardinal_plugin_check(const cardinal_plugin *plugin, char *message, size_t size) {
  const complaint to = {message, size};
  if (!plugin)
    return refuse(to, "the list of kernels is NULL");
  if (plugin->abi != CARDINAL_PLUGIN_ABI)
    return refuse(to, "the list has version %u of the plug-in interface, expected %d", plugin->abi,
                  CARDINAL_PLUGIN_ABI);
  if (plugin->struct_size < sizeof *plugin)
    return refuse(to, "the list's struct_size is %u, expected at least %zu", plugin->struct_size, sizeof *plugin);
  if (!plugin->kernels || plugin->kernel_count == 0)
    return refuse(to, "the list has no kernels");
  for (size_t i = 0; i < plugin->kernel_count; ++i) {
    if (!check_kernel(plugin->kernels[i], i, to))
      return false;
    for (size_t j = 0; j < i; ++j)
      if (strcmp(plugin->kernels[i]->name, plugin->kernels[j]->name) == 0)
        return refuse(to, "two kernels of the list are called %s", plugin->kernels[i]->name);
  }
  return true;
}
