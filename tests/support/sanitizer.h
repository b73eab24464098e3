/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_TESTS_SUPPORT_SANITIZER_H
#define CARDINAL_TESTS_SUPPORT_SANITIZER_H

/* Whether this is a build with a sanitizer, which takes memory and time of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

#endif
