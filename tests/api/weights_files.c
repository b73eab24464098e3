/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed weights in files: saved, mapped again; and files that must be refused. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/api/packed.h"

TestSuite(weights_files, .init = packed_start, .fini = packed_stop);

Test(weights_files, come_back_from_a_file) {
  cardinal_conv_weights *packed = packed_make();
  const mode_t before = umask(027);
  packed_save(packed);
  umask(before);
  struct stat about;
  cr_assert_eq(stat(packed_path, &about), 0);
  cr_expect_eq(about.st_mode & 0777, 0640u, "the mode is %o", about.st_mode & 0777);
  cr_expect_eq((size_t)about.st_size, cardinal_conv_weights_bytes(packed) + 128);
  cardinal_conv_weights *mapped = packed_map();
  packed_expect_same_bits(packed_context, mapped, 2, 6);
  packed_save(mapped); /* over itself: the mapping stays what it was */
  packed_expect_same_bits(packed_context, mapped, 1, 11);
  cr_expect_eq(packed_files(), 1u);
  cardinal_conv_weights_destroy(mapped);
  cardinal_conv_weights_destroy(packed);
}

static void refuse_file(cardinal_status status, const char *word) {
  cardinal_conv_weights *made = NULL;
  cardinal_error error = {.status = CARDINAL_OK};
  const cardinal_status found = cardinal_conv_weights_map(packed_context, packed_path, &made, &error);
  cr_expect(found == status && !made, "%s: status %d, expected %d (%s)", error.message, (int)found, (int)status, word);
  cr_expect(strstr(error.message, word) && strstr(error.message, packed_path), "'%s' doesn't say '%s'", error.message,
            word);
}

