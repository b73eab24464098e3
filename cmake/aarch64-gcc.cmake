# SPDX-License-Identifier: BSD-3-Clause
# Toolchain file: aarch64 Linux with Debian's cross gcc.
include("${CMAKE_CURRENT_LIST_DIR}/aarch64-common.cmake")
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
