/* SPDX-License-Identifier: BSD-3-Clause */
/* Many problems at once: files of them, and sweeps. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gauntlet/problems.h"

static void expect_problems(gauntlet_problems *found, const char *const *expected, size_t count) {
  cr_assert_eq(found->count, count, "%zu problems, expected %zu", found->count, count);
  for (size_t i = 0; i < count; ++i) {
    char text[GAUNTLET_DESCRIPTOR_BYTES];
    cr_expect_str_eq(gauntlet_describe(&found->problem[i], text), expected[i]);
  }
  free(found->problem);
}

Test(problems, a_sweep_has_all_combinations_the_last_list_first) {
  gauntlet_problems found = {.problem = NULL};
  cardinal_error error = {0};
  cr_assert(gauntlet_problems_add_sweep(&found, "conv g1,8 w4,16 i7,14 k3 p1 relu", &error), "%s", error.message);
  static const char *const expected[] = {"conv ic4 oc4 i7 k3 p1 relu",        "conv ic4 oc4 i14 k3 p1 relu",
                                         "conv ic16 oc16 i7 k3 p1 relu",      "conv ic16 oc16 i14 k3 p1 relu",
                                         "conv g8 ic32 oc32 i7 k3 p1 relu",   "conv g8 ic32 oc32 i14 k3 p1 relu",
                                         "conv g8 ic128 oc128 i7 k3 p1 relu", "conv g8 ic128 oc128 i14 k3 p1 relu"};
  expect_problems(&found, expected, sizeof expected / sizeof *expected);
}

Test(problems, a_sweep_without_lists_is_one_descriptor) {
  gauntlet_problems found = {.problem = NULL};
  static const char *const expected[] = {"conv g2 ic4 oc6 i7 x:nchw", "maxpool c8 i9 k3 s2"};
  cr_assert(gauntlet_problems_add_sweep(&found, "conv_g2_ic4_oc6_i7_x:nchw", NULL));
  cr_assert(gauntlet_problems_add_sweep(&found, "maxpool c8 i9 k3 s2", NULL));
  expect_problems(&found, expected, 2);
}

Test(problems, bad_sweeps_are_refused_with_what_is_wrong) {
  static const char *const pairs[][2] = {
      {"conv g1, w4 i7", "'g': expected whole numbers with commas between, found \"\""},
      {"conv g1,x w4 i7", "found \"x\""},
      {"conv g1 w4,,8 i7", "'w': expected whole numbers"},
      {"conv g3 ic4,6 oc6 i7", "'conv g3 ic4 oc6 i7 '"}, /* 3 groups of 4 channels */
      {"conv w4 ic4 i7", "'ic4': given twice"},
      {"conv g1000001 w1 i7", "at most 1000000"},
      {"conv w1,2,3,4,5,6,7,8,9,10,11 g1,2,3,4,5,6,7,8,9,10 i1,2,3,4,5,6,7,8,9,10", "more than 1000 problems"},
      {"", "empty"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; ++i) {
    gauntlet_problems found = {.problem = NULL};
    cardinal_error error = {0};
    cr_expect_not(gauntlet_problems_add_sweep(&found, pairs[i][0], &error), "'%s' was accepted", pairs[i][0]);
    cr_expect(strstr(error.message, pairs[i][1]) != NULL, "'%s': %s", pairs[i][0], error.message);
    free(found.problem);
  }
}

/* A file with this content is read; its error's status and message. */
static cardinal_error read_file(const char *content, gauntlet_problems *found) {
  char path[] = "/tmp/cardinal-problems-XXXXXX";
  const int descriptor = mkstemp(path);
  cr_assert(descriptor >= 0);
  cr_assert_eq(write(descriptor, content, strlen(content)), (ssize_t)strlen(content));
  close(descriptor);
  cardinal_error error = {.status = CARDINAL_OK};
  cr_expect_eq(gauntlet_problems_add_file(found, path, &error), error.status == CARDINAL_OK);
  unlink(path);
  return error;
}

Test(problems, files_have_one_a_line) {
  gauntlet_problems found = {.problem = NULL};
  static const char *const expected[] = {"avgpool c16 i7", "conv ic3 oc7 i9"};
  const cardinal_error error = read_file("# head\n\n  avgpool c16 i7 # foot\n \t\nconv ic3 oc7 i9", &found);
  cr_assert_eq(error.status, CARDINAL_OK, "%s", error.message);
  expect_problems(&found, expected, 2);
}

Test(problems, bad_files_are_refused) {
  gauntlet_problems found = {.problem = NULL};
  cardinal_error error = read_file("avgpool c16 i7\nconv ic3\n", &found);
  cr_expect_eq(error.status, CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, ", line 2: ") != NULL, "%s", error.message);
  error = read_file("# nothing\n", &found);
  cr_expect_eq(error.status, CARDINAL_BAD_FILE);
  cr_expect(strstr(error.message, "holds no problem") != NULL, "%s", error.message);
  cr_expect_not(gauntlet_problems_add_file(&found, "/no/such/file", &error));
  cr_expect_eq(error.status, CARDINAL_BAD_FILE);
  free(found.problem);
}
