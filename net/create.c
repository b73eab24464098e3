/* SPDX-License-Identifier: BSD-3-Clause */
/* Making networks, of synthetic weights in int8 as well, for which another network has to run first. */
#include "net/network.h"
#include "net/quantise_synthetic.h"

cardinal_status cardinal_net_create(const cardinal_context *context, const cardinal_net_spec *spec,
                                    const cardinal_weights *weights, const cardinal_net_desc *desc, cardinal_net **net,
                                    cardinal_error *error) {
  return cardinal_net_make(context, spec, weights, desc, cardinal_quantise_synthetic, net, error);
}
