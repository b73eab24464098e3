/* SPDX-License-Identifier: BSD-3-Clause */
/* What `cardinal quantize` says of its work. */
#ifndef CARDINAL_TOOLS_QUANTIZE_REPORT_H
#define CARDINAL_TOOLS_QUANTIZE_REPORT_H

#include "tools/quantize_compare.h"
#include "tools/quantize_options.h"

typedef struct quantize_report {
  cardinal_quantised_report *layers; /* of each step of the network */
  size_t count;
  quantize_comparison comparison; /* of the two networks */
} quantize_report;

/* Makes room; false without memory. */
bool quantize_report_begin(quantize_report *report, const cardinal_calibration *calibration);

/* Prints it, as a table or as JSON. Returns the command's status. */
int quantize_report_print(const quantize_report *report, const quantize_options *options, const cardinal_net_spec *spec,
                          size_t images);
void quantize_report_free(quantize_report *report);

#endif
