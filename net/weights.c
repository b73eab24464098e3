/* SPDX-License-Identifier: BSD-3-Clause */
#define _DEFAULT_SOURCE
#include "net/weights.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/fpenv.h"
#include "net/common.h"
#include "net/convert.h"
#include "net/file.h"
#include "net/match.h"
#include "net/safetensors.h"
#include "net/spec.h"
#include "net/synthetic.h"

static cardinal_weights *new_weights(const char *label) {
  cardinal_weights *weights = calloc(1, sizeof *weights);
  if (!weights)
    return NULL;
  weights->descriptor = -1;
  weights->label = strdup(label);
  if (!weights->label) {
    free(weights);
    return NULL;
  }
  return weights;
}

void cardinal_weights_destroy(cardinal_weights *weights) {
  if (!weights)
    return;
  cardinal_table_free(&weights->table);
  if (weights->descriptor >= 0)
    cardinal_file_close(weights->descriptor);
  free(weights->label);
  free(weights);
}

cardinal_status cardinal_weights_open(const char *path, cardinal_weights **weights, cardinal_error *error) {
  if (!path || !weights)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s is NULL", path ? "weights" : "path");
  cardinal_weights *made = new_weights(path);
  if (!made)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory to open it", path);
  size_t size;
  cardinal_status status = cardinal_file_open(path, &made->descriptor, &size, error);
  if (!status)
    status = cardinal_safetensors_read(path, made->descriptor, size, &made->table, error);
  if (status) {
    cardinal_weights_destroy(made);
    return status;
  }
  *weights = made;
  return CARDINAL_OK;
}

cardinal_status cardinal_weights_synthetic(const cardinal_net_spec *spec, uint64_t seed, cardinal_weights **weights,
                                           cardinal_error *error) {
  if (!weights)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "weights is NULL");
  cardinal_net_spec taken;
  cardinal_status status = cardinal_spec_take(spec, &taken, error);
  if (status)
    return status;
  cardinal_weights *made = new_weights("synthetic weights");
  if (!made)
    return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for synthetic weights");
  made->seed = seed;
  status = cardinal_table_of_spec(&taken, &made->table, error);
  if (status) {
    cardinal_weights_destroy(made);
    return status;
  }
  *weights = made;
  return CARDINAL_OK;
}

cardinal_status cardinal_weights_spec(const cardinal_weights *weights, cardinal_net_spec *spec, cardinal_error *error) {
  if (!weights)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "weights is NULL");
  cardinal_net_spec made;
  cardinal_status status = cardinal_match_spec(&weights->table, weights->label, &made, error);
  return status ? status : cardinal_spec_give(&made, spec, error);
}

/* Half-precision values are read in pieces, which become floats twice as long. */
static cardinal_status fetch_halves(const cardinal_weights *weights, cardinal_dtype dtype, size_t offset, size_t count,
                                    float *to, cardinal_error *error) {
  unsigned char piece[16 * 1024];
  const size_t most = sizeof piece / 2;
  for (size_t done = 0; done < count;) {
    size_t now = count - done < most ? count - done : most;
    cardinal_status status =
        cardinal_file_read_at(weights->descriptor, weights->label, offset + 2 * done, piece, 2 * now, error);
    if (status)
      return status;
    if (dtype == CARDINAL_DTYPE_F16)
      cardinal_convert_f16(piece, to + done, now);
    else
      cardinal_convert_bf16(piece, to + done, now);
    done += now;
  }
  return CARDINAL_OK;
}

cardinal_status cardinal_weights_fetch(const cardinal_weights *weights, const cardinal_tensor *tensor, size_t first,
                                       size_t count, float *to, cardinal_error *error) {
  if (weights->descriptor < 0) {
    cardinal_synthetic_fill(weights->seed, tensor, first, count, to);
    return CARDINAL_OK;
  }
  if (tensor->dtype == CARDINAL_DTYPE_F32)
    return cardinal_file_read_at(weights->descriptor, weights->label, tensor->begin + 4 * first, to, 4 * count, error);
  return fetch_halves(weights, tensor->dtype, tensor->begin + 2 * first, count, to, error);
}

cardinal_status cardinal_weights_read(const cardinal_weights *weights, const char *name, float *to, size_t floats,
                                      cardinal_error *error) {
  if (!weights || !name || !to)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "weights, name or to is NULL");
  const cardinal_tensor *tensor = cardinal_table_find(&weights->table, name);
  if (!tensor)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: no tensor \"%.200s\"", weights->label, name);
  if (tensor->count != floats)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s: tensor \"%.200s\" has %zu elements, not %zu",
                             weights->label, name, tensor->count, floats);
  const cardinal_fp_modes caller = cardinal_fp_enter(false);
  cardinal_status status = cardinal_weights_fetch(weights, tensor, 0, floats, to, error);
  cardinal_fp_leave(caller);
  return status;
}
