/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Makes the table of checksums that `cardinal screen` compares with, by the gauntlet's oracle:
 *
 *   cardinal_screen_checksums > tools/screen_golden.inc
 *   cardinal_screen_checksums --check [PART]    compares the table that was built in, or the items whose names hold
 * PART
 *
 * Nothing of what is screened takes part: no kernel, no packing, no vector instruction but the compiler's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/screen_work.h"

typedef struct comparison {
  size_t compared, wrong;
} comparison;

static void tell_part(const screen_item *item, const screen_part *part, const char *outputs, bool check,
                      comparison *outcome) {
  const uint64_t hash = screen_hash(outputs + part->offset, part->bytes);
  if (!check) {
    printf("{\"%s\", %" PRId64 ", \"%s\", UINT64_C(0x%016" PRIX64 ")},\n", item->what, item->image, part->name, hash);
    return;
  }
  uint64_t committed;
  const bool known = screen_golden(item, part->name, &committed);
  ++outcome->compared;
  if (known && committed == hash)
    return;
  ++outcome->wrong;
  printf("%s, %s: the oracle's checksum is %016" PRIX64 ", the table %s\n", item->name, part->name, hash,
         known ? "has another" : "has none");
}

int main(int count, char **arguments) {
  const bool check = count > 1 && !strcmp(arguments[1], "--check");
  const char *wanted = count > 2 ? arguments[2] : "";
  if (count > 1 && !check) {
    fprintf(stderr, "usage: cardinal_screen_checksums [--check [PART]]\n");
    return 2;
  }
  if (!check)
    printf("/* SPDX-License-Identifier: BSD-3-Clause */\n"
           "/* What is computed, size of a network's image, part, checksum of its output; by tools/screen_checksums.c. "
           "*/\n");
  comparison outcome = {0};
  for (size_t i = 0; i < screen_item_count; ++i) {
    const screen_item *item = &screen_items[i];
    if (!strstr(item->name, wanted))
      continue;
    for (unsigned pattern = 0; pattern < screen_item_patterns(item); ++pattern) {
      screen_job job;
      cardinal_error error = {.message = "no memory"};
      char *outputs = NULL;
      if (!screen_job_open(&job, item, pattern, CARDINAL_ISA_GENERIC, &error))
        outputs = screen_oracle(&job);
      if (!outputs) {
        fprintf(stderr, "%s: %s\n", item->name, error.message);
        return 1;
      }
      for (size_t part = 0; part < job.part_count; ++part)
        tell_part(item, &job.parts[part], outputs, check, &outcome);
      free(outputs);
      screen_job_close(&job);
    }
  }
  if (check)
    printf("%zu checksums compared, %zu wrong\n", outcome.compared, outcome.wrong);
  return check && (outcome.wrong || !outcome.compared);
}
