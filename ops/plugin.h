/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of foreign kernels (cardinal/plugin.h): whether one is what the header demands. */
#ifndef CARDINAL_OPS_PLUGIN_H
#define CARDINAL_OPS_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>

#include <cardinal/plugin.h>

/* The least that a struct of the first version has. */
enum {
  CARDINAL_PLUGIN_NAME_LENGTH = 63
};

/* Checks a list and its kernels; false, with a sentence in `message`, if something isn't as the header demands. */
bool cardinal_plugin_check(const cardinal_plugin *plugin, char *message, size_t size);

#endif
