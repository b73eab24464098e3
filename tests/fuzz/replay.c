/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzz target once on each of the named files, without libFuzzer: what its corpus shows is tested in every
 * build. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/input.h"

/* The whole file, in memory of exactly its size, so that sanitizers see what is read past it. */
static uint8_t *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END))
    return NULL;
  *size = (size_t)ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(*size ? *size : 1);
  if (bytes && fread(bytes, 1, *size, file) != *size) {
    free(bytes);
    bytes = NULL;
  }
  fclose(file);
  return bytes;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    size_t size;
    uint8_t *bytes = read_file(argv[i], &size);
    if (!bytes) {
      perror(argv[i]);
      return EXIT_FAILURE;
    }
    fprintf(stderr, "%s\n", argv[i]); /* the last one named is the one that crashed */
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
  }
  printf("%d inputs\n", argc - 1);
  return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
