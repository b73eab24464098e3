/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Public structs across releases. A struct only grows, at its end, and begins with `struct_size`, the size that the
 * caller's header gives it. The size that it had in its first release is the least that is accepted.
 */
#ifndef CARDINAL_OPS_ABI_H
#define CARDINAL_OPS_ABI_H

#include <stddef.h>
#include <string.h>

#include <cardinal/cardinal.h>

/* A public struct's name, this library's size of it and its first release's. */
typedef struct cardinal_struct {
  const char *name;
  size_t known, least;
} cardinal_struct;

#define CARDINAL_STRUCT(type, least)                                                                                   \
  { #type, sizeof(type), (least) }

/* The first releases' sizes: never to be changed. */
enum {
  CARDINAL_CONTEXT_DESC_LEAST = 64,
  CARDINAL_CONV_DESC_LEAST = 160,
  CARDINAL_POOL_DESC_LEAST = 112
};

/* Takes a caller's struct: copies what both know into `to`, which holds the defaults. `function` names the public
 * function in messages. Errors: `from` is NULL, it is shorter than the first release's, or longer than this library's
 * with something other than zeros past what this library knows. */
cardinal_status cardinal_struct_take(const char *function, const cardinal_struct *type, void *to, const void *from,
                                     cardinal_error *error);

/* Fills a caller's struct of `size` bytes from this library's, which has `known`: its first bytes, then zeros past what
 * this library knows, then struct_size = size. Writes nothing past `size` bytes. */
static inline void cardinal_struct_give(void *to, size_t size, const void *from, size_t known) {
  const uint32_t struct_size = (uint32_t)size;
  const size_t common = size < known ? size : known;
  memcpy(to, from, common);
  memset((char *)to + common, 0, size - common);
  memcpy(to, &struct_size, size < sizeof struct_size ? size : sizeof struct_size);
}

#endif
