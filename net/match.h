/* SPDX-License-Identifier: BSD-3-Clause */
/* Tensors and architectures: which tensors a spec needs, and which spec a set of tensors is for. */
#ifndef CARDINAL_NET_MATCH_H
#define CARDINAL_NET_MATCH_H

#include "net/tensors.h"

#include <cardinal/net.h>

/* The tensors of a spec, as F32. Its shapes fit; memory can run out. */
cardinal_status cardinal_table_of_spec(const cardinal_net_spec *spec, cardinal_tensor_table *table,
                                       cardinal_error *error);

/* Recognises the architecture from names and shapes. `label` names the source in messages. */
cardinal_status cardinal_match_spec(const cardinal_tensor_table *table, const char *label, cardinal_net_spec *spec,
                                    cardinal_error *error);

/* Compares tensors with what the spec needs: nothing missing, misshapen or left over. */
cardinal_status cardinal_match_tensors(const cardinal_tensor_table *table, const char *label,
                                       const cardinal_net_spec *spec, cardinal_error *error);

#endif /* CARDINAL_NET_MATCH_H */
