/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/spec.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "net/architecture.h"
#include "net/common.h"

/* The first release's struct stays where it was; what comes later comes behind it. */
_Static_assert(offsetof(cardinal_net_spec, blocks) == 4 && offsetof(cardinal_net_spec, cardinality) == 20 &&
                   offsetof(cardinal_net_spec, width_per_group) == 24 && offsetof(cardinal_net_spec, classes) == 28 &&
                   offsetof(cardinal_net_spec, name) + sizeof((cardinal_net_spec){0}.name) == CARDINAL_NET_SPEC_LEAST &&
                   offsetof(cardinal_net_spec, stem_channels) == 80 &&
                   offsetof(cardinal_net_spec, stage_channels) == 84,
               "cardinal_net_spec has moved");

void cardinal_net_spec_init_sized(cardinal_net_spec *spec, size_t size) {
  memset(spec, 0, size);
  spec->struct_size = (uint32_t)size;
}

/* A macro of this name gives the size that the caller's header knows; whoever has no header gets the first release's.
 */
#undef cardinal_net_spec_init
void cardinal_net_spec_init(cardinal_net_spec *spec) {
  cardinal_net_spec_init_sized(spec, CARDINAL_NET_SPEC_LEAST);
}

/* ---- names --------------------------------------------------------------------------------------------------- */

/* torchvision's, and the paper's resnext101_32x4d, which it lacks. */
static const struct {
  const char *name;
  uint32_t depth, cardinality, width_per_group;
} models[] = {
    {"resnet50", 50, 1, 64},          {"resnet101", 101, 1, 64},         {"resnet152", 152, 1, 64},
    {"wide_resnet50_2", 50, 1, 128},  {"wide_resnet101_2", 101, 1, 128}, {"resnext50_32x4d", 50, 32, 4},
    {"resnext101_32x4d", 101, 32, 4}, {"resnext101_32x8d", 101, 32, 8},  {"resnext101_64x4d", 101, 64, 4},
};
enum {
  MODEL_COUNT = sizeof models / sizeof models[0]
};

static const struct {
  uint32_t depth, blocks[CARDINAL_STAGES];
} depths[] = {{50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}, {152, {3, 8, 36, 3}}};
enum {
  DEPTH_COUNT = sizeof depths / sizeof depths[0]
};

const char *cardinal_net_model_name(size_t index) {
  return index < MODEL_COUNT ? models[index].name : NULL;
}

/* The blocks that a depth stands for; NULL: it stands for none. */
static const uint32_t *blocks_of_depth(uint32_t depth) {
  for (size_t i = 0; i < DEPTH_COUNT; i++)
    if (depths[i].depth == depth)
      return depths[i].blocks;
  return NULL;
}

static uint32_t stem_of(const cardinal_net_spec *spec) {
  return spec->stem_channels ? spec->stem_channels : CARDINAL_USUAL_STEM;
}

static uint32_t stage_of(const cardinal_net_spec *spec) {
  return spec->stage_channels ? spec->stage_channels : CARDINAL_USUAL_STAGE;
}

void cardinal_spec_set_name(cardinal_net_spec *spec) {
  const uint32_t *blocks = spec->blocks;
  /* Three convolutions a block, the stem and the fully connected layer. */
  uint32_t depth = 3 * (blocks[0] + blocks[1] + blocks[2] + blocks[3]) + 2;
  const uint32_t *usual = blocks_of_depth(depth);
  bool is_usual = usual && !memcmp(blocks, usual, sizeof spec->blocks);
  bool streams_usual = stem_of(spec) == CARDINAL_USUAL_STEM && stage_of(spec) == CARDINAL_USUAL_STAGE;
  for (size_t i = 0; is_usual && streams_usual && i < MODEL_COUNT; i++)
    if (models[i].depth == depth && models[i].cardinality == spec->cardinality &&
        models[i].width_per_group == spec->width_per_group) {
      snprintf(spec->name, sizeof spec->name, "%s", models[i].name);
      return;
    }
  char family[32], suffix[48] = "", streams[24] = "";
  if (spec->cardinality == 1 && spec->width_per_group == 64)
    snprintf(family, sizeof family, "resnet%" PRIu32, depth);
  else
    snprintf(family, sizeof family, "resnext%" PRIu32 "_%" PRIu32 "x%" PRIu32 "d", depth, spec->cardinality,
             spec->width_per_group);
  if (!is_usual)
    snprintf(suffix, sizeof suffix, "_%" PRIu32 "-%" PRIu32 "-%" PRIu32 "-%" PRIu32, blocks[0], blocks[1], blocks[2],
             blocks[3]);
  if (!streams_usual)
    snprintf(streams, sizeof streams, "_%" PRIu32 "to%" PRIu32, stem_of(spec), stage_of(spec));
  char whole[sizeof family + sizeof suffix + sizeof streams] = "";
  snprintf(whole, sizeof whole, "%s%s%s", family, suffix, streams);
  whole[sizeof spec->name - 1] = '\0';
  memcpy(spec->name, whole, sizeof spec->name);
}

