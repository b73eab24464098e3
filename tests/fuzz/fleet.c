/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports of screens, as `cardinal fleet-report` reads them: a node alone has nothing to be slow beside. */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tools/fleet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fleet all = {.count = 0};
  char why[512] = "";
  const char *path = fuzz_file(bytes, size, 0);
  if (!fleet_read(&all, path, why, sizeof why)) {
    if (!why[0])
      fuzz_wrong("refused without a sentence");
    if (all.count)
      fuzz_wrong("refused, and yet counted as a node");
  } else {
    why[0] = '\0';
    if (fleet_read(&all, path, why, sizeof why) || !why[0] || all.count != 1)
      fuzz_wrong("one node was told twice, and taken twice");
    if (!fleet_compare(&all, 10, 3.5))
      fuzz_wrong("no memory for a node");
    const fleet_node *node = &all.nodes[0];
    fleet_rank worst = node->speed.is_slow ? FLEET_SLOW : FLEET_FINE;
    for (size_t i = 0; i < node->core_count; ++i) {
      const fleet_rank rank = fleet_core_rank(node, &node->cores[i]);
      worst = rank < worst ? rank : worst;
    }
    if (node->speed.is_slow || fleet_node_rank(node) != worst)
      fuzz_wrong("a node alone is slow, or better than its worst core");
  }
  fleet_free(&all);
  return 0;
}
