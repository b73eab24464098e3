/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of `cardinal quantize`. */
#ifndef CARDINAL_TOOLS_QUANTIZE_OPTIONS_H
#define CARDINAL_TOOLS_QUANTIZE_OPTIONS_H

#include "net/quantise.h"
#include "tools/network_options.h"
#include "tools/photos.h"

typedef struct quantize_options {
  weights_options network;
  context_options context;
  transform_options transform;
  cardinal_range_options ranges;
  const char *output;
  uint64_t batch;
  uint64_t synthetic; /* images to calibrate on; 0: photos */
  bool json;
  photo_list photos;
} quantize_options;

/* Ends the program if something is wrong, or help was asked for. The photos are the caller's to free. */
void quantize_options_read(quantize_options *to, int argc, char **argv);

/* "least-error", "percentile:99.99" or "largest". */
void quantize_ranges_text(const cardinal_range_options *ranges, char *text, size_t size);

#endif