/* Reads the numbers in a made-up name. Whether they belong together is seen when they are made a name again. */
static bool parse_name(const char *name, cardinal_net_spec *spec) {
  uint32_t depth;
  int used = 0;
  spec->cardinality = 1;
  spec->width_per_group = 64;
  if (sscanf(name, "resnext%9" SCNu32 "_%9" SCNu32 "x%9" SCNu32 "d%n", &depth, &spec->cardinality,
             &spec->width_per_group, &used) < 3 ||
      !used) {
    if (sscanf(name, "resnet%9" SCNu32 "%n", &depth, &used) < 1)
      return false;
  }
  const char *rest = name + used;
  const uint32_t *usual = blocks_of_depth(depth);
  uint32_t blocks[CARDINAL_STAGES];
  used = 0;
  if (sscanf(rest, "_%9" SCNu32 "-%9" SCNu32 "-%9" SCNu32 "-%9" SCNu32 "%n", &blocks[0], &blocks[1], &blocks[2],
             &blocks[3], &used) == CARDINAL_STAGES)
    rest += used;
  else if (usual)
    memcpy(blocks, usual, sizeof blocks);
  else
    return false;
  memcpy(spec->blocks, blocks, sizeof spec->blocks);
  return !*rest || sscanf(rest, "_%9" SCNu32 "to%9" SCNu32, &spec->stem_channels, &spec->stage_channels) == 2;
}

static cardinal_status say_unknown(const char *name, cardinal_error *error) {
  char known[512] = "";
  for (size_t i = 0; i < MODEL_COUNT; i++) {
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", models[i].name);
  }
  return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                           "unknown model \"%.100s\"; known models: %s, and names such as resnext50_8x14d for 8 groups "
                           "of width 14",
                           name, known);
}

cardinal_status cardinal_net_spec_named(const char *name, cardinal_net_spec *spec, cardinal_error *error) {
  if (!name)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "the model's name is NULL");
  for (size_t i = 0; i < MODEL_COUNT; i++)
    if (!strcmp(name, models[i].name))
      return cardinal_net_spec_custom(models[i].depth, models[i].cardinality, models[i].width_per_group, spec, error);

  cardinal_net_spec made = {.struct_size = sizeof made, .classes = 1000};
  if (!parse_name(name, &made))
    return say_unknown(name, error);
  cardinal_spec_set_name(&made);
  return strcmp(name, made.name) ? say_unknown(name, error) : cardinal_spec_give(&made, spec, error);
}

cardinal_status cardinal_net_spec_custom(uint32_t depth, uint32_t cardinality, uint32_t width_per_group,
                                         cardinal_net_spec *spec, cardinal_error *error) {
  const uint32_t *blocks = blocks_of_depth(depth);
  if (!blocks)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "depth is %" PRIu32 "; 50, 101 and 152 are known",
                             depth);
  cardinal_net_spec made = {
      .struct_size = sizeof made, .cardinality = cardinality, .width_per_group = width_per_group, .classes = 1000};
  memcpy(made.blocks, blocks, sizeof made.blocks);
  cardinal_spec_set_name(&made);
  return cardinal_spec_give(&made, spec, error);
}

/* ---- checks -------------------------------------------------------------------------------------------------- */

