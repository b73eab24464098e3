/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oneDNN's side of script/compare (docs/peers.md): grouped 3x3 convolutions with bias and ReLU, each alone, in the
 * layouts that oneDNN prefers. Built by script/compare against Debian's libdnnl-dev (the C API of oneDNN 2).
 *
 *   onednn_worker PRECISION BATCH THREADS NAME:CHANNELS:GROUPS:SIZE:STRIDE...
 *     alone SECONDS    answers {"seconds": {NAME: [of each run]}}; the layers share the time
 *
 * The first line is {"version": ..., "settings": ...} or {"error": ...}. Before it comes, each layer's whole output is
 * compared with plain loops, on small integers, which all three formats compute exactly.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dnnl.h>

enum {
  MOST_LAYERS = 64,
  LEAST_RUNS = 3,
  TAPS = 9
};

typedef struct layer {
  char name[64];
  int channels, groups, size, stride, batch;
  int *x, *weights, *bias; /* NCHW, OIHW */
  dnnl_primitive_t conv;
  dnnl_exec_arg_t arguments[4];
  dnnl_memory_t y;
} layer;

static dnnl_engine_t engine;
static dnnl_stream_t stream;

__attribute__((noreturn, format(printf, 1, 2))) static void give_up(const char *format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  printf("{\"error\": \"%s\"}\n", message);
  exit(EXIT_FAILURE);
}

static void must(dnnl_status_t status, const char *what) {
  if (status == dnnl_unimplemented)
    give_up("oneDNN doesn't implement %s on this CPU", what);
  if (status != dnnl_success)
    give_up("%s fails with status %d", what, (int)status);
}

static void *memory(size_t bytes) {
  void *block = malloc(bytes);
  if (!block)
    give_up("no memory for %zu bytes", bytes);
  return block;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- data ----------------------------------------------------------------------------------------------------- */

/* Integers from `least` on, `kinds` of them. */
static int *draw(size_t count, int least, int kinds) {
  static uint32_t state = 1;
  int *values = memory(count * sizeof *values);
  for (size_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = least + (int)((state >> 16) % (unsigned)kinds);
  }
  return values;
}

static size_t elements(const dnnl_memory_desc_t *desc) {
  size_t count = 1;
  for (int i = 0; i < desc->ndims; ++i)
    count *= (size_t)desc->dims[i];
  return count;
}

static dnnl_memory_t new_memory(const dnnl_memory_desc_t *desc) {
  dnnl_memory_t made;
  must(dnnl_memory_create(&made, desc, engine, DNNL_MEMORY_ALLOCATE), "memory");
  return made;
}

static void reorder(dnnl_memory_t from, dnnl_memory_t to) {
  const dnnl_memory_desc_t *from_desc, *to_desc;
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  dnnl_memory_get_memory_desc(from, &from_desc);
  dnnl_memory_get_memory_desc(to, &to_desc);
  must(dnnl_reorder_primitive_desc_create(&desc, from_desc, engine, to_desc, engine, NULL), "a reorder");
  must(dnnl_primitive_create(&primitive, desc), "a reorder");
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  must(dnnl_primitive_execute(primitive, stream, 2, arguments), "a reorder");
  must(dnnl_stream_wait(stream), "a reorder");
  dnnl_primitive_destroy(primitive);
  dnnl_primitive_desc_destroy(desc);
}

/* The same tensor as float32 in plain order. */
static dnnl_memory_t plain_floats(const dnnl_memory_desc_t *desc) {
  static const dnnl_format_tag_t tags[] = {[1] = dnnl_a, [4] = dnnl_abcd, [5] = dnnl_abcde};
  dnnl_memory_desc_t plain;
  must(dnnl_memory_desc_init_by_tag(&plain, desc->ndims, desc->dims, dnnl_f32, tags[desc->ndims]), "a layout");
  return new_memory(&plain);
}

/* A tensor with the given values, in oneDNN's layout and format. */
static dnnl_memory_t filled(const dnnl_memory_desc_t *desc, const int *values) {
  dnnl_memory_t plain = plain_floats(desc), made = new_memory(desc);
  void *to = NULL;
  must(dnnl_memory_get_data_handle(plain, &to), "a tensor");
  for (size_t i = 0; i < elements(desc); ++i)
    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): there is a value for each element */
    ((float *)to)[i] = (float)values[i];
  reorder(plain, made);
  dnnl_memory_destroy(plain);
  return made;
}

