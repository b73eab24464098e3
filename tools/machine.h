/* SPDX-License-Identifier: BSD-3-Clause */
/* What `cardinal info` tells, as JSON, from which the text is made as well. Each returns NULL without memory. */
#ifndef CARDINAL_TOOLS_MACHINE_H
#define CARDINAL_TOOLS_MACHINE_H

#include <jansson.h>

#include <cardinal/net.h>

/* CPU, caches, cores and what is used of them, and the table of kernels. */
json_t *machine_json(const cardinal_context *context);

/* A network's layers, each with its kernel and why the others were passed over. */
json_t *model_json(const cardinal_net_spec *spec, const cardinal_net_desc *desc, const cardinal_net *net);

/* Either as text on stdout. */
void machine_print(const json_t *machine);
void kernels_print(const json_t *kernels);
void model_print(const json_t *model);

#endif
