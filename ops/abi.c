/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/abi.h"

#include "ops/error.h"

/* What was released stays where it was: the last field of each first release ends it, and fields keep their places. */
#define ENDS(type, field, least)                                                                                       \
  _Static_assert(offsetof(type, field) + sizeof((type){0}.field) == (least), #type "." #field " has moved")
#define STAYS(type, field, at) _Static_assert(offsetof(type, field) == (at), #type "." #field " has moved")

STAYS(cardinal_context_desc, struct_size, 0);
STAYS(cardinal_context_desc, flags, 4);
STAYS(cardinal_context_desc, isa, 8);
STAYS(cardinal_context_desc, threads, 16);
STAYS(cardinal_context_desc, parallel_for, 24);
STAYS(cardinal_context_desc, allocate, 40);
ENDS(cardinal_context_desc, allocator_user, CARDINAL_CONTEXT_DESC_LEAST);

STAYS(cardinal_conv_desc, struct_size, 0);
STAYS(cardinal_conv_desc, x_layout, 8);
STAYS(cardinal_conv_desc, batch, 16);
STAYS(cardinal_conv_desc, groups, 56);
STAYS(cardinal_conv_desc, kernel_height, 64);
STAYS(cardinal_conv_desc, stride_height, 80);
STAYS(cardinal_conv_desc, dilation_height, 96);
STAYS(cardinal_conv_desc, pad_top, 112);
STAYS(cardinal_conv_desc, has_bias, 144);
ENDS(cardinal_conv_desc, reserved2, CARDINAL_CONV_DESC_LEAST);

STAYS(cardinal_pool_desc, struct_size, 0);
STAYS(cardinal_pool_desc, kind, 4);
STAYS(cardinal_pool_desc, x_layout, 8);
STAYS(cardinal_pool_desc, batch, 16);
STAYS(cardinal_pool_desc, kernel_height, 48);
STAYS(cardinal_pool_desc, stride_height, 64);
STAYS(cardinal_pool_desc, pad_top, 80);
ENDS(cardinal_pool_desc, pad_right, CARDINAL_POOL_DESC_LEAST);

cardinal_status cardinal_struct_take(const char *function, const cardinal_struct *type, void *to, const void *from,
                                     cardinal_error *error) {
  uint32_t size;
  if (!from)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: 'desc' is NULL", function);
  memcpy(&size, from, sizeof size);
  if (size < type->least)
    return cardinal_fail(error, CARDINAL_INVALID_ARGUMENT,
                         "%s: struct_size is %u, expected at least %zu, the first %s (use its init function)", function,
                         size, type->least, type->name);
  const unsigned char *bytes = from;
  for (size_t i = type->known; i < size; ++i)
    if (bytes[i] != 0)
      return cardinal_fail(
          error, CARDINAL_INVALID_ARGUMENT,
          "%s: struct_size is %u, but this library knows %zu bytes of a %s: expected zeros in the rest, found "
          "another value in byte %zu",
          function, size, type->known, type->name, i);
  const uint32_t known = (uint32_t)type->known;
  memcpy(to, from, size < known ? size : known);
  memcpy(to, &known, sizeof known); /* of `to`, which may be taken again */
  return CARDINAL_OK;
}