/* ---- a layer -------------------------------------------------------------------------------------------------- */

static int out_size(const layer *l) {
  return (l->size - 1) / l->stride + 1;
}

static void parse(layer *l, const char *text) {
  if (sscanf(text, "%63[^:]:%d:%d:%d:%d", l->name, &l->channels, &l->groups, &l->size, &l->stride) != 5)
    give_up("'%s' isn't NAME:CHANNELS:GROUPS:SIZE:STRIDE", text);
}

static void open_layer(layer *l, const char *precision) {
  const dnnl_data_type_t type = strcmp(precision, "f32") == 0    ? dnnl_f32
                                : strcmp(precision, "bf16") == 0 ? dnnl_bf16
                                                                 : dnnl_u8;
  const int width = l->channels / l->groups, size = out_size(l);
  const dnnl_dims_t x_dims = {l->batch, l->channels, l->size, l->size}, y_dims = {l->batch, l->channels, size, size},
                    w_dims = {l->groups, width, width, 3, 3}, b_dims = {l->channels}, strides = {l->stride, l->stride},
                    dilates = {0, 0}, padding = {1, 1};
  const int right = (size - 1) * l->stride + 3 - 1 - l->size;
  const dnnl_dims_t padding_right = {right, right};
  dnnl_memory_desc_t x, w, b, y;
  must(dnnl_memory_desc_init_by_tag(&x, 4, x_dims, type, dnnl_format_tag_any), "a layout");
  must(dnnl_memory_desc_init_by_tag(&y, 4, y_dims, type, dnnl_format_tag_any), "a layout");
  must(dnnl_memory_desc_init_by_tag(&w, 5, w_dims, type == dnnl_u8 ? dnnl_s8 : type, dnnl_format_tag_any), "a layout");
  must(dnnl_memory_desc_init_by_tag(&b, 1, b_dims, dnnl_f32, dnnl_a), "a layout");

  dnnl_post_ops_t relu;
  dnnl_primitive_attr_t attributes;
  must(dnnl_post_ops_create(&relu), "a ReLU");
  must(dnnl_post_ops_append_eltwise(relu, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f), "a ReLU");
  must(dnnl_primitive_attr_create(&attributes), "attributes");
  must(dnnl_primitive_attr_set_post_ops(attributes, relu), "a ReLU");
  if (type == dnnl_u8) { /* requantised as networks do it, by channels; 1 keeps integers */
    float *scales = memory((size_t)l->channels * sizeof *scales);
    for (int i = 0; i < l->channels; ++i)
      scales[i] = 1.0f;
    must(dnnl_primitive_attr_set_output_scales(attributes, l->channels, 1 << 1, scales), "scales");
    free(scales);
  }
  dnnl_convolution_desc_t desc;
  dnnl_primitive_desc_t chosen;
  must(dnnl_dilated_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &x, &w, &b,
                                                  &y, strides, dilates, padding, padding_right),
       "a grouped 3x3");
  must(dnnl_primitive_desc_create(&chosen, &desc, attributes, engine, NULL), "a grouped 3x3 of this format");
  must(dnnl_primitive_create(&l->conv, chosen), "a grouped 3x3");

  const size_t x_count = elements(&x), w_count = elements(&w);
  l->x = draw(x_count, 0, 2);
  l->weights = draw(w_count, -1, 3);
  l->bias = draw((size_t)l->channels, 0, 5);
  const dnnl_memory_desc_t *x_best = dnnl_primitive_desc_query_md(chosen, dnnl_query_src_md, 0),
                           *w_best = dnnl_primitive_desc_query_md(chosen, dnnl_query_weights_md, 0),
                           *y_best = dnnl_primitive_desc_query_md(chosen, dnnl_query_dst_md, 0);
  l->y = new_memory(y_best);
  l->arguments[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, filled(x_best, l->x)};
  l->arguments[1] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, filled(w_best, l->weights)};
  l->arguments[2] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, filled(&b, l->bias)};
  l->arguments[3] = (dnnl_exec_arg_t){DNNL_ARG_DST, l->y};
  dnnl_primitive_desc_destroy(chosen);
  dnnl_primitive_attr_destroy(attributes);
  dnnl_post_ops_destroy(relu);
}

