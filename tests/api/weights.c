/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed weights: shared by plans, saved to files, mapped again; and files that must be refused. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cardinal/cardinal.h>

enum {
  CHANNELS = 24,
  GROUPS = 6,
  WEIGHTS = CHANNELS * (CHANNELS / GROUPS) * 9,
  MOST_FLOATS = 3 * 32 * 11 * 11
};

static cardinal_context *context;
static float weights[WEIGHTS], bias[CHANNELS], x[MOST_FLOATS];
static char folder[] = "/tmp/cardinal-weights-XXXXXX", path[64];

static cardinal_conv_desc conv(int64_t batch, int64_t size) {
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.batch = batch;
  d.in_channels = d.out_channels = CHANNELS;
  d.groups = GROUPS;
  d.in_height = d.in_width = size;
  d.kernel_height = d.kernel_width = 3;
  d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = 1;
  d.has_bias = 1;
  return d;
}

static cardinal_context *make_context(const char *isa) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = isa;
  cardinal_context *made = NULL;
  cardinal_context_create(&desc, &made, NULL);
  return made;
}

static void start(void) {
  context = make_context(NULL);
  cr_assert_not_null(context);
  for (size_t i = 0; i < WEIGHTS; ++i)
    weights[i] = (float)((int)(i * 37 % 101) - 50) / 64.0f;
  for (size_t i = 0; i < CHANNELS; ++i)
    bias[i] = (float)i;
  for (size_t i = 0; i < MOST_FLOATS; ++i)
    x[i] = (float)((int)(i * 53 % 97) - 48) / 32.0f;
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  cr_assert_not_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/conv.weights", folder);
}

/* Entries of the folder. */
static size_t files(void) {
  size_t count = 0;
  DIR *directory = opendir(folder);
  cr_assert_not_null(directory);
  for (struct dirent *entry; (entry = readdir(directory));)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

static void stop(void) {
  unlink(path);
  cr_expect_eq(files(), 0u, "files are left behind");
  rmdir(folder);
  cardinal_context_destroy(context);
}

TestSuite(weights, .init = start, .fini = stop);

static cardinal_conv_weights *pack(void) {
  const cardinal_conv_desc d = conv(1, 1);
  cardinal_conv_weights *made = NULL;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_weights_create(context, &d, weights, bias, &made, &error), CARDINAL_OK, "%s",
               error.message);
  return made;
}

static cardinal_conv_weights *map(void) {
  cardinal_conv_weights *made = NULL;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_weights_map(context, path, &made, &error), CARDINAL_OK, "%s", error.message);
  return made;
}

static void save(const cardinal_conv_weights *packed) {
  cardinal_error error;
  cr_assert_eq(cardinal_conv_weights_save(packed, path, &error), CARDINAL_OK, "%s", error.message);
}

static size_t run(cardinal_plan *plan, int64_t batch, int64_t size, float *y) {
  size_t floats;
  cardinal_error error;
  cr_assert_eq(cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, batch, CHANNELS, size, size, &floats), CARDINAL_OK);
  cr_assert_leq(floats, (size_t)MOST_FLOATS);
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
  memset(y, 0xFF, floats * sizeof *y);
  cr_assert_eq(cardinal_plan_run(plan, x, NULL, y, scratch, &error), CARDINAL_OK, "%s", error.message);
  free(scratch);
  return floats;
}

/* A plan that refers to `packed` gives the bits of one that packed the weights itself. */
static void expect_same_bits(const cardinal_context *of, const cardinal_conv_weights *packed, int64_t batch,
                             int64_t size) {
  static float own_y[MOST_FLOATS], shared_y[MOST_FLOATS];
  const cardinal_conv_desc d = conv(batch, size);
  cardinal_plan *own = NULL, *shared = NULL;
  cr_assert_eq(cardinal_conv_create(of, &d, weights, bias, &own, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_conv_create_packed(of, &d, packed, &shared, NULL), CARDINAL_OK);
  cr_expect_str_eq(cardinal_plan_kernel(own), cardinal_plan_kernel(shared));
  cr_expect_eq(cardinal_plan_weight_bytes(shared), cardinal_conv_weights_bytes(packed));
  const size_t floats = run(own, batch, size, own_y);
  run(shared, batch, size, shared_y);
  cr_expect_eq(memcmp(own_y, shared_y, floats * sizeof(float)), 0, "batch %d, size %d", (int)batch, (int)size);
  cardinal_plan_destroy(own);
  cardinal_plan_destroy(shared);
}

Test(weights, plans_share_them) {
  cardinal_conv_weights *packed = pack();
  for (int64_t batch = 1; batch <= 3; ++batch)
    for (int64_t size = 1; size <= 11; size += 5)
      expect_same_bits(context, packed, batch, size);
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) { /* and other contexts */
    cardinal_context *other = make_context(cardinal_isa_name((cardinal_isa)isa));
    if (other)
      expect_same_bits(other, packed, 2, 7);
    cardinal_context_destroy(other);
  }
  cardinal_conv_weights_destroy(packed);
  cardinal_conv_weights_destroy(NULL);
}