cardinal_status cardinal_spec_take(const cardinal_net_spec *spec, cardinal_net_spec *taken, cardinal_error *error) {
  cardinal_net_spec made = {0};
  cardinal_status status = cardinal_net_take(&made, sizeof made, CARDINAL_NET_SPEC_LEAST, spec, "spec", error);
  if (status)
    return status;
  for (int stage = 0; stage < CARDINAL_STAGES; stage++)
    if (made.blocks[stage] < 1 || made.blocks[stage] > CARDINAL_MAX_BLOCKS)
      return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "spec.blocks[%d] is %" PRIu32 ", expected 1 to %d",
                               stage, made.blocks[stage], CARDINAL_MAX_BLOCKS);
  if (made.cardinality < 1 || made.cardinality > CARDINAL_MAX_CARDINALITY)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "cardinality is %" PRIu32 ", expected 1 to %d",
                             made.cardinality, CARDINAL_MAX_CARDINALITY);
  if (made.width_per_group < 1 || made.width_per_group > CARDINAL_MAX_WIDTH)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "width per group is %" PRIu32 ", expected 1 to %d",
                             made.width_per_group, CARDINAL_MAX_WIDTH);
  if (made.classes < 1 || made.classes > CARDINAL_MAX_CLASSES)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "spec.classes is %" PRIu32 ", expected 1 to 2^24",
                             made.classes);
  made.stem_channels = stem_of(&made);
  if (made.stem_channels > CARDINAL_MAX_STREAM)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "spec.stem_channels is %" PRIu32 ", expected 1 to %d",
                             made.stem_channels, CARDINAL_MAX_STREAM);
  made.stage_channels = stage_of(&made);
  if (made.stage_channels > CARDINAL_MAX_STREAM || made.stage_channels % 2)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "spec.stage_channels is %" PRIu32 ", expected an even number from 2 to %d",
                             made.stage_channels, CARDINAL_MAX_STREAM);
  made.struct_size = sizeof made;
  made.name[sizeof made.name - 1] = '\0';
  *taken = made;
  return CARDINAL_OK;
}

cardinal_status cardinal_spec_give(const cardinal_net_spec *made, cardinal_net_spec *spec, cardinal_error *error) {
  cardinal_net_spec checked;
  cardinal_status status = cardinal_spec_take(made, &checked, error);
  if (!status)
    status = cardinal_net_check_room(spec, CARDINAL_NET_SPEC_LEAST, "spec", error);
  if (!status)
    cardinal_net_give(spec, &checked, sizeof checked);
  return status;
}

cardinal_status cardinal_image_size_check(int64_t height, int64_t width, cardinal_error *error) {
  if (height < CARDINAL_MIN_IMAGE || height > CARDINAL_MAX_IMAGE || width < CARDINAL_MIN_IMAGE ||
      width > CARDINAL_MAX_IMAGE)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT,
                             "the image is %" PRId64 "×%" PRId64 ", expected %d to %d rows and columns", height, width,
                             CARDINAL_MIN_IMAGE, CARDINAL_MAX_IMAGE);
  return CARDINAL_OK;
}

/* ---- counting ------------------------------------------------------------------------------------------------ */

cardinal_status cardinal_net_count(const cardinal_net_spec *spec, int64_t image_height, int64_t image_width,
                                   uint64_t *parameters, uint64_t *multiply_adds, cardinal_error *error) {
  cardinal_net_spec taken;
  cardinal_status status = cardinal_spec_take(spec, &taken, error);
  if (!status)
    status = cardinal_image_size_check(image_height, image_width, error);
  if (status)
    return status;

  uint64_t parameter_sum = 0, multiply_add_sum = 0;
  cardinal_walker walker;
  cardinal_layer layer;
  cardinal_walk_start(&walker, &taken, image_height, image_width);
  while (cardinal_walk_next(&walker, &layer)) {
    uint64_t layer_multiply_adds;
    if (!cardinal_layer_multiply_adds(&layer, &layer_multiply_adds) ||
        __builtin_add_overflow(multiply_add_sum, layer_multiply_adds, &multiply_add_sum))
      return cardinal_net_fail(error, CARDINAL_OVERFLOW, "the multiply-adds of %s don't fit 64 bits", taken.name);
    if (layer.kind != CARDINAL_LAYER_CONV && layer.kind != CARDINAL_LAYER_FULLY_CONNECTED)
      continue;
    /* At most 2^23 channels on either side, 2^10 blocks a stage: no overflow here. */
    uint64_t out_channels = (uint64_t)layer.out_channels;
    uint64_t scales_and_shifts = layer.kind == CARDINAL_LAYER_CONV ? 2 : 1;
    parameter_sum += out_channels * (uint64_t)(layer.in_channels / layer.groups * layer.kernel * layer.kernel);
    parameter_sum += out_channels * scales_and_shifts;
  }
  if (parameters)
    *parameters = parameter_sum;
  if (multiply_adds)
    *multiply_adds = multiply_add_sum;
  return CARDINAL_OK;
}
