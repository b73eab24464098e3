/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/shape.h"

#include <stdio.h>

void bench_shape_of_conv(const cardinal_conv_desc *c, char *text, size_t size) {
  char groups[32] = "";
  if (c->groups > 1)
    snprintf(groups, sizeof groups, "g%lld ", (long long)c->groups);
  snprintf(text, size, "%lld>%lld %lldx%lld/%lld %s%lldx%lld", (long long)c->in_channels, (long long)c->out_channels,
           (long long)c->kernel_height, (long long)c->kernel_width, (long long)c->stride_height, groups,
           (long long)c->in_height, (long long)c->in_width);
}

void bench_shape_of_pool(const cardinal_pool_desc *p, char *text, size_t size) {
  if (p->kind == CARDINAL_POOL_MAX)
    snprintf(text, size, "%lld max %lldx%lld/%lld %lldx%lld", (long long)p->channels, (long long)p->kernel_height,
             (long long)p->kernel_width, (long long)p->stride_height, (long long)p->in_height, (long long)p->in_width);
  else
    snprintf(text, size, "%lld mean %lldx%lld", (long long)p->channels, (long long)p->in_height,
             (long long)p->in_width);
}
