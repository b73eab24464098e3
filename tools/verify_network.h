/* SPDX-License-Identifier: BSD-3-Clause */
/* A whole network held against the outputs of its layers that another program computed. */
#ifndef CARDINAL_TOOLS_VERIFY_NETWORK_H
#define CARDINAL_TOOLS_VERIFY_NETWORK_H

#include "tools/verify_options.h"

/* Returns the exit status. */
int verify_network(const verify_options *options);

#endif