static void rewrite(const unsigned char *bytes, size_t count) {
  FILE *file = fopen(packed_path, "w");
  cr_assert(file && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

Test(weights_files, bad_files_are_refused) {
  cardinal_conv_weights *packed = packed_make();
  const size_t size = cardinal_conv_weights_bytes(packed) + 128;
  unsigned char *good = malloc(size + 1), *bad = malloc(size + 1);
  packed_save(packed);
  FILE *file = fopen(packed_path, "r");
  cr_assert(file && fread(good, 1, size, file) == size && fclose(file) == 0);
  good[size] = 0;

  /* any bit of any byte that is changed, in the header all, in the data some */
  for (size_t byte = 0; byte < size; byte += byte < 128 ? 1 : 61) {
    memcpy(bad, good, size);
    bad[byte] ^= (unsigned char)(1u << byte % 8);
    rewrite(bad, size);
    cardinal_conv_weights *made = NULL;
    cardinal_error error;
    cr_expect_eq(cardinal_conv_weights_map(packed_context, packed_path, &made, &error), CARDINAL_BAD_FILE, "byte %zu",
                 byte);
    cr_expect_null(made);
  }
  /* any length but the right one */
  for (size_t length = 0; length <= size + 1; length += length < 140 || length >= size - 2 ? 1 : size / 7)
    if (length != size) {
      rewrite(good, length);
      refuse_file(CARDINAL_BAD_FILE, "bytes");
    }
  rewrite((const unsigned char *)"", 0);
  refuse_file(CARDINAL_BAD_FILE, "0 bytes");

  memcpy(bad, good, size);
  memcpy(bad + 8, "\1\2\3\4", 4);
  rewrite(bad, size);
  refuse_file(CARDINAL_BAD_FILE, "byte order");
  memcpy(bad, good, size);
  bad[12] = 2;
  rewrite(bad, size);
  refuse_file(CARDINAL_BAD_FILE, "another version");
  memcpy(bad, good, size);
  bad[0] = 'X';
  rewrite(bad, size);
  refuse_file(CARDINAL_BAD_FILE, "isn't a file of packed weights");
  memcpy(bad, good, size);
  bad[size - 1] ^= 64;
  rewrite(bad, size);
  refuse_file(CARDINAL_BAD_FILE, "weights are damaged");
  rewrite(good, size);
  cardinal_conv_weights_destroy(packed_map());

  free(good);
  free(bad);
  cardinal_conv_weights_destroy(packed);
}

/* The header's checksum, so that what else is wrong with a header comes to light. */
static void seal(unsigned char *header) {
  uint64_t sum = UINT64_C(0xCBF29CE484222325), word;
  for (size_t i = 0; i < 96; i += sizeof word) {
    memcpy(&word, header + i, sizeof word);
    sum = (sum ^ word) * UINT64_C(0x100000001B3);
    sum ^= sum >> 32;
  }
  sum = (sum ^ 96) * UINT64_C(0x100000001B3);
  memcpy(header + 96, &sum, sizeof sum);
}

Test(weights_files, headers_that_lie_are_refused) {
  static const struct {
    size_t at;
    uint64_t value;
    size_t bytes;
    const char *word;
  } lies[] = {{16, 2, 4, "another layout"},
              {24, 8, 4, "another layout"},
              {20, 3, 4, "number format"},
              {28, 2, 4, "doesn't know"},
              {104, 1, 8, "doesn't know"},
              {120, UINT64_C(1) << 63, 8, "doesn't know"},
              {32, 0, 8, "a dimension is 0"},
              {40, UINT64_C(1) << 40, 8, "a dimension is"},
              {64, UINT64_MAX, 8, "a dimension is"},
              {48, 5, 8, "don't go with its shape"},
              {32, 0x7FFFFFFF, 8, "don't go with its shape"},
              {72, 0, 8, "don't go with its shape"},
              {80, 4, 8, "don't go with its shape"},
              {88, 1, 8, "damaged"}};
  cardinal_conv_weights *packed = packed_make();
  const size_t size = cardinal_conv_weights_bytes(packed) + 128;
  unsigned char *good = malloc(size), *bad = malloc(size);
  packed_save(packed);
  FILE *file = fopen(packed_path, "r");
  cr_assert(file && fread(good, 1, size, file) == size && fclose(file) == 0);
  for (size_t i = 0; i < sizeof lies / sizeof lies[0]; ++i) {
    memcpy(bad, good, size);
    seal(bad);
    cr_assert_eq(memcmp(bad, good, size), 0, "the test's checksum isn't the library's");
    memcpy(bad + lies[i].at, &lies[i].value, lies[i].bytes);
    seal(bad);
    rewrite(bad, size);
    refuse_file(CARDINAL_BAD_FILE, lies[i].word);
  }
  free(good);
  free(bad);
  cardinal_conv_weights_destroy(packed);
}

Test(weights_files, no_files) {
  refuse_file(CARDINAL_IO_ERROR, "No such file");
  cr_assert_eq(mkdir(packed_path, 0700), 0);
  refuse_file(CARDINAL_IO_ERROR, "not a regular file");
  cardinal_conv_weights *packed = packed_make();
  cardinal_error error;
  cr_expect_eq(cardinal_conv_weights_save(packed, packed_path, &error), CARDINAL_IO_ERROR);
  cr_expect(strstr(error.message, "directory"), "%s", error.message);
  cr_expect_eq(packed_files(), 1u, "the failed write left a file");
  rmdir(packed_path);
  cr_assert_eq(mkfifo(packed_path, 0600), 0);
  refuse_file(CARDINAL_IO_ERROR, "not a regular file"); /* and doesn't wait for a writer */
  cr_expect_eq(cardinal_conv_weights_save(packed, "/no/such/folder/file", &error), CARDINAL_IO_ERROR);
  cr_expect_eq(cardinal_conv_weights_save(packed, "/dev/full/file", &error), CARDINAL_IO_ERROR);
  cr_expect_eq(cardinal_conv_weights_save(NULL, packed_path, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect_eq(cardinal_conv_weights_save(packed, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cardinal_conv_weights_destroy(packed);
}
