/* SPDX-License-Identifier: BSD-3-Clause */
/* Running networks, and telling about their layers. */
#include "net/network.h"

#include <stddef.h>
#include <string.h>

#include "kernels/fpenv.h"
#include "net/arena.h"
#include "net/common.h"
#include "net/convert.h"
#include "net/int8.h"

/* ---- layers -------------------------------------------------------------------------------------------------- */

enum {
  NET_LAYER_LEAST = 48 /* the size of the first release: never to be changed */
};

_Static_assert(offsetof(cardinal_net_layer, name) == 8 && offsetof(cardinal_net_layer, conv) == 24 &&
                   offsetof(cardinal_net_layer, multiply_adds) + sizeof(uint64_t) == NET_LAYER_LEAST,
               "cardinal_net_layer has moved");

void cardinal_net_layer_init_sized(cardinal_net_layer *layer, size_t size) {
  memset(layer, 0, size);
  layer->struct_size = (uint32_t)size;
}

/* A macro of this name gives the size that the caller's header knows; whoever has no header gets the first release's.
 */
#undef cardinal_net_layer_init
void cardinal_net_layer_init(cardinal_net_layer *layer) {
  cardinal_net_layer_init_sized(layer, NET_LAYER_LEAST);
}

size_t cardinal_net_layer_count(const cardinal_net *net) {
  return net->step_count;
}

cardinal_status cardinal_net_layer_get(const cardinal_net *net, size_t index, cardinal_net_layer *layer) {
  if (!net || index >= net->step_count || cardinal_net_check_room(layer, NET_LAYER_LEAST, "layer", NULL))
    return CARDINAL_INVALID_ARGUMENT;
  const cardinal_step *step = &net->steps[index];
  bool pools = cardinal_step_pools(step);
  cardinal_net_layer made = {
      .is_conv = !pools,
      .name = step->shape.name,
      .plan = step->plan,
      .conv = pools ? NULL : &step->conv,
      .pool = pools ? &step->pool : NULL,
      .multiply_adds = step->multiply_adds,
  };
  cardinal_net_give(layer, &made, sizeof made);
  return CARDINAL_OK;
}

/* ---- running ------------------------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  const void *begin;
  size_t bytes;
} extent;

/* The plans check each of their own arguments; only the network knows that all of them live at once. */
static cardinal_status check_overlap(const cardinal_net *net, const float *images, const float *features,
                                     const float *logits, const void *arena, cardinal_error *error) {
  extent extents[] = {
      {"images", images, net->image_floats * sizeof(float)},
      {"features", features, features ? net->feature_floats * sizeof(float) : 0},
      {"logits", logits, logits ? net->logit_floats * sizeof(float) : 0},
      {"arena", arena, net->arena_bytes},
  };
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < i; j++) {
      uintptr_t a = (uintptr_t)extents[i].begin, b = (uintptr_t)extents[j].begin;
      if (extents[i].bytes && extents[j].bytes && a < b + extents[j].bytes && b < a + extents[i].bytes)
        return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s and %s overlap in memory", extents[j].name,
                                 extents[i].name);
    }
  return CARDINAL_OK;
}

static char *aligned(void *arena) {
  const size_t misaligned = (uintptr_t)arena % CARDINAL_ARENA_ALIGNMENT;
  return (char *)arena + (misaligned ? CARDINAL_ARENA_ALIGNMENT - misaligned : 0);
}

void *cardinal_net_value(const cardinal_net *net, void *arena, uint32_t value) {
  return aligned(arena) + net->values[value];
}

void cardinal_net_output(const cardinal_net *net, void *arena, size_t step, float *to) {
  const cardinal_layer *layer = &net->steps[step].shape;
  const void *from = cardinal_net_value(net, arena, layer->y);
  size_t count = 0;
  /* The plan has such a tensor: its size fits. */
  cardinal_tensor_floats(CARDINAL_LAYOUT_BLOCKED16, net->batch, layer->out_channels, layer->out_height,
                         layer->out_width, &count);
  const cardinal_format format = cardinal_net_format(net);
  if (format == CARDINAL_FORMAT_F32)
    memcpy(to, from, count * sizeof *to);
  else if (format == CARDINAL_FORMAT_BF16)
    cardinal_convert_bf16(from, to, count);
  else
    cardinal_convert_i8(from, to, count);
  const cardinal_fp_modes caller = cardinal_fp_enter(false);
  for (size_t i = 0; format == CARDINAL_FORMAT_INT8 && i < count; i++)
    to[i] *= net->steps[step].scale;
  cardinal_fp_leave(caller);
}

/* Images as the stem takes them. */
static const void *take_images(const cardinal_net *net, const float *images, void *arena) {
  if (cardinal_net_format(net) != CARDINAL_FORMAT_INT8)
    return images;
  void *taken = cardinal_net_value(net, arena, CARDINAL_VALUE_IMAGES);
  cardinal_int8_take_images(net, images, taken);
  return taken;
}

static cardinal_status run_steps(const cardinal_net *net, const float *images, float *features, float *logits,
                                 void *arena, cardinal_net_visit before, cardinal_net_visit after, void *user,
                                 cardinal_error *error) {
  /* Floats can be computed where the caller wants them. */
  const bool own_features = features && cardinal_net_format(net) == CARDINAL_FORMAT_F32;
  for (size_t i = 0; i < net->step_count; i++) {
    const cardinal_step *step = &net->steps[i];
    uint32_t x_value = step->shape.x, y_value = step->shape.y;
    if (y_value == CARDINAL_VALUE_LOGITS && !logits)
      continue;
    if (before)
      before(user, i);
    const void *x = cardinal_net_value(net, arena, x_value);
    void *y = cardinal_net_value(net, arena, y_value);
    if (x_value == CARDINAL_VALUE_IMAGES)
      x = take_images(net, images, arena);
    if (x_value == CARDINAL_VALUE_FEATURES && own_features)
      x = features;
    if (y_value == CARDINAL_VALUE_FEATURES && own_features)
      y = features;
    if (y_value == CARDINAL_VALUE_LOGITS)
      y = logits;
    const cardinal_status status =
        cardinal_plan_run(step->plan, x, step->shape.adds_to_y ? y : NULL, y, aligned(arena) + step->scratch, error);
    if (status)
      return status;
    if (y_value == CARDINAL_VALUE_FEATURES && features && !own_features)
      cardinal_net_output(net, arena, i, features);
    if (after)
      after(user, i);
  }
  return CARDINAL_OK;
}

cardinal_status cardinal_net_run_profiled(const cardinal_net *net, const float *images, float *features, float *logits,
                                          void *arena, cardinal_net_visit before, cardinal_net_visit after, void *user,
                                          cardinal_error *error) {
  if (!net || !images || !arena)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "net, images or arena is NULL");
  cardinal_status status = check_overlap(net, images, features, logits, arena, error);
  if (status)
    return status;
  /* One team for all layers, awake from one to the next. */
  const int32_t held = cardinal_context_hold_threads(net->context);
  status = run_steps(net, images, features, logits, arena, before, after, user, error);
  if (held)
    cardinal_context_release_threads(net->context);
  return status;
}

cardinal_status cardinal_net_run(const cardinal_net *net, const float *images, float *features, float *logits,
                                 void *arena, cardinal_error *error) {
  return cardinal_net_run_profiled(net, images, features, logits, arena, NULL, NULL, NULL, error);
}
