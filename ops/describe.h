/* SPDX-License-Identifier: BSD-3-Clause */
/* From the public descriptors to shapes. */
#ifndef CARDINAL_OPS_DESCRIBE_H
#define CARDINAL_OPS_DESCRIBE_H

#include "kernels/shape.h"

/* Each checks a caller's descriptor, of whatever release, copies it into `d` and gives its shape. `function` names the
 * public function in messages. Errors: as the functions that make plans say. */
cardinal_status cardinal_describe_conv(const char *function, const cardinal_conv_desc *desc, cardinal_conv_desc *d,
                                       cardinal_shape *shape, cardinal_error *error);
cardinal_status cardinal_describe_pool(const char *function, const cardinal_pool_desc *desc, cardinal_pool_desc *d,
                                       cardinal_shape *shape, cardinal_error *error);

/* The same of what packed weights depend on alone: channels, groups, the kernel's size and whether there is a bias. The
 * descriptor's other fields aren't looked at, the shape's other fields are 0. */
cardinal_status cardinal_describe_weights(const char *function, const cardinal_conv_desc *desc, cardinal_conv_desc *d,
                                          cardinal_shape *shape, cardinal_error *error);

#endif
