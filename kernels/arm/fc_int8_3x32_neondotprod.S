/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/arm/tile.inc"
#include "kernels/arm/int8.inc"
#include "kernels/arm/fc.inc"

family fc_int8_neondotprod
