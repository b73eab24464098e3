/* SPDX-License-Identifier: BSD-3-Clause */
/* A program built with the first release's header. */
#include "tests/abi/cardinal-0.1.0.h"

#include "tests/abi/program.h"

_Static_assert(sizeof(cardinal_context_desc) == 64 && sizeof(cardinal_conv_desc) == 160 &&
                   sizeof(cardinal_pool_desc) == 112,
               "the kept header has been changed");

int main(void) {
  return program_run();
}
