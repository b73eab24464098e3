# SPDX-License-Identifier: BSD-3-Clause
# What both aarch64 toolchain files share: the target, the sysroot, and where CMake and pkg-config may look.
# script/emulate/sysroot makes the sysroot; CARDINAL_SYSROOT names it.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

if(NOT CARDINAL_SYSROOT)
  set(CARDINAL_SYSROOT "$ENV{CARDINAL_SYSROOT}")
endif()
if(NOT EXISTS "${CARDINAL_SYSROOT}/usr/include")
  message(FATAL_ERROR
    "CARDINAL_SYSROOT (\"${CARDINAL_SYSROOT}\") is not an aarch64 sysroot; script/emulate/sysroot makes one")
endif()
# try_compile starts afresh from this file and needs the variable, too.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CARDINAL_SYSROOT)

set(CMAKE_SYSROOT "${CARDINAL_SYSROOT}")
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_PATH} "")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${CARDINAL_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR}
    "${CARDINAL_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CARDINAL_SYSROOT}/usr/share/pkgconfig")

# ctest runs the programs through this.
set(CMAKE_CROSSCOMPILING_EMULATOR
    "${CMAKE_CURRENT_LIST_DIR}/../script/emulate/qemu-run;--sysroot;${CARDINAL_SYSROOT}")
