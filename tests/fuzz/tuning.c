/* SPDX-License-Identifier: BSD-3-Clause */
/* Tuning files, to contexts. Unless the first byte is 0, the lines that tie a file to this CPU stand before the input,
 * since no mutation would guess them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_input input = {bytes, size};
  char head[256] = "";
  if (fuzz_between(&input, 0, 255)) {
    cardinal_machine machine = {.struct_size = sizeof machine};
    cardinal_machine_get(&machine, NULL);
    snprintf(head, sizeof head, "cardinal tuning 2\nlibrary %s\ncpu %u %u %u %s\n", cardinal_version(), machine.family,
             machine.model, machine.stepping, machine.vendor);
  }
  const size_t length = strlen(head);
  uint8_t *file = malloc(length + input.size + 1);
  memcpy(file, head, length);
  if (input.size)
    memcpy(file + length, input.bytes, input.size);
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  desc.threading = CARDINAL_THREADING_SERIAL;
  desc.tuning = fuzz_file(file, length + input.size, 0);
  free(file);
  cardinal_context *context;
  cardinal_error error;
  if (cardinal_context_create(&desc, &context, &error))
    fuzz_wrong("a file that can be read is an error: %s", error.message);
  const char *note = cardinal_context_tuning(context);
  if (!note || (!strstr(note, ": in use for ") && !strstr(note, ": ignored: ")))
    fuzz_wrong("it isn't said what became of the file: %s", note ? note : "nothing");
  cardinal_context_destroy(context);
  return 0;
}
