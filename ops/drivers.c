/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/drivers.h"

cardinal_driver *cardinal_driver_of(cardinal_form form) {
  static cardinal_driver *const drivers[] = {
      [CARDINAL_FORM_CONV1X1] = cardinal_drive_conv1x1,
      [CARDINAL_FORM_FC] = cardinal_drive_fc,
      [CARDINAL_FORM_CONV] = cardinal_drive_conv,
      [CARDINAL_FORM_POOL] = cardinal_drive_pool,
  };
  return drivers[form];
}
