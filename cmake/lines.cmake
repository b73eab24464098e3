# SPDX-License-Identifier: BSD-3-Clause
# Run at build time: makes OUTPUT, a table of C strings, of the lines of the text INPUT: a help text that script/bench
# can show before anything is built, the style and the script of a report's page.
file(READ ${INPUT} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REGEX REPLACE "\n$" "" text "${text}")
string(REPLACE "\n" "\\n\",\n\"" text "${text}")
file(WRITE ${OUTPUT} "\"${text}\\n\",\n")
