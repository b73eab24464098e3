/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * Three versions, each with a rule of its own for when it moves (CONTRIBUTING.md has them): the release, the API of
 * these headers and the ABI of the shared libraries. CMakeLists.txt reads them from here.
 */
#ifndef CARDINAL_VERSION_H
#define CARDINAL_VERSION_H

/** @addtogroup status
 * @{ */

#define CARDINAL_VERSION_MAJOR 0        /**< the release, first number */
#define CARDINAL_VERSION_MINOR 1        /**< the release, second number */
#define CARDINAL_VERSION_PATCH 0        /**< the release, third number */
#define CARDINAL_VERSION_STRING "0.1.0" /**< the release */

/** What the headers offer: grows by one when a release adds to them, so `#if CARDINAL_API_VERSION >= 2` tells whether
 * something is there. */
#define CARDINAL_API_VERSION 1

/** The number in the shared libraries' sonames: grows by one when programs must be built again. */
#define CARDINAL_SOVERSION 0

/** @} */

#endif
