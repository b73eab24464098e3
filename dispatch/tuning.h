/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tuning files: which kernel was the fastest for which convolution on one machine. docs/tuning.md has the format; what
 * reads and what writes it stands here, so that nobody else knows it.
 */
#ifndef CARDINAL_DISPATCH_TUNING_H
#define CARDINAL_DISPATCH_TUNING_H

#include <stdbool.h>
#include <stddef.h>

#include "dispatch/cpu.h"
#include "kernels/registry.h"

/* One shape and its kernel. */
typedef struct cardinal_tuned {
  cardinal_shape shape;
  const cardinal_kernel *kernel;
} cardinal_tuned;

enum {
  CARDINAL_TUNING_SHAPES = 1 << 16,   /* that a file may hold, at most */
  CARDINAL_TUNING_LINE_BYTES = 512,   /* of any line that cardinal_tuning_line writes */
  CARDINAL_TUNING_HEADER_BYTES = 256, /* of any header */
  CARDINAL_TUNING_REASON_BYTES = 320  /* enough for any reason */
};

/* Where the text of a tuning file is read. */
typedef struct cardinal_tuning_reader {
  const char *at, *next;                     /* in the current line, and where the following one begins */
  size_t line;                               /* the number of the current one, from 1 */
  size_t version;                            /* of the file's format */
  char reason[CARDINAL_TUNING_REASON_BYTES]; /* after a function has returned false: why the file is of no use */
} cardinal_tuning_reader;

/* Begins to read a text that ends in NUL; tells how many shapes it has. False if it is no tuning file of a version of
 * the format that is known and of this one of the library, or was made on another CPU. */
bool cardinal_tuning_open(cardinal_tuning_reader *reader, const char *text, const cardinal_cpu_features *cpu,
                          size_t *count);

/* Reads the shapes, `count` of them; false if there aren't as many, or one of them makes no sense. */
bool cardinal_tuning_read(cardinal_tuning_reader *reader, cardinal_tuned *rows, size_t count);

/* The kernel of the first row for a convolution's shape; NULL if there is none. */
const cardinal_kernel *cardinal_tuning_find(const cardinal_tuned *rows, size_t count, const cardinal_shape *shape);

/* Whether two convolutions are one to tuning: all sizes, the number format and the layout of x are
 * the same. */
bool cardinal_tuning_same(const cardinal_shape *a, const cardinal_shape *b);

/* Write the head of a file of `count` shapes, and the line of one; both end in a newline. Behind the kernel's name,
 * what follows a # is a comment, and may be changed. */
void cardinal_tuning_header(char text[CARDINAL_TUNING_HEADER_BYTES], const cardinal_cpu_features *cpu, size_t count);
void cardinal_tuning_line(char text[CARDINAL_TUNING_LINE_BYTES], const cardinal_tuned *row);

#endif
