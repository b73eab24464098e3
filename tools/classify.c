/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal classify`: photos in, classes or features out. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/architecture.h"
#include "tools/classify_options.h"
#include "tools/classify_shard.h"
#include "tools/command.h"
#include "tools/labels.h"
#include "tools/npy.h"
#include "tools/outfile.h"
#include "tools/photos.h"
#include "tools/profile.h"
#include "tools/scores.h"

static const char name[] = "classify";

/* One run of the command. */
typedef struct {
  const classify_options *options;
  photo_list photos;
  cardinal_context *context;
  cardinal_weights *weights;
  cardinal_net_spec spec;
  cardinal_net *net;
  class_labels labels;
  size_t batch, image_floats, feature_count; /* of the latter, each has so many */
  float *images, *logits, *features;
  char (*problems)[PHOTO_PROBLEM_BYTES]; /* of the batch's photos; empty: none */
  class_score *scores;
  size_t shown;       /* classes a photo */
  const char **names; /* of them */
  char (*rooms)[32];  /* for names that are made up */
  void *arena;
  classify_shard shard;
  outfile features_file, output_file;
  result_writer results;
  net_profile profile;
  time_t start;
  size_t done, failed; /* photos */
} classify_job;

/* ---- setting up ---------------------------------------------------------------------------------------------- */

/* The architecture that was asked for, or what the weights are for. */
static cardinal_status choose_network(classify_job *job, cardinal_error *error) {
  weights_options network = job->options->network;
  if (!weights_options_given(&network))
    network.model.model = "resnext50_32x4d";
  return weights_options_open(&network, &job->spec, &job->weights, error);
}

static cardinal_status make_network(classify_job *job, cardinal_error *error) {
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)job->batch;
  desc.precision = job->options->precision;
  desc.image_height = desc.image_width = job->options->transform.crop;
  cardinal_status status = cardinal_net_create(job->context, &job->spec, job->weights, &desc, &job->net, error);
  cardinal_weights_destroy(job->weights);
  job->weights = NULL;
  return status;
}

static bool allocate_buffers(classify_job *job) {
  job->images = calloc(job->batch, job->image_floats * sizeof *job->images);
  job->logits = calloc(job->batch, job->spec.classes * sizeof *job->logits);
  job->features = calloc(job->batch, job->feature_count * sizeof *job->features);
  job->problems = calloc(job->batch, sizeof *job->problems);
  job->scores = calloc(job->spec.classes, sizeof *job->scores);
  job->names = calloc(job->shown, sizeof *job->names);
  job->rooms = calloc(job->shown, sizeof *job->rooms);
  job->arena = malloc(cardinal_net_arena_bytes(job->net));
  return job->images && job->logits && job->features && job->problems && job->scores && job->names && job->rooms &&
         job->arena;
}

static int features_failed(const classify_job *job) {
  return tool_fail(name, "%s: %s", job->shard.path, job->features_file.problem);
}

/* Before anything costly is done: a place where nothing can be written is noticed now. */
static int open_features(classify_job *job) {
  char header[NPY_HEADER_BYTES];
  npy_header(header, job->shard.count, job->feature_count);
  bool opened =
      outfile_open(&job->features_file, job->shard.path) && outfile_write(&job->features_file, header, sizeof header);
  return opened ? TOOL_OK : features_failed(job);
}

static int output_failed(const classify_job *job) {
  FILE *to = job->results.to;
  return tool_fail(name, "%s can't be written: %s", job->options->output ? job->options->output : "the output",
                   ferror(to) ? strerror(errno) : "no memory");
}

static int open_output(classify_job *job) {
  const char *path = job->options->features ? job->options->output : job->shard.path;
  return outfile_open(&job->output_file, path) ? TOOL_OK : tool_fail(name, "%s: %s", path, job->output_file.problem);
}

static int set_up(classify_job *job) {
  const classify_options *o = job->options;
  cardinal_error error;
  for (size_t i = 0; i < o->photo_count; i++)
    if (!photos_add(&job->photos, o->photos[i]))
      return TOOL_FAILED;
  if (!job->photos.count)
    return tool_fail(name, "the list names no photo");
  if (options_context(&o->context, &job->context, &error) || choose_network(job, &error))
    return tool_fail(name, "%s", error.message);
  if (o->top_given && o->top > job->spec.classes) {
    tool_complain(name, "--top: the network has %" PRIu32 " classes, not %" PRIu64, job->spec.classes, o->top);
    return TOOL_USAGE;
  }
  job->image_floats = (size_t)(3 * o->transform.crop * o->transform.crop);
  job->feature_count = (size_t)cardinal_spec_features(&job->spec);
  job->shown = o->top < job->spec.classes ? o->top : job->spec.classes;
  if (!labels_load(&job->labels, o->labels, job->spec.classes))
    return TOOL_FAILED;
  if (classify_shard_begin(&job->shard, o, &job->spec, &job->photos))
    return TOOL_FAILED;
  if (job->shard.done)
    return TOOL_OK;
  job->batch = o->batch < job->shard.count ? o->batch : job->shard.count ? job->shard.count : 1;
  if ((o->features && open_features(job)) || (o->output && open_output(job)))
    return TOOL_FAILED;
  if (make_network(job, &error))
    return tool_fail(name, "%s", error.message);
  if (!allocate_buffers(job))
    return tool_fail(name, "no memory for a batch of %zu photos", job->batch);
  job->results =
      (result_writer){.format = o->format, .features = o->features, .to = o->output ? job->output_file.stream : stdout};
  return results_begin(&job->results) ? TOOL_OK : output_failed(job);
}

static void tear_down(classify_job *job) {
  profile_free(&job->profile);
  results_free(&job->results);
  outfile_abandon(&job->features_file);
  outfile_abandon(&job->output_file);
  classify_shard_free(&job->shard);
  free(job->images);
  free(job->logits);
  free(job->features);
  free(job->problems);
  free(job->scores);
  free(job->names);
  free(job->rooms);
  free(job->arena);
  labels_free(&job->labels);
  cardinal_net_destroy(job->net);
  cardinal_weights_destroy(job->weights);
  cardinal_context_destroy(job->context);
  photos_free(&job->photos);
}

/* ---- one batch ----------------------------------------------------------------------------------------------- */

static void after_layer(void *user, size_t layer) {
  const classify_job *job = user;
  if (!tool_progress_is_due())
    return;
  double seconds = difftime(time(NULL), job->start);
  char left[48] = "";
  if (job->done && seconds > 0)
    snprintf(left, sizeof left, ", %.0f s left", seconds / (double)job->done * (double)(job->shard.count - job->done));
  tool_progress("photo %zu of %zu, layer %zu of %zu%s", job->done + 1, job->shard.count, layer + 1,
                cardinal_net_layer_count(job->net), left);
}

/* Finite weights can still overflow on the way through a network that they weren't trained for. */
static void check_finite(const char *path, const float *values, size_t count, char problem[PHOTO_PROBLEM_BYTES]) {
  size_t at = first_not_finite(values, count);
  if (at < count)
    snprintf(problem, PHOTO_PROBLEM_BYTES, "%s: the network's output %zu is %f; are these weights in order?", path, at,
             (double)values[at]);
}

static int write_features(classify_job *job, float *features, bool failed) {
  for (size_t i = 0; failed && i < job->feature_count; i++)
    features[i] = NAN;
  return outfile_write(&job->features_file, features, job->feature_count * sizeof *features) ? TOOL_OK
                                                                                             : features_failed(job);
}

/* The result of photo number `i` of the batch. */
static int show_photo(classify_job *job, size_t i) {
  const classify_options *o = job->options;
  char *problem = job->problems[i];
  const size_t row = job->shard.first + job->done + i;
  photo_result result = {.path = job->photos.photos[row].path, .row = row};
  float *features = job->features + i * job->feature_count;
  const float *outputs = o->features ? features : job->logits + i * job->spec.classes;
  if (!*problem)
    check_finite(result.path, outputs, o->features ? job->feature_count : job->spec.classes, problem);
  if (*problem) {
    result.problem = problem;
    job->failed++;
    tool_complain(name, "%s", problem);
  } else if (!o->features) {
    scores_rank(outputs, job->spec.classes, job->scores);
    result.scores = job->scores;
    result.shown = job->shown;
    for (size_t rank = 0; rank < job->shown; rank++)
      job->names[rank] = labels_name(&job->labels, job->scores[rank].index, job->rooms[rank]);
    result.names = job->names;
  }
  int status = o->features ? write_features(job, features, *problem) : TOOL_OK;
  if (!status && !results_add(&job->results, &result))
    status = output_failed(job);
  return status;
}

/* The next batch, which may be a short one, or one with gaps: then some of its images are old ones, whose results
 * nobody looks at. */
static int run_batch(classify_job *job) {
  const classify_options *o = job->options;
  size_t left = job->shard.count - job->done, count = left < job->batch ? left : job->batch, readable = 0;
  for (size_t i = 0; i < count; i++)
    readable += photo_read(&job->photos.photos[job->shard.first + job->done + i], &o->transform,
                           job->images + i * job->image_floats, job->problems[i]);
  cardinal_error error;
  if (readable && cardinal_net_run_profiled(job->net, job->images, job->features, o->features ? NULL : job->logits,
                                            job->arena, NULL, after_layer, job, &error))
    return tool_fail(name, "%s", error.message);
  tool_progress_clear();
  for (size_t i = 0; i < count; i++) {
    int status = show_photo(job, i);
    if (status)
      return status;
  }
  job->done += count;
  return results_flush(&job->results) ? TOOL_OK : output_failed(job);
}

/* ---- the whole ----------------------------------------------------------------------------------------------- */

static int print_summary(classify_job *job) {
  const classify_options *o = job->options;
  if (o->format == RESULTS_TEXT) {
    if (o->features)
      printf("wrote %zu x %zu features to %s\n", job->shard.count, job->feature_count, job->shard.path);
    if (o->profile)
      profile_print(&job->profile);
  }
  if (o->format != RESULTS_JSON)
    return TOOL_OK;
  json_t *document = json_pack("{s:s, s:o, s:b, s:s, s:s, s:I, s:I, s:O}", "model", job->spec.name, "weights",
                               tool_json_text(o->network.weights), "synthetic", !o->network.weights, "precision",
                               cardinal_precision_name(cardinal_net_precision(job->net)), "isa",
                               cardinal_isa_name(cardinal_context_isa(job->context)), "threads",
                               (json_int_t)cardinal_context_threads(job->context), "failed", (json_int_t)job->failed,
                               "photos", job->results.photos);
  bool complete = document;
  if (!o->network.weights)
    complete &=
        !json_object_set_new(document, "note", json_string("The weights are synthetic: the results mean nothing."));
  if (o->features)
    complete &= !json_object_set_new(document, "features", tool_json_text(job->shard.path));
  if (o->profile)
    complete &= !json_object_set_new(document, "profile", profile_json(&job->profile));
  if (!complete) {
    json_decref(document);
    document = NULL;
  }
  return tool_print_json(name, document) ? TOOL_OK : TOOL_FAILED;
}

static int run_job(classify_job *job) {
  const classify_options *o = job->options;
  int status = set_up(job);
  if (status || job->shard.done)
    return status;
  if (!o->network.weights)
    fprintf(stderr, "No --weights were given: %s runs with synthetic weights, and its %s mean nothing.\n",
            job->spec.name, o->features ? "features" : "classes");
  job->start = time(NULL);
  while (!status && job->done < job->shard.count)
    status = run_batch(job);
  cardinal_error error;
  if (!status && o->profile &&
      profile_measure(job->context, job->net, (int64_t)job->batch, job->images, job->logits, job->arena, &job->profile,
                      &error))
    status = tool_fail(name, "%s", error.message);
  if (!status && o->features && !outfile_finish(&job->features_file))
    status = features_failed(job);
  if (!status && o->output && !outfile_finish(&job->output_file))
    status = tool_fail(name, "%s: %s", o->output, job->output_file.problem);
  if (!status)
    status = classify_shard_end(&job->shard, job->failed);
  if (!status)
    status = print_summary(job);
  if (!status && job->failed)
    status = tool_fail(name, "%zu of %zu photos gave no result", job->failed, job->shard.count);
  return status;
}

static int run(int argc, char **argv) {
  classify_options options;
  classify_options_read(&options, argc, argv);
  classify_job job = {.options = &options, .photos = {.command = name}};
  cardinal_net_spec_init(&job.spec);
  int status = run_job(&job);
  tear_down(&job);
  return status;
}

const command classify_command = {
    .name = name,
    .summary = "print what photos show",
    .run = run,
};