/* They live as long as the last plan, whoever is destroyed first. */
Test(weights, outlive_their_maker) {
  static float first[MOST_FLOATS], second[MOST_FLOATS];
  cardinal_conv_weights *packed = pack();
  const cardinal_conv_desc d = conv(1, 5);
  cardinal_plan *plans[2];
  for (int i = 0; i < 2; ++i)
    cr_assert_eq(cardinal_conv_create_packed(context, &d, packed, &plans[i], NULL), CARDINAL_OK);
  cardinal_conv_weights_destroy(packed);
  const size_t floats = run(plans[0], 1, 5, first);
  cardinal_plan_destroy(plans[0]);
  run(plans[1], 1, 5, second);
  cr_expect_eq(memcmp(first, second, floats * sizeof(float)), 0);
  cardinal_plan_destroy(plans[1]);
}

static void refuse(cardinal_conv_desc d, const cardinal_conv_weights *packed, const char *word) {
  cardinal_plan *plan = NULL;
  cardinal_error error = {.status = CARDINAL_OK};
  cr_expect_eq(cardinal_conv_create_packed(context, &d, packed, &plan, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(!plan && strstr(error.message, word), "'%s' doesn't say '%s'", error.message, word);
}

Test(weights, of_another_convolution_are_refused) {
  cardinal_conv_weights *packed = pack();
  cardinal_conv_desc d = conv(1, 5);
  d.in_channels = CHANNELS / 2;
  refuse(d, packed, "24 channels in");
  d = conv(1, 5);
  d.out_channels = 2 * CHANNELS;
  refuse(d, packed, "48");
  d = conv(1, 5);
  d.groups = GROUPS / 2;
  refuse(d, packed, "6 groups");
  d = conv(1, 5);
  d.kernel_height = 1;
  refuse(d, packed, "3x3 taps");
  d = conv(1, 5);
  d.kernel_width = 1;
  refuse(d, packed, "3x1");
  d = conv(1, 5);
  d.has_bias = 0;
  refuse(d, packed, "with bias");
  d = conv(1, 5);
  d.in_height = 0;
  refuse(d, packed, "in_height");
  refuse(conv(1, 5), NULL, "'weights'");
  cardinal_conv_weights_destroy(packed);
}

Test(weights, arguments) {
  cardinal_conv_desc d = conv(1, 1);
  cardinal_conv_weights *made = NULL;
  cardinal_error error;
  cr_expect_eq(cardinal_conv_weights_create(context, &d, weights, NULL, &made, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "has_bias"));
  cr_expect_eq(cardinal_conv_weights_create(context, &d, NULL, bias, &made, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect_eq(cardinal_conv_weights_create(NULL, &d, weights, bias, &made, &error), CARDINAL_INVALID_ARGUMENT);
  d.groups = 5;
  cr_expect_eq(cardinal_conv_weights_create(context, &d, weights, bias, &made, &error), CARDINAL_INVALID_ARGUMENT);
  d = conv(1, 1);
  d.kernel_height = d.kernel_width = d.in_channels = d.out_channels = 0x7FFFFFFF;
  d.groups = 1;
  cr_expect_eq(cardinal_conv_weights_create(context, &d, weights, bias, &made, &error), CARDINAL_OVERFLOW);
  cr_expect_null(made);
  d = conv(1, 1); /* what weights don't depend on isn't looked at */
  d.batch = d.in_height = d.stride_width = -1;
  cr_expect_eq(cardinal_conv_weights_create(context, &d, weights, bias, &made, &error), CARDINAL_OK);
  cardinal_conv_weights_destroy(made);
}

/* ---- files ---- */

Test(weights, come_back_from_a_file) {
  cardinal_conv_weights *packed = pack();
  const mode_t before = umask(027);
  save(packed);
  umask(before);
  struct stat about;
  cr_assert_eq(stat(path, &about), 0);
  cr_expect_eq(about.st_mode & 0777, 0640u, "the mode is %o", about.st_mode & 0777);
  cr_expect_eq((size_t)about.st_size, cardinal_conv_weights_bytes(packed) + 128);
  cardinal_conv_weights *mapped = map();
  expect_same_bits(context, mapped, 2, 6);
  save(mapped); /* over itself: the mapping stays what it was */
  expect_same_bits(context, mapped, 1, 11);
  cr_expect_eq(files(), 1u);
  cardinal_conv_weights_destroy(mapped);
  cardinal_conv_weights_destroy(packed);
}

static void refuse_file(cardinal_status status, const char *word) {
  cardinal_conv_weights *made = NULL;
  cardinal_error error = {.status = CARDINAL_OK};
  const cardinal_status found = cardinal_conv_weights_map(context, path, &made, &error);
  cr_expect(found == status && !made, "%s: status %d, expected %d (%s)", error.message, (int)found, (int)status, word);
  cr_expect(strstr(error.message, word) && strstr(error.message, path), "'%s' doesn't say '%s'", error.message, word);
}

static void rewrite(const unsigned char *bytes, size_t count) {
  FILE *file = fopen(path, "w");
  cr_assert(file && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

Test(weights, bad_files_are_refused) {
  cardinal_conv_weights *packed = pack();
  const size_t size = cardinal_conv_weights_bytes(packed) + 128;
  unsigned char *good = malloc(size + 1), *bad = malloc(size + 1);
  save(packed);
  FILE *file = fopen(path, "r");
  cr_assert(file && fread(good, 1, size, file) == size && fclose(file) == 0);
  good[size] = 0;

  /* any bit of any byte that is changed, in the header all, in the data some */
  for (size_t byte = 0; byte < size; byte += byte < 128 ? 1 : 61) {
    memcpy(bad, good, size);
    bad[byte] ^= (unsigned char)(1u << byte % 8);
    rewrite(bad, size);
    cardinal_conv_weights *made = NULL;
    cardinal_error error;
    cr_expect_eq(cardinal_conv_weights_map(context, path, &made, &error), CARDINAL_BAD_FILE, "byte %zu", byte);
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
  cardinal_conv_weights_destroy(map());

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

Test(weights, headers_that_lie_are_refused) {
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
  cardinal_conv_weights *packed = pack();
  const size_t size = cardinal_conv_weights_bytes(packed) + 128;
  unsigned char *good = malloc(size), *bad = malloc(size);
  save(packed);
  FILE *file = fopen(path, "r");
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

static void *allocate_some(void *user, size_t bytes, size_t alignment) {
  size_t *left = user;
  void *memory = NULL;
  return *left && (--*left, posix_memalign(&memory, alignment, bytes) == 0) ? memory : NULL;
}

static void free_some(void *user, void *memory, size_t bytes) {
  (void)user;
  (void)bytes;
  free(memory);
}

/* Each allocation fails in turn; then nothing is made, and what was made before still works. */
Test(weights, memory_may_fail) {
  size_t left = 100;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.allocate = allocate_some;
  desc.deallocate = free_some;
  desc.allocator_user = &left;
  cardinal_context *poor;
  cr_assert_eq(cardinal_context_create(&desc, &poor, NULL), CARDINAL_OK);
  const cardinal_conv_desc d = conv(1, 5);
  cardinal_conv_weights *made = NULL, *packed = pack();
  cardinal_plan *plan = NULL;
  save(packed);
  for (size_t granted = 0; granted < 2; ++granted) {
    left = granted;
    cr_expect_eq(cardinal_conv_weights_create(poor, &d, weights, bias, &made, NULL), CARDINAL_OUT_OF_MEMORY);
  }
  for (size_t granted = 0; granted < 3; ++granted) {
    left = granted;
    cr_expect_eq(cardinal_conv_create(poor, &d, weights, bias, &plan, NULL), CARDINAL_OUT_OF_MEMORY);
  }
  left = 0;
  cr_expect_eq(cardinal_conv_weights_map(poor, path, &made, NULL), CARDINAL_OUT_OF_MEMORY);
  cr_expect_eq(cardinal_conv_create_packed(poor, &d, packed, &plan, NULL), CARDINAL_OUT_OF_MEMORY);
  cr_expect(!made && !plan);
  left = 2;
  cr_assert_eq(cardinal_conv_weights_map(poor, path, &made, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_conv_create_packed(poor, &d, made, &plan, NULL), CARDINAL_OK);
  cr_expect_eq(left, 0u);
  cardinal_plan_destroy(plan);
  cardinal_conv_weights_destroy(made);
  expect_same_bits(context, packed, 1, 5); /* nothing that failed let go of what it didn't hold */
  cardinal_conv_weights_destroy(packed);
  cardinal_context_destroy(poor);
}

Test(weights, no_files) {
  refuse_file(CARDINAL_IO_ERROR, "No such file");
  cr_assert_eq(mkdir(path, 0700), 0);
  refuse_file(CARDINAL_IO_ERROR, "not a regular file");
  cardinal_conv_weights *packed = pack();
  cardinal_error error;
  cr_expect_eq(cardinal_conv_weights_save(packed, path, &error), CARDINAL_IO_ERROR);
  cr_expect(strstr(error.message, "directory"), "%s", error.message);
  cr_expect_eq(files(), 1u, "the failed write left a file");
  rmdir(path);
  cr_assert_eq(mkfifo(path, 0600), 0);
  refuse_file(CARDINAL_IO_ERROR, "not a regular file"); /* and doesn't wait for a writer */
  cr_expect_eq(cardinal_conv_weights_save(packed, "/no/such/folder/file", &error), CARDINAL_IO_ERROR);
  cr_expect_eq(cardinal_conv_weights_save(packed, "/dev/full/file", &error), CARDINAL_IO_ERROR);
  cr_expect_eq(cardinal_conv_weights_save(NULL, path, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect_eq(cardinal_conv_weights_save(packed, NULL, &error), CARDINAL_INVALID_ARGUMENT);
  cardinal_conv_weights_destroy(packed);
}
