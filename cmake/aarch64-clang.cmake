# SPDX-License-Identifier: BSD-3-Clause
# Toolchain file: aarch64 Linux with clang, which is a cross compiler as it is; it links with the cross ld.
include("${CMAKE_CURRENT_LIST_DIR}/aarch64-common.cmake")
set(CMAKE_C_COMPILER clang)
set(CMAKE_CXX_COMPILER clang++)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_ASM_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
