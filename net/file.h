/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading files. Their content is copied, never mapped: a file that somebody cuts short in the meantime is an error
 * here, where a mapping would raise SIGBUS in whatever program the library is part of. */
#ifndef CARDINAL_NET_FILE_H
#define CARDINAL_NET_FILE_H

#include <stddef.h>

#include <cardinal/cardinal.h>

/* Opens a regular file for cardinal_file_read_at; anything else is refused without waiting for it. `*size` is its size
 * now. */
cardinal_status cardinal_file_open(const char *path, int *descriptor, size_t *size, cardinal_error *error);
void cardinal_file_close(int descriptor);

/* Reads exactly `bytes` bytes from `offset` on. Any number of threads may do so at once. Errors: the file has become
 * shorter, or can't be read. */
cardinal_status cardinal_file_read_at(int descriptor, const char *path, size_t offset, void *to, size_t bytes,
                                      cardinal_error *error);

/* Reads a whole file, which may be a pipe, into memory from malloc. Errors: it has more than `most` bytes. */
cardinal_status cardinal_file_read_all(const char *path, size_t most, unsigned char **bytes, size_t *size,
                                       cardinal_error *error);

#endif /* CARDINAL_NET_FILE_H */
