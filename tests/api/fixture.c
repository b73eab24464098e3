/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/api/fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cardinal_context *fixture_context;

void fixture_start(void) {
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threads = 1;
  cr_assert_eq(cardinal_context_create(&desc, &fixture_context, NULL), CARDINAL_OK);
}

void fixture_stop(void) {
  cardinal_context_destroy(fixture_context);
}

void fixture_spoil_sizes(const fixture_size *sizes, size_t count, const void *good, size_t bytes,
                         void (*refuse)(const void *desc, const char *word)) {
  char *spoilt = malloc(bytes);
  cr_assert_not_null(spoilt);
  for (size_t i = 0; i < count; ++i) {
    const int64_t bad[] = {sizes[i].least - 1, -1, INT64_MIN, INT64_C(0x80000000), INT64_MAX};
    for (size_t j = 0; j < sizeof bad / sizeof bad[0]; ++j) {
      memcpy(spoilt, good, bytes);
      memcpy(spoilt + sizes[i].offset, &bad[j], sizeof bad[j]);
      char number[32];
      snprintf(number, sizeof number, "%" PRId64, bad[j]);
      refuse(spoilt, sizes[i].name);
      refuse(spoilt, number);
    }
  }
  free(spoilt);
}
