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

cardinal_weights *cardinal_weights_new(const char *label) {
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
  free(weights->memory);
  free(weights->label);
  free(weights);
}

cardinal_status cardinal_weights_open(const char *path, cardinal_weights **weights, cardinal_error *error) {
  if (!path || !weights)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s is NULL", path ? "weights" : "path");
  cardinal_weights *made = cardinal_weights_new(path);
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
  cardinal_weights *made = cardinal_weights_new("synthetic weights");
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

static cardinal_status read_bytes(const cardinal_weights *weights, size_t offset, void *to, size_t bytes,
                                  cardinal_error *error) {
  if (!weights->memory)
    return cardinal_file_read_at(weights->descriptor, weights->label, offset, to, bytes, error);
  memcpy(to, weights->memory + offset, bytes);
  return CARDINAL_OK;
}

static void convert(cardinal_dtype dtype, const unsigned char *from, float *to, size_t count) {
  if (dtype == CARDINAL_DTYPE_F16)
    cardinal_convert_f16(from, to, count);
  else if (dtype == CARDINAL_DTYPE_BF16)
    cardinal_convert_bf16(from, to, count);
  else
    cardinal_convert_i8(from, to, count);
}

/* Values shorter than a float are read in pieces. */
static cardinal_status fetch_short(const cardinal_weights *weights, cardinal_dtype dtype, size_t offset, size_t count,
                                   float *to, cardinal_error *error) {
  unsigned char piece[16 * 1024];
  const size_t each = cardinal_dtype_bytes(dtype), most = sizeof piece / each;
  for (size_t done = 0; done < count;) {
    size_t now = count - done < most ? count - done : most;
    cardinal_status status = read_bytes(weights, offset + each * done, piece, each * now, error);
    if (status)
      return status;
    convert(dtype, piece, to + done, now);
    done += now;
  }
  return CARDINAL_OK;
}

cardinal_status cardinal_weights_fetch(const cardinal_weights *weights, const cardinal_tensor *tensor, size_t first,
                                       size_t count, float *to, cardinal_error *error) {
  if (cardinal_weights_are_synthetic(weights)) {
    cardinal_synthetic_fill(weights->seed, tensor, first, count, to);
    return CARDINAL_OK;
  }
  const size_t offset = tensor->begin + cardinal_dtype_bytes(tensor->dtype) * first;
  if (tensor->dtype == CARDINAL_DTYPE_F32)
    return read_bytes(weights, offset, to, sizeof *to * count, error);
  return fetch_short(weights, tensor->dtype, offset, count, to, error);
}

cardinal_status cardinal_weights_fetch_int8(const cardinal_weights *weights, const cardinal_tensor *tensor,
                                            size_t first, size_t count, int8_t *to, cardinal_error *error) {
  return read_bytes(weights, tensor->begin + first, to, count, error);
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
