# SPDX-License-Identifier: BSD-3-Clause
# Run at build time: writes the commit that is built, with "-dirty" for uncommitted changes, if it isn't in OUTPUT yet.
execute_process(COMMAND git describe --always --dirty --abbrev=12 --exclude=* WORKING_DIRECTORY ${SOURCE}
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
if(status OR NOT commit)
  set(commit unknown)
endif()
set(content "#define BENCH_COMMIT \"${commit}\"\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT "${before}" STREQUAL "${content}")
  file(WRITE ${OUTPUT} "${content}")
endif()
