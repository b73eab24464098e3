/* SPDX-License-Identifier: BSD-3-Clause */
/* The version of this header; CMakeLists.txt reads it from here. */
#ifndef CARDINAL_VERSION_H
#define CARDINAL_VERSION_H

#define CARDINAL_VERSION_MAJOR 0
#define CARDINAL_VERSION_MINOR 1
#define CARDINAL_VERSION_PATCH 0
#define CARDINAL_VERSION_STRING "0.1.0"

#endif
