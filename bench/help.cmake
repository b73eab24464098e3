# SPDX-License-Identifier: BSD-3-Clause
# Run at build time: makes OUTPUT, a table of C strings, of the lines of the text INPUT. The text is a file of its own
# so that script/bench can show it before anything is built.
file(READ ${INPUT} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REGEX REPLACE "\n$" "" text "${text}")
string(REPLACE "\n" "\\n\",\n\"" text "${text}")
file(WRITE ${OUTPUT} "\"${text}\\n\",\n")
