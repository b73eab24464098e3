/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal quantize`: weights in, weights in int8 out. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/common.h"
#include "net/safetensors.h"
#include "tools/command.h"
#include "tools/outfile.h"
#include "tools/quantize_options.h"
#include "tools/quantize_report.h"

static const char name[] = "quantize";

enum {
  MOST_COMPARED = 8 /* images on which both networks are run */
};

/* One run of the command. */
typedef struct {
  const quantize_options *options;
  cardinal_context *context;
  cardinal_net_spec spec;
  cardinal_weights *weights, *quantised;
  size_t batch, count; /* images at once, and in all */
  size_t image_floats;
  float *images;
  cardinal_calibration calibration;
  quantize_report report;
  outfile file;
} quantize_job;

/* ---- setting up ---------------------------------------------------------------------------------------------- */

static cardinal_status open_weights(quantize_job *job, cardinal_error *error) {
  const quantize_options *o = job->options;
  cardinal_status status = weights_options_open(&o->network, &job->spec, &job->weights, error);
  if (!status && cardinal_is_quantised(&job->weights->table))
    status = cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: these weights are quantised already",
                               o->network.weights);
  return status;
}

static cardinal_status start_calibration(quantize_job *job, cardinal_error *error) {
  const transform_options *how = &job->options->transform;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)job->batch;
  desc.image_height = desc.image_width = how->crop;
  const cardinal_status status =
      cardinal_calibration_start(job->context, &job->spec, job->weights, &desc, &job->calibration, error);
  if (status || job->options->synthetic)
    return status;
  /* A photo may be black or white anywhere, whether or not one of these is. */
  float low[CARDINAL_IMAGE_CHANNELS], high[CARDINAL_IMAGE_CHANNELS];
  for (int i = 0; i < CARDINAL_IMAGE_CHANNELS; i++) {
    low[i] = (0.0f - how->mean[i]) / how->deviation[i];
    high[i] = (1.0f - how->mean[i]) / how->deviation[i];
  }
  cardinal_calibration_widen(&job->calibration, low, high);
  return CARDINAL_OK;
}

static int set_up(quantize_job *job) {
  const quantize_options *o = job->options;
  cardinal_error error;
  job->count = o->synthetic ? o->synthetic : o->photos.count;
  job->batch = o->batch < job->count ? o->batch : job->count;
  job->image_floats = (size_t)(CARDINAL_IMAGE_CHANNELS * o->transform.crop * o->transform.crop);
  if (!outfile_open(&job->file, o->output))
    return tool_fail(name, "%s: %s", o->output, job->file.problem);
  if (options_context(&o->context, &job->context, &error) || open_weights(job, &error) ||
      start_calibration(job, &error))
    return tool_fail(name, "%s", error.message);
  job->images = calloc(job->batch, job->image_floats * sizeof *job->images);
  return job->images ? TOOL_OK : tool_fail(name, "no memory for a batch of %zu images", job->batch);
}

static void tear_down(quantize_job *job) {
  quantize_report_free(&job->report);
  outfile_abandon(&job->file);
  free(job->images);
  cardinal_calibration_free(&job->calibration);
  cardinal_weights_destroy(job->quantised);
  cardinal_weights_destroy(job->weights);
  cardinal_context_destroy(job->context);
}

/* ---- calibration --------------------------------------------------------------------------------------------- */

/* Images `first` to first + count - 1. A photo that can't be read ends the run: the ranges would be others. */
static int fill_batch(quantize_job *job, size_t first, size_t count) {
  const quantize_options *o = job->options;
  char problem[PHOTO_PROBLEM_BYTES];
  for (size_t i = 0; i < count; i++) {
    float *image = job->images + i * job->image_floats;
    if (o->synthetic)
      cardinal_synthetic_input(o->network.seed + first + i, image, job->image_floats);
    else if (!photo_read(&o->photos.photos[first + i], &o->transform, image, problem))
      return tool_fail(name, "%s", problem);
  }
  return TOOL_OK;
}

static int calibrate(quantize_job *job) {
  cardinal_error error;
  for (size_t done = 0; done < job->count;) {
    const size_t left = job->count - done, count = left < job->batch ? left : job->batch;
    tool_progress("image %zu of %zu", done + 1, job->count);
    const int status = fill_batch(job, done, count);
    if (status)
      return status;
    if (cardinal_calibration_add(&job->calibration, job->images, count, &error))
      return tool_fail(name, "%s", error.message);
    done += count;
  }
  tool_progress_clear();
  return TOOL_OK;
}

/* ---- results ------------------------------------------------------------------------------------------------- */

static int write_weights(quantize_job *job) {
  const cardinal_tensor_table *table = &job->quantised->table;
  size_t bytes = 0;
  char *header = cardinal_safetensors_header(table, &bytes);
  if (!header)
    return tool_fail(name, "no memory for the header of %s", job->options->output);
  const bool written = outfile_write(&job->file, header, bytes) &&
                       outfile_write(&job->file, job->quantised->memory, table->tensors[table->count - 1].end) &&
                       outfile_finish(&job->file);
  free(header);
  return written ? TOOL_OK : tool_fail(name, "%s: %s", job->options->output, job->file.problem);
}

static int run_job(quantize_job *job) {
  const quantize_options *o = job->options;
  int status = set_up(job);
  if (!status)
    status = calibrate(job);
  if (status)
    return status;
  cardinal_error error;
  if (!quantize_report_begin(&job->report, &job->calibration))
    return tool_fail(name, "no memory for the report");
  if (cardinal_quantise(&job->calibration, &job->spec, job->weights, &o->ranges, job->report.layers, &job->quantised,
                        &error))
    return tool_fail(name, "%s", error.message);
  /* On images that the last batch still holds. */
  const size_t held = (job->count - 1) % job->batch + 1, compared = held < MOST_COMPARED ? held : MOST_COMPARED;
  if (quantize_compare(job->context, &job->spec, job->weights, job->quantised, o->transform.crop, job->images, compared,
                       &job->report.comparison, &error))
    return tool_fail(name, "%s", error.message);
  status = write_weights(job);
  if (!status)
    status = quantize_report_print(&job->report, o, &job->spec, job->count);
  return status;
}

static int run(int argc, char **argv) {
  quantize_options options;
  quantize_options_read(&options, argc, argv);
  quantize_job job = {.options = &options};
  cardinal_net_spec_init(&job.spec);
  const int status = run_job(&job);
  tear_down(&job);
  photos_free(&options.photos);
  return status;
}

const command quantize_command = {
    .name = name,
    .summary = "write a network's weights in int8",
    .run = run,
};
