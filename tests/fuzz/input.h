/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fuzz targets share: decisions taken from the input's bytes, files made of them, and giving up with a reason.
 */
#ifndef CARDINAL_TESTS_FUZZ_INPUT_H
#define CARDINAL_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include <cardinal/cardinal.h>

/* What each target defines; libFuzzer calls it, or tests/fuzz/replay.c with the files of a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The part of an input that nothing was decided by yet. */
typedef struct fuzz_input {
  const uint8_t *bytes;
  size_t size;
} fuzz_input;

/* A number from least to most, decided by the next byte, or by the next eight if one can't name them all; `least` where
 * the input is at its end. */
int64_t fuzz_between(fuzz_input *input, int64_t least, int64_t most);

/* A value of all 64 bits, from the next eight bytes; zeros past the input's end. */
uint64_t fuzz_u64(fuzz_input *input);

/* A struct of the input's own bytes, which begins with the size that it claims to have, in memory of exactly that size;
 * to be freed. */
void *fuzz_struct(fuzz_input *input);

/* The path of a file in memory that holds `size` bytes and then `zeros` zero bytes. Valid until the next call. */
const char *fuzz_file(const void *bytes, size_t size, size_t zeros);

/* A context of that ISA, number of tasks and serial or the library's own threads, kept until the process ends; NULL
 * where this CPU hasn't the ISA. */
const cardinal_context *fuzz_context(cardinal_isa isa, uint32_t threads, int serial);

/* Ends the process with a message, which libFuzzer reports together with the input. */
__attribute__((format(printf, 1, 2))) _Noreturn void fuzz_wrong(const char *format, ...);

/* Ends the process unless `error` is what a failed call must leave: the returned status and a sentence. */
void fuzz_check_error(cardinal_status status, const cardinal_error *error);

#endif
