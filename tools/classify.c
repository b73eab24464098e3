/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal classify`: photos in, classes or features out. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/image.h>

#include "tools/command.h"
#include "tools/labels.h"
#include "tools/npy.h"
#include "tools/outfile.h"
#include "tools/profile.h"

static const char name[] = "classify";

enum {
  CROP = 224,
  FEATURES = 2048,
  IMAGE_FLOATS = 3 * CROP * CROP,
  MOST_PHOTOS_A_BATCH = 1024
};

static const char help_text[] =
    "usage: cardinal classify [OPTION...] PHOTO...\n"
    "\n"
    "Prints the most probable classes of each photo (JPEG or PNG). The photo is prepared as torchvision does for\n"
    "evaluation: the shorter side resized, the central 224x224 pixels cut out, colours normalised.\n"
    "\n"
    "Network and weights:\n"
    "  --weights FILE      weights as a safetensors file with torchvision's names, in F32, F16 or BF16;\n"
    "                      without it the weights are synthetic, and the classes mean nothing\n"
    "  --model NAME        resnet50, resnet101, resnext50_32x4d, resnext101_32x4d, resnext101_32x8d or\n"
    "                      resnext101_64x4d; by default what the weights are for, or resnext50_32x4d\n"
    "  --arch DEPTH --cardinality GROUPS --width WIDTH\n"
    "                      another member of the family: 50 or 101 layers, and the number and the width of the\n"
    "                      groups in the first stage, such as --arch 50 --cardinality 8 --width 14\n"
    "  --seed N            seed of the synthetic weights (default 0)\n"
    "\n"
    "Photos and results:\n"
    "  --resize N          length of the shorter side before the crop, from 224 on (default 256; 232 for\n"
    "                      torchvision's newer weights)\n"
    "  --top N             how many classes to show (default 5)\n"
    "  --labels FILE       names of the classes, one a line (default: ImageNet's, if there are 1000 classes)\n"
    "  --features FILE     write the 2048 pooled features of each photo to a .npy file, and show no classes\n"
    "  --json              print one JSON document\n"
    "\n"
    "Running:\n"
    "  --batch N           photos that go through the network at once, 1 to 1024 (default 1)\n"
    "  --threads N         threads (default: one per core that this process may use)\n"
    "  --isa NAME          the highest instruction set to use: generic, neon, avx2 or avx512\n"
    "  --profile           also show, for each layer, its kernel, time, rate and share of the measured peak\n"
    "  --help              print this text\n";

typedef struct {
  model_options model;
  context_options context;
  const char *weights, *labels, *features;
  uint64_t seed, top, resize, batch;
  bool top_given, json, profile;
  char **photos;
  size_t photo_count;
} classify_options;

/* One run of the command. */
typedef struct {
  const classify_options *options;
  cardinal_context *context;
  cardinal_weights *weights;
  cardinal_net_spec spec;
  cardinal_net *net;
  class_labels labels;
  size_t batch;
  float *images, *logits, *features;
  void *arena;
  outfile features_file;
  json_t *json_photos;
  net_profile profile;
  job_progress progress;
  size_t photos_done;
} classify_job;

/* ---- options ------------------------------------------------------------------------------------------------- */

enum {
  OPTION_WEIGHTS = 256,
  OPTION_MODEL,
  OPTION_ARCH,
  OPTION_CARDINALITY,
  OPTION_WIDTH,
  OPTION_SEED,
  OPTION_RESIZE,
  OPTION_TOP,
  OPTION_LABELS,
  OPTION_FEATURES,
  OPTION_JSON,
  OPTION_BATCH,
  OPTION_THREADS,
  OPTION_ISA,
  OPTION_PROFILE,
  OPTION_HELP
};

static const struct option long_options[] = {
    {"weights", required_argument, NULL, OPTION_WEIGHTS},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"arch", required_argument, NULL, OPTION_ARCH},
    {"cardinality", required_argument, NULL, OPTION_CARDINALITY},
    {"width", required_argument, NULL, OPTION_WIDTH},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"resize", required_argument, NULL, OPTION_RESIZE},
    {"top", required_argument, NULL, OPTION_TOP},
    {"labels", required_argument, NULL, OPTION_LABELS},
    {"features", required_argument, NULL, OPTION_FEATURES},
    {"json", no_argument, NULL, OPTION_JSON},
    {"batch", required_argument, NULL, OPTION_BATCH},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"isa", required_argument, NULL, OPTION_ISA},
    {"profile", no_argument, NULL, OPTION_PROFILE},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static bool read_option(classify_options *to, int option) {
  switch (option) {
  case OPTION_WEIGHTS:
    to->weights = optarg;
    return true;
  case OPTION_MODEL:
    to->model.model = optarg;
    return true;
  case OPTION_ARCH:
    return tool_number(name, "--arch", optarg, 50, 101, &to->model.depth);
  case OPTION_CARDINALITY:
    return tool_number(name, "--cardinality", optarg, 1, 1024, &to->model.cardinality);
  case OPTION_WIDTH:
    return tool_number(name, "--width", optarg, 1, 1024, &to->model.width);
  case OPTION_SEED:
    return tool_number(name, "--seed", optarg, 0, UINT64_MAX, &to->seed);
  case OPTION_RESIZE:
    return tool_number(name, "--resize", optarg, CROP, 65536, &to->resize);
  case OPTION_TOP:
    to->top_given = true;
    return tool_number(name, "--top", optarg, 1, 1 << 24, &to->top);
  case OPTION_LABELS:
    to->labels = optarg;
    return true;
  case OPTION_FEATURES:
    to->features = optarg;
    return true;
  case OPTION_JSON:
    to->json = true;
    return true;
  case OPTION_BATCH:
    return tool_number(name, "--batch", optarg, 1, MOST_PHOTOS_A_BATCH, &to->batch);
  case OPTION_THREADS:
    return tool_number(name, "--threads", optarg, 1, 4096, &to->context.threads);
  case OPTION_ISA:
    to->context.isa = optarg;
    return true;
  case OPTION_PROFILE:
    to->profile = true;
    return true;
  default:
    return false; /* getopt_long has said why */
  }
}

/* TOOL_OK to go on; otherwise the status to end with, but -1 if help was asked for. */
static int read_options(int argc, char **argv, classify_options *to) {
  *to = (classify_options){.top = 5, .resize = 256, .batch = 1};
  char title[] = "cardinal classify";
  argv[0] = title; /* getopt_long's messages begin with it */
  for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
    if (option == OPTION_HELP)
      return -1;
    if (!read_option(to, option))
      return TOOL_USAGE;
  }
  to->photos = argv + optind;
  to->photo_count = (size_t)(argc - optind);
  if (!to->photo_count)
    return tool_usage(name, "no photo was named");
  if (!tool_model_complete(name, &to->model))
    return TOOL_USAGE;
  if (to->features && (to->labels || to->top_given))
    return tool_usage(name, "--features shows no classes; --labels and --top have no meaning with it");
  return TOOL_OK;
}

/* ---- setting up ---------------------------------------------------------------------------------------------- */

/* The architecture that was asked for, or what the weights are for. */
static cardinal_status choose_network(classify_job *job, cardinal_error *error) {
  const classify_options *o = job->options;
  model_options model = o->model;
  if (!o->weights && !tool_model_given(&model))
    model.model = "resnext50_32x4d";
  cardinal_status status = CARDINAL_OK;
  if (o->weights)
    status = cardinal_weights_open(o->weights, &job->weights, error);
  if (!status)
    status = tool_model_given(&model) ? tool_make_spec(&model, &job->spec, error)
                                      : cardinal_weights_spec(job->weights, &job->spec, error);
  if (!status && o->weights && tool_model_given(&model)) {
    /* A named model has 1000 classes by convention; one trained for others is still that model. */
    cardinal_net_spec recognised = {.struct_size = sizeof recognised};
    if (!cardinal_weights_spec(job->weights, &recognised, NULL))
      job->spec.classes = recognised.classes;
  }
  if (!status && !o->weights)
    status = cardinal_weights_synthetic(&job->spec, o->seed, &job->weights, error);
  return status;
}

static cardinal_status make_network(classify_job *job, cardinal_error *error) {
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)job->batch;
  cardinal_status status = cardinal_net_create(job->context, &job->spec, job->weights, &desc, &job->net, error);
  cardinal_weights_destroy(job->weights);
  job->weights = NULL;
  return status;
}

static bool allocate_buffers(classify_job *job) {
  job->images = calloc(job->batch, IMAGE_FLOATS * sizeof *job->images);
  job->logits = calloc(job->batch, job->spec.classes * sizeof *job->logits);
  job->features = calloc(job->batch, FEATURES * sizeof *job->features);
  job->arena = malloc(cardinal_net_arena_bytes(job->net));
  return job->images && job->logits && job->features && job->arena;
}

static int features_failed(const classify_job *job) {
  return tool_fail(name, "%s: %s", job->options->features, job->features_file.problem);
}

static int set_up(classify_job *job) {
  const classify_options *o = job->options;
  cardinal_error error;
  job->batch = o->batch < o->photo_count ? o->batch : o->photo_count;
  if (tool_make_context(&o->context, &job->context, &error) || choose_network(job, &error))
    return tool_fail(name, "%s", error.message);
  if (o->top_given && o->top > job->spec.classes)
    return tool_usage(name, "--top: the network has %" PRIu32 " classes, not %" PRIu64, job->spec.classes, o->top);
  if (!labels_load(&job->labels, o->labels, job->spec.classes))
    return TOOL_FAILED;
  if (make_network(job, &error))
    return tool_fail(name, "%s", error.message);
  if (!allocate_buffers(job))
    return tool_fail(name, "no memory for a batch of %zu photos", job->batch);
  if (o->features) {
    if (!outfile_open(&job->features_file, o->features))
      return features_failed(job);
    char header[NPY_HEADER_BYTES];
    npy_header(header, o->photo_count, FEATURES);
    if (!outfile_write(&job->features_file, header, sizeof header))
      return features_failed(job);
  }
  job->json_photos = json_array();
  return TOOL_OK;
}

static void tear_down(classify_job *job) {
  profile_free(&job->profile);
  json_decref(job->json_photos);
  outfile_abandon(&job->features_file);
  free(job->images);
  free(job->logits);
  free(job->features);
  free(job->arena);
  labels_free(&job->labels);
  cardinal_net_destroy(job->net);
  cardinal_weights_destroy(job->weights);
  cardinal_context_destroy(job->context);
}

/* ---- results ------------------------------------------------------------------------------------------------- */

typedef struct {
  size_t index;
  float logit;
  double probability;
} class_score;

/* Most probable first; equal ones by index. */
static int better_first(const void *a, const void *b) {
  const class_score *one = a, *other = b;
  if (one->logit != other->logit)
    return one->logit > other->logit ? -1 : 1;
  return (one->index > other->index) - (one->index < other->index);
}

static class_score *rank_classes(const float *logits, size_t classes) {
  class_score *scores = malloc(classes * sizeof *scores);
  if (!scores)
    return NULL;
  for (size_t i = 0; i < classes; i++)
    scores[i] = (class_score){.index = i, .logit = logits[i]};
  qsort(scores, classes, sizeof *scores, better_first);
  double sum = 0;
  for (size_t i = 0; i < classes; i++)
    sum += scores[i].probability = exp((double)scores[i].logit - (double)scores[0].logit);
  for (size_t i = 0; i < classes; i++)
    scores[i].probability /= sum;
  return scores;
}

/* Finite weights can still overflow on the way through a network that they weren't trained for. */
static bool check_finite(const char *photo, const float *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) {
      tool_fail(name, "%s: the network's output %zu is %f; are these weights in order?", photo, i, (double)values[i]);
      return false;
    }
  return true;
}

static bool show_classes(classify_job *job, const char *photo, const float *logits) {
  if (!check_finite(photo, logits, job->spec.classes))
    return false;
  class_score *scores = rank_classes(logits, job->spec.classes);
  if (!scores) {
    tool_fail(name, "no memory to rank %" PRIu32 " classes", job->spec.classes);
    return false;
  }
  json_t *top = json_array();
  size_t shown = job->options->top < job->spec.classes ? job->options->top : job->spec.classes;
  if (!job->options->json)
    printf("%s\n", photo);
  for (size_t i = 0; i < shown; i++) {
    char room[32];
    const char *label = labels_name(&job->labels, scores[i].index, room);
    if (job->options->json)
      json_array_append_new(top, json_pack("{s:I, s:o, s:f, s:f}", "class", (json_int_t)scores[i].index, "name",
                                           tool_json_text(label), "probability", scores[i].probability, "logit",
                                           (double)scores[i].logit));
    else
      printf("  %6.2f %%  %s (%zu)\n", 100 * scores[i].probability, label, scores[i].index);
  }
  if (job->options->json)
    json_array_append_new(job->json_photos, json_pack("{s:o, s:O}", "file", tool_json_text(photo), "top", top));
  json_decref(top);
  free(scores);
  return true;
}

static bool show_features(classify_job *job, const char *photo, const float *features) {
  if (job->options->json)
    json_array_append_new(job->json_photos, json_pack("{s:o}", "file", tool_json_text(photo)));
  if (!check_finite(photo, features, FEATURES))
    return false;
  return outfile_write(&job->features_file, features, FEATURES * sizeof *features) || features_failed(job) == TOOL_OK;
}

/* ---- running ------------------------------------------------------------------------------------------------- */

static void after_layer(void *user, size_t layer) {
  classify_job *job = user;
  tool_progress(&job->progress, "photo %zu of %zu, layer %zu of %zu", job->photos_done + 1, job->options->photo_count,
                layer + 1, cardinal_net_layer_count(job->net));
}

static bool read_photo(const char *path, int64_t resize, float *to) {
  cardinal_image image;
  cardinal_error error;
  cardinal_status status = cardinal_image_read(path, &image, &error);
  if (!status) {
    status = cardinal_image_transform(&image, resize, CROP, to, &error);
    cardinal_image_free(&image);
  }
  if (status)
    tool_fail(name, "%s", error.message);
  return !status;
}

/* The next batch, which may be a short one: then the rest of its images are old ones, whose results nobody looks at. */
static bool run_batch(classify_job *job) {
  const classify_options *o = job->options;
  char **photos = o->photos + job->photos_done;
  size_t left = o->photo_count - job->photos_done, count = left < job->batch ? left : job->batch;
  for (size_t i = 0; i < count; i++)
    if (!read_photo(photos[i], (int64_t)o->resize, job->images + i * IMAGE_FLOATS))
      return false;

  cardinal_error error;
  if (cardinal_net_run_profiled(job->net, job->images, job->features, o->features ? NULL : job->logits, job->arena,
                                NULL, after_layer, job, &error)) {
    tool_fail(name, "%s", error.message);
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    bool shown = o->features ? show_features(job, photos[i], job->features + i * FEATURES)
                             : show_classes(job, photos[i], job->logits + i * job->spec.classes);
    if (!shown)
      return false;
  }
  job->photos_done += count;
  return true;
}

static int print_summary(classify_job *job) {
  const classify_options *o = job->options;
  if (!o->json) {
    if (o->features)
      printf("wrote %zu x %d features to %s\n", o->photo_count, FEATURES, o->features);
    if (o->profile)
      profile_print(&job->profile);
    return TOOL_OK;
  }
  json_t *document =
      json_pack("{s:s, s:o, s:b, s:s, s:I, s:O}", "model", job->spec.name, "weights", tool_json_text(o->weights),
                "synthetic", !o->weights, "isa", cardinal_isa_name(cardinal_context_isa(job->context)), "threads",
                (json_int_t)cardinal_context_threads(job->context), "photos", job->json_photos);
  if (!o->weights)
    json_object_set_new(document, "note", json_string("The weights are synthetic: the results mean nothing."));
  if (o->features)
    json_object_set_new(document, "features", tool_json_text(o->features));
  if (o->profile)
    json_object_set_new(document, "profile", profile_json(&job->profile));
  return tool_print_json(name, document) ? TOOL_OK : TOOL_FAILED;
}

static int run_job(classify_job *job) {
  int status = set_up(job);
  if (status)
    return status;
  if (!job->options->weights)
    fprintf(stderr, "No --weights were given: %s runs with synthetic weights, and its %s mean nothing.\n",
            job->spec.name, job->options->features ? "features" : "classes");
  tool_progress_start(&job->progress);
  while (job->photos_done < job->options->photo_count)
    if (!run_batch(job))
      return TOOL_FAILED;
  if (job->options->profile) {
    cardinal_error error;
    if (profile_measure(job->context, job->net, (int64_t)job->batch, job->images, job->logits, job->arena,
                        &job->profile, &error))
      return tool_fail(name, "%s", error.message);
  }
  if (job->options->features && !outfile_finish(&job->features_file))
    return features_failed(job);
  return print_summary(job);
}

static int run(int argc, char **argv) {
  classify_options options;
  int status = read_options(argc, argv, &options);
  if (status == -1) {
    fputs(help_text, stdout);
    return TOOL_OK;
  }
  if (status)
    return status;
  classify_job job = {.options = &options, .spec = {.struct_size = sizeof job.spec}};
  status = run_job(&job);
  tear_down(&job);
  return status;
}

const command classify_command = {
    .name = name,
    .summary = "print what photos show",
    .help = help_text,
    .run = run,
};
