/* SPDX-License-Identifier: BSD-3-Clause */
/* Files with the names of classes: the first byte is the number of classes. */
#include <string.h>

#include "tests/fuzz/input.h"
#include "tools/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_input input = {bytes, size};
  const size_t classes = (size_t)fuzz_between(&input, 1, 256);
  class_labels labels;
  if (!labels_load(&labels, fuzz_file(input.bytes, input.size, 0), classes))
    return 0;
  for (size_t i = 0; i < classes; ++i) {
    char room[32];
    const char *name = labels_name(&labels, i, room);
    if (!name || strpbrk(name, "\r\n") != NULL)
      fuzz_wrong("class %zu has no name, or one of several lines", i);
  }
  labels_free(&labels);
  return 0;
}
