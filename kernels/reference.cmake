# SPDX-License-Identifier: BSD-3-Clause
add_library(cardinal_reference STATIC generic/naive.c generic/reference.c)
target_link_libraries(cardinal_reference PRIVATE cardinal_build m)
target_compile_options(cardinal_reference PRIVATE -O3)
