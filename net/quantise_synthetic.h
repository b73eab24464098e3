/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CARDINAL_NET_QUANTISE_SYNTHETIC_H
#define CARDINAL_NET_QUANTISE_SYNTHETIC_H

#include "net/network.h"

/* Makes weights in int8 of others, with ranges as they are for synthetic images of the size that `desc` has: for
 * timings and tests. The same for any batch. `spec` comes from cardinal_spec_take. Errors: as making a network in f32
 * has. */
cardinal_net_quantise cardinal_quantise_synthetic;

#endif /* CARDINAL_NET_QUANTISE_SYNTHETIC_H */