static double timed_run(const layer *l) {
  const double start = now();
  must(dnnl_primitive_execute(l->conv, stream, 4, l->arguments), "a grouped 3x3");
  must(dnnl_stream_wait(stream), "a grouped 3x3");
  return now() - start;
}

/* The output for one channel of one image at one place, before the ReLU. */
static int expected(const layer *l, int image, int channel, int row, int column) {
  const int width = l->channels / l->groups, first = channel / width * width;
  int sum = l->bias[channel];
  for (int c = 0; c < width; ++c)
    for (int tap = 0; tap < TAPS; ++tap) {
      const int y = row * l->stride + tap / 3 - 1, x = column * l->stride + tap % 3 - 1;
      if (y >= 0 && y < l->size && x >= 0 && x < l->size)
        sum += l->weights[(channel * width + c) * TAPS + tap] *
               l->x[((image * l->channels + first + c) * l->size + y) * l->size + x];
    }
  return sum;
}

static void check(const layer *l) {
  timed_run(l);
  const dnnl_memory_desc_t *desc;
  dnnl_memory_get_memory_desc(l->y, &desc);
  dnnl_memory_t plain = plain_floats(desc);
  reorder(l->y, plain);
  void *found;
  dnnl_memory_get_data_handle(plain, &found);
  const int size = out_size(l);
  size_t i = 0;
  for (int image = 0; image < l->batch; ++image)
    for (int channel = 0; channel < l->channels; ++channel)
      for (int row = 0; row < size; ++row)
        for (int column = 0; column < size; ++column, ++i) {
          const int sum = expected(l, image, channel, row, column), right = sum > 0 ? sum : 0;
          const double y = (double)((const float *)found)[i];
          if (y != right)
            give_up("%s: output %zu is %g, expected %d", l->name, i, y, right);
        }
  dnnl_memory_destroy(plain);
  free(l->x);
  free(l->weights);
  free(l->bias);
}

static void answer_layers(const layer *layers, int count, double seconds) {
  printf("{\"seconds\": {");
  for (int i = 0; i < count; ++i) {
    printf("%s\"%s\": [", i ? ", " : "", layers[i].name);
    timed_run(&layers[i]);
    const double end = now() + seconds / count;
    for (int run = 0; run < LEAST_RUNS || now() < end; ++run)
      printf("%s%.9f", run ? ", " : "", timed_run(&layers[i]));
    printf("]");
  }
  printf("}}\n");
}

int main(int argc, char **argv) {
  static layer layers[MOST_LAYERS];
  setvbuf(stdout, NULL, _IOLBF, 1 << 16);
  const int count = argc - 4;
  if (count < 1 || count > MOST_LAYERS)
    give_up("usage: PRECISION BATCH THREADS, then 1 to %d of NAME:CHANNELS:GROUPS:SIZE:STRIDE", MOST_LAYERS);
  must(dnnl_engine_create(&engine, dnnl_cpu, 0), "an engine");
  must(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "a stream");
  for (int i = 0; i < count; ++i) {
    layers[i].batch = atoi(argv[2]);
    parse(&layers[i], argv[4 + i]);
    open_layer(&layers[i], argv[1]);
    check(&layers[i]);
  }
  const dnnl_version_t *version = dnnl_version();
  printf("{\"version\": \"%d.%d.%d\", \"settings\": \"each layer alone, its own layouts\"}\n", version->major,
         version->minor, version->patch);
  char line[64];
  double seconds;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "alone %lf", &seconds) != 1)
      give_up("unknown request");
    answer_layers(layers, count, seconds);
  }
  return EXIT_SUCCESS;
}
