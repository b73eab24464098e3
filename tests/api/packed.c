/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tests/api/packed.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

cardinal_context *packed_context;
float packed_weights[PACKED_WEIGHTS], packed_bias[PACKED_CHANNELS];
char packed_path[64];

static float x[PACKED_MOST_FLOATS];
static char folder[] = "/tmp/cardinal-weights-XXXXXX";

cardinal_conv_desc packed_conv(int64_t batch, int64_t size) {
  cardinal_conv_desc d;
  cardinal_conv_desc_init(&d);
  d.batch = batch;
  d.in_channels = d.out_channels = PACKED_CHANNELS;
  d.groups = PACKED_GROUPS;
  d.in_height = d.in_width = size;
  d.kernel_height = d.kernel_width = 3;
  d.pad_top = d.pad_left = d.pad_bottom = d.pad_right = 1;
  d.has_bias = 1;
  return d;
}

cardinal_context *packed_make_context(const char *isa) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.isa = isa;
  cardinal_context *made = NULL;
  cardinal_context_create(&desc, &made, NULL);
  return made;
}

void packed_start(void) {
  packed_context = packed_make_context(NULL);
  cr_assert_not_null(packed_context);
  for (size_t i = 0; i < PACKED_WEIGHTS; ++i)
    packed_weights[i] = (float)((int)(i * 37 % 101) - 50) / 64.0f;
  for (size_t i = 0; i < PACKED_CHANNELS; ++i)
    packed_bias[i] = (float)i;
  for (size_t i = 0; i < PACKED_MOST_FLOATS; ++i)
    x[i] = (float)((int)(i * 53 % 97) - 48) / 32.0f;
  strcpy(folder + strlen(folder) - 6, "XXXXXX");
  cr_assert_not_null(mkdtemp(folder));
  snprintf(packed_path, sizeof packed_path, "%s/conv.weights", folder);
}

/* Entries of the folder. */
size_t packed_files(void) {
  size_t count = 0;
  DIR *directory = opendir(folder);
  cr_assert_not_null(directory);
  for (struct dirent *entry; (entry = readdir(directory));)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

void packed_stop(void) {
  unlink(packed_path);
  cr_expect_eq(packed_files(), 0u, "files are left behind");
  rmdir(folder);
  cardinal_context_destroy(packed_context);
}

cardinal_conv_weights *packed_make(void) {
  const cardinal_conv_desc d = packed_conv(1, 1);
  cardinal_conv_weights *made = NULL;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_weights_create(packed_context, &d, packed_weights, packed_bias, &made, &error),
               CARDINAL_OK, "%s", error.message);
  return made;
}

cardinal_conv_weights *packed_map(void) {
  cardinal_conv_weights *made = NULL;
  cardinal_error error;
  cr_assert_eq(cardinal_conv_weights_map(packed_context, packed_path, &made, &error), CARDINAL_OK, "%s", error.message);
  return made;
}

void packed_save(const cardinal_conv_weights *packed) {
  cardinal_error error;
  cr_assert_eq(cardinal_conv_weights_save(packed, packed_path, &error), CARDINAL_OK, "%s", error.message);
}

size_t packed_run(cardinal_plan *plan, int64_t batch, int64_t size, float *y) {
  size_t floats;
  cardinal_error error;
  cr_assert_eq(cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, batch, PACKED_CHANNELS, size, size, &floats),
               CARDINAL_OK);
  cr_assert_leq(floats, (size_t)PACKED_MOST_FLOATS);
  void *scratch = malloc(cardinal_plan_scratch_bytes(plan) + 1);
  memset(y, 0xFF, floats * sizeof *y);
  cr_assert_eq(cardinal_plan_run(plan, x, NULL, y, scratch, &error), CARDINAL_OK, "%s", error.message);
  free(scratch);
  return floats;
}

/* A plan that refers to `packed` gives the bits of one that packed the weights itself. */
void packed_expect_same_bits(const cardinal_context *of, const cardinal_conv_weights *packed, int64_t batch,
                             int64_t size) {
  static float own_y[PACKED_MOST_FLOATS], shared_y[PACKED_MOST_FLOATS];
  const cardinal_conv_desc d = packed_conv(batch, size);
  cardinal_plan *own = NULL, *shared = NULL;
  cr_assert_eq(cardinal_conv_create(of, &d, packed_weights, packed_bias, &own, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_conv_create_packed(of, &d, packed, &shared, NULL), CARDINAL_OK);
  cr_expect_str_eq(cardinal_plan_kernel(own), cardinal_plan_kernel(shared));
  cr_expect_eq(cardinal_plan_weight_bytes(shared), cardinal_conv_weights_bytes(packed));
  const size_t floats = packed_run(own, batch, size, own_y);
  packed_run(shared, batch, size, shared_y);
  cr_expect_eq(memcmp(own_y, shared_y, floats * sizeof(float)), 0, "batch %d, size %d", (int)batch, (int)size);
  cardinal_plan_destroy(own);
  cardinal_plan_destroy(shared);
}
