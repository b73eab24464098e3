/* SPDX-License-Identifier: BSD-3-Clause */
/* The header of a safetensors file. */
#ifndef CARDINAL_NET_SAFETENSORS_H
#define CARDINAL_NET_SAFETENSORS_H

#include <cardinal/cardinal.h>

#include "net/tensors.h"

/* Reads the header of an open file of `bytes` bytes into a sorted table with its metadata, after checking all of it.
 * Counters of training steps are left out; a prefix "module." that all names have, as PyTorch's DataParallel puts it
 * there, is taken off. */
cardinal_status cardinal_safetensors_read(const char *path, int descriptor, size_t bytes, cardinal_tensor_table *table,
                                          cardinal_error *error);

/* What stands in a file before the data: length and header, of *bytes bytes in all, memory from malloc; NULL without
 * memory. The tensors' `begin` and `end` count from the start of the data, which they must cover. */
char *cardinal_safetensors_header(const cardinal_tensor_table *table, size_t *bytes);

#endif /* CARDINAL_NET_SAFETENSORS_H */
