/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/quantize_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/command.h"

static const char name[] = "quantize";

bool quantize_report_begin(quantize_report *report, const cardinal_calibration *calibration) {
  report->count = cardinal_net_layer_count(calibration->net);
  report->layers = calloc(report->count, sizeof *report->layers);
  return report->layers;
}

void quantize_report_free(quantize_report *report) {
  free(report->layers);
  quantize_comparison_free(&report->comparison);
}

static double decibels(double ratio) {
  return 10 * log10(ratio);
}

/* Infinite where nothing was lost, which JSON has no number for. */
static json_t *decibels_json(double ratio) {
  return isfinite(ratio) && ratio > 0 ? json_real(decibels(ratio)) : json_null();
}

static json_t *layer_json(const quantize_report *report, size_t index) {
  const cardinal_quantised_report *layer = &report->layers[index];
  json_t *told = json_pack("{s:s}", "name", layer->name);
  if (layer->has_weights)
    json_object_set_new(told, "weights_snr_db", decibels_json(layer->weight_noise_ratio));
  if (layer->has_output) {
    json_object_set_new(told, "output_scale", json_real((double)layer->output_scale));
    json_object_set_new(told, "clipped_share", json_real(layer->output.clipped));
    json_object_set_new(told, "output_snr_db", decibels_json(layer->output.noise_ratio));
  }
  json_object_set_new(told, "network_snr_db", decibels_json(quantize_comparison_ratio(&report->comparison, index)));
  return told;
}

static int print_json(const quantize_report *report, const quantize_options *o, const cardinal_net_spec *spec,
                      const char *ranges, size_t images) {
  json_t *layers = json_array();
  for (size_t i = 0; i < report->count; i++)
    if (report->layers[i].has_weights || report->layers[i].has_output)
      json_array_append_new(layers, layer_json(report, i));
  return tool_print_json(name,
                         json_pack("{s:s, s:o, s:o, s:I, s:b, s:s, s:I, s:o}", "model", spec->name, "weights",
                                   tool_json_text(o->network.weights), "output", tool_json_text(o->output), "images",
                                   (json_int_t)images, "synthetic", (int)(o->synthetic > 0), "ranges", ranges,
                                   "images_compared", (json_int_t)report->comparison.images, "layers", layers))
             ? TOOL_OK
             : TOOL_FAILED;
}

static void print_decibels(double ratio) {
  if (isfinite(ratio))
    printf(" %11.1f", decibels(ratio));
  else
    printf(" %11s", "exact");
}

static void print_layer(const quantize_report *report, size_t index) {
  const cardinal_quantised_report *layer = &report->layers[index];
  printf("%-24s", layer->name);
  if (layer->has_weights)
    print_decibels(layer->weight_noise_ratio);
  else
    printf(" %11s", "");
  if (layer->has_output) {
    printf(" %12.6g %10.4f", (double)layer->output_scale, 100 * layer->output.clipped);
    print_decibels(layer->output.noise_ratio);
  } else {
    printf(" %12s %10s %11s", "", "", "");
  }
  print_decibels(quantize_comparison_ratio(&report->comparison, index));
  putchar('\n');
}

int quantize_report_print(const quantize_report *report, const quantize_options *o, const cardinal_net_spec *spec,
                          size_t images) {
  char ranges[64];
  quantize_ranges_text(&o->ranges, ranges, sizeof ranges);
  if (o->json)
    return print_json(report, o, spec, ranges, images);
  printf("%-24s %11s %12s %10s %11s %11s\n", "layer", "weights dB", "output step", "clipped %", "output dB",
         "network dB");
  for (size_t i = 0; i < report->count; i++)
    if (report->layers[i].has_weights || report->layers[i].has_output)
      print_layer(report, i);
  printf("\nwrote ");
  tool_put_clean(stdout, o->output);
  printf(": %s, ranges by %s of %zu %simage%s\n"
         "dB are the signal's power over that of what was changed: by rounding and clipping these numbers alone, and\n"
         "(network) by all that the network in int8 does until then, on %zu image%s\n",
         spec->name, ranges, images, o->synthetic ? "synthetic " : "", images == 1 ? "" : "s",
         report->comparison.images, report->comparison.images == 1 ? "" : "s");
  return TOOL_OK;
}
