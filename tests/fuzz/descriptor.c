/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors in words, as --case and batch files have them: what is read is printed so that it reads as the same. */
#include <stdlib.h>
#include <string.h>

#include "gauntlet/descriptor.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char *text = malloc(size + 1), printed[GAUNTLET_DESCRIPTOR_BYTES];
  memcpy(text, bytes, size);
  text[size] = '\0';
  gauntlet_problem problem, again;
  cardinal_error error = {.status = CARDINAL_OK};
  const bool read = gauntlet_parse(text, &problem, &error);
  free(text);
  if (!read) {
    if (!error.message[0])
      fuzz_wrong("refused without a sentence");
    return 0;
  }
  if (problem.out_height < 1 || problem.out_width < 1)
    fuzz_wrong("an output of %lldx%lld was accepted", (long long)problem.out_height, (long long)problem.out_width);
  if (!gauntlet_parse(gauntlet_describe(&problem, printed), &again, &error))
    fuzz_wrong("'%s' was printed, and is refused: %s", printed, error.message);
  if (!gauntlet_problem_same(&problem, &again))
    fuzz_wrong("'%s' was printed, and reads as another problem", printed);
  return 0;
}
