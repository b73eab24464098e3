/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/quantise_synthetic.h"

#include <stdlib.h>

#include "net/common.h"
#include "net/quantise.h"

static cardinal_status calibrate(cardinal_calibration *calibration, size_t image_floats, cardinal_error *error) {
  enum {
    IMAGES = 2
  };
  float *image = malloc(image_floats * sizeof *image);
  cardinal_status status =
      image ? CARDINAL_OK : cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for a synthetic image");
  for (uint64_t i = 0; !status && i < IMAGES; i++) {
    cardinal_synthetic_input(i, image, image_floats);
    status = cardinal_calibration_add(calibration, image, 1, error);
  }
  free(image);
  return status;
}

cardinal_status cardinal_quantise_synthetic(const cardinal_context *context, const cardinal_net_spec *spec,
                                            const cardinal_weights *from, const cardinal_net_desc *desc,
                                            cardinal_weights **to, cardinal_error *error) {
  const cardinal_range_options ranges = {.method = CARDINAL_RANGE_LEAST_ERROR};
  cardinal_net_desc one = *desc;
  one.batch = 1;
  cardinal_calibration calibration;
  cardinal_status status = cardinal_calibration_start(context, spec, from, &one, &calibration, error);
  if (!status)
    status = calibrate(&calibration, (size_t)(CARDINAL_IMAGE_CHANNELS * desc->image_height * desc->image_width), error);
  if (!status)
    status = cardinal_quantise(&calibration, spec, from, &ranges, NULL, to, error);
  cardinal_calibration_free(&calibration);
  return status;
}
