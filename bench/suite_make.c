/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/suite.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite_entries.h"

/* Each network is a model in each of these; f32 comes first, since the others' layers follow from its own. */
static const struct {
  cardinal_format format;
  cardinal_precision precision;
} formats[] = {{CARDINAL_FORMAT_F32, CARDINAL_PRECISION_F32},
               {CARDINAL_FORMAT_BF16, CARDINAL_PRECISION_BF16},
               {CARDINAL_FORMAT_INT8, CARDINAL_PRECISION_INT8}};

enum {
  FORMATS = sizeof formats / sizeof formats[0]
};

/* "resnext50_8x14d": depth, cardinality and width of a custom member of the family. */
static bool spec_of(const char *name, cardinal_net_spec *spec, cardinal_error *error) {
  *spec = (cardinal_net_spec){.struct_size = sizeof *spec};
  if (cardinal_net_spec_named(name, spec, error) == CARDINAL_OK)
    return true;
  unsigned depth, cardinality, width;
  int length = 0;
  if (sscanf(name, "resnext%u_%ux%ud%n", &depth, &cardinality, &width, &length) != 3 || name[length] || !length)
    return false;
  return cardinal_net_spec_custom(depth, cardinality, width, spec, error) == CARDINAL_OK;
}

static bool add_model(bench_suite *s, const char *name, char *error, size_t size) {
  cardinal_error reason;
  bench_model model = {.first_layer = s->layer_count};
  if (!spec_of(name, &model.spec, &reason)) {
    snprintf(error, size, "--cardinal_models: %s", reason.message);
    return false;
  }
  for (size_t i = 0; i < FORMATS; ++i) {
    model.format = formats[i].format;
    model.precision = formats[i].precision;
    s->models = bench_grow(s->models, s->model_count, sizeof *s->models);
    s->models[s->model_count++] = model;
  }
  return true;
}

static bool add_models(bench_suite *s, char *error, size_t size) {
  if (!s->options->models) {
    /* The one whose layers belong to the standard selection comes first. */
    static const char standard[] = "resnext50_32x4d";
    if (!add_model(s, standard, error, size))
      return false;
    for (size_t i = 0; cardinal_net_model_name(i); ++i)
      if (strcmp(cardinal_net_model_name(i), standard) != 0 && !add_model(s, cardinal_net_model_name(i), error, size))
        return false;
    return true;
  }
  char names[512];
  if (strlen(s->options->models) >= sizeof names) {
    snprintf(error, size, "--cardinal_models: the list is longer than %zu characters", sizeof names - 1);
    return false;
  }
  memcpy(names, s->options->models, strlen(s->options->models) + 1);
  char *rest = names;
  for (char *name; (name = strtok_r(rest, ",", &rest));)
    if (!add_model(s, name, error, size))
      return false;
  if (s->model_count == 0)
    snprintf(error, size, "--cardinal_models: no model is named");
  return s->model_count > 0;
}

static size_t problem_of(bench_suite *s, const bench_problem *problem) {
  for (size_t i = 0; i < s->problem_count; ++i)
    if (bench_problem_same(&s->problems[i], problem))
      return i;
  s->problems = bench_grow(s->problems, s->problem_count, sizeof *s->problems);
  s->problems[s->problem_count] = *problem;
  return s->problem_count++;
}

static void add_layer(bench_suite *s, const char *name, const bench_problem *problem) {
  bench_layer added = {.problem = problem_of(s, problem)};
  snprintf(added.name, sizeof added.name, "%s", name);
  s->layers = bench_grow(s->layers, s->layer_count, sizeof *s->layers);
  s->layers[s->layer_count++] = added;
}

/* Asks a network in f32 for its layers. */
static bool add_layers(bench_suite *s, bench_model *model, const cardinal_context *context, cardinal_error *error) {
  cardinal_weights *weights = NULL;
  cardinal_net *net = NULL;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  cardinal_status status = cardinal_weights_synthetic(&model->spec, 0, &weights, error);
  if (!status)
    status = cardinal_net_create(context, &model->spec, weights, &desc, &net, error);
  model->first_layer = s->layer_count;
  for (size_t i = 0; !status && i < cardinal_net_layer_count(net); ++i) {
    cardinal_net_layer layer = {.struct_size = sizeof layer};
    bench_problem problem;
    status = cardinal_net_layer_get(net, i, &layer);
    if (!status && bench_problem_init(&problem, &layer))
      add_layer(s, layer.name, &problem);
  }
  model->end_layer = s->layer_count;
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  return status == CARDINAL_OK;
}

/* A layer of f32 as a network of another format has it, which is dear to make: images are float in bf16; in int8 they
 * are padded already, since their zeros aren't those of int8. Logits are float. */
static bool in_format(const bench_problem *f32, cardinal_format format, bench_problem *to) {
  cardinal_conv_desc conv = f32->conv;
  cardinal_pool_desc pool = f32->pool;
  const bool images = f32->is_conv && conv.x_layout == CARDINAL_LAYOUT_NCHW;
  const bool logits = f32->is_conv && conv.y_layout == CARDINAL_LAYOUT_NCHW;
  pool.format = conv.format = format;
  conv.x_format = images && format == CARDINAL_FORMAT_BF16 ? CARDINAL_FORMAT_F32 : format;
  conv.y_format = logits ? CARDINAL_FORMAT_F32 : format;
  if (images && format == CARDINAL_FORMAT_INT8) {
    conv.x_layout = CARDINAL_LAYOUT_BLOCKED16;
    conv.in_height += conv.pad_top + conv.pad_bottom;
    conv.in_width += conv.pad_left + conv.pad_right;
    conv.pad_top = conv.pad_bottom = conv.pad_left = conv.pad_right = 0;
  }
  return bench_problem_of(to, f32->is_conv ? &conv : NULL, f32->is_conv ? NULL : &pool);
}

/* The layers of `f32` in the model's format. */
static void add_layers_like(bench_suite *s, bench_model *model, const bench_model *f32) {
  model->first_layer = s->layer_count;
  for (size_t i = f32->first_layer; i < f32->end_layer; ++i) {
    const bench_layer like = s->layers[i];
    bench_problem problem;
    if (in_format(&s->problems[like.problem], model->format, &problem))
      add_layer(s, like.name, &problem);
  }
  model->end_layer = s->layer_count;
}

/* A given problem as a layer. Underscores keep its name in one word. */
static bool add_case(bench_suite *s, const gauntlet_problem *given, char *error, size_t size) {
  const bool is_conv = given->operation == CARDINAL_PLUGIN_CONV;
  bench_problem problem;
  char name[GAUNTLET_DESCRIPTOR_BYTES];
  gauntlet_describe(given, name);
  if (!bench_problem_of(&problem, is_conv ? &given->conv : NULL, is_conv ? NULL : &given->pool)) {
    snprintf(error, size, "'%s': the sizes don't fit together", name);
    return false;
  }
  for (char *c = name; *c; ++c)
    *c = *c == ' ' ? '_' : *c;
  add_layer(s, name, &problem);
  return true;
}

/* The same in another format. False where that can't be. */
static bool case_in_format(const gauntlet_problem *given, cardinal_format format, gauntlet_problem *to) {
  char text[GAUNTLET_DESCRIPTOR_BYTES], with_format[GAUNTLET_DESCRIPTOR_BYTES + 8];
  snprintf(with_format, sizeof with_format, "%s %s", gauntlet_describe(given, text), cardinal_format_name(format));
  return gauntlet_parse(with_format, to, NULL);
}

/* Given problems as the layers of a model of their own: those that name no format in each one, but for sweeps, which
 * are long, and beside kernels of a plug-in, which mostly know one. */
static bool add_cases(bench_suite *s, const gauntlet_problems *cases, bench_cases kind, char *error, size_t size) {
  bench_model model = {.cases = kind, .first_layer = s->layer_count};
  snprintf(model.spec.name, sizeof model.spec.name, kind == BENCH_SWEPT ? "sweep" : "case");
  for (size_t i = 0; i < cases->count; ++i) {
    const gauntlet_problem *given = &cases->problem[i];
    if (!add_case(s, given, error, size))
      return false;
    if (given->format_given || kind == BENCH_SWEPT || s->options->kernel)
      continue;
    for (int format = CARDINAL_FORMAT_BF16; format <= CARDINAL_FORMAT_INT8; ++format) {
      gauntlet_problem like;
      if (case_in_format(given, (cardinal_format)format, &like) && !add_case(s, &like, error, size))
        return false;
    }
  }
  model.end_layer = s->layer_count;
  s->models = bench_grow(s->models, s->model_count, sizeof *s->models);
  s->models[s->model_count++] = model;
  return true;
}

static bool select_entries(bench_suite *s, char *error, size_t size) {
  const char *filter = s->options->filter;
  if (!filter) {
    for (size_t i = 0; i < s->entry_count; ++i)
      s->entries[i].selected = s->options->list || s->entries[i].standard;
    return true;
  }
  const bool inverted = filter[0] == '-';
  regex_t regex;
  const int status = regcomp(&regex, filter + inverted, REG_EXTENDED | REG_NOSUB);
  if (status) {
    char reason[128];
    regerror(status, &regex, reason, sizeof reason);
    snprintf(error, size, "--benchmark_filter: '%s' is not an extended regular expression: %s", filter, reason);
    return false;
  }
  bool any = false;
  for (size_t i = 0; i < s->entry_count; ++i) {
    s->entries[i].selected = (regexec(&regex, s->entries[i].name, 0, NULL, 0) == 0) != inverted;
    any = any || s->entries[i].selected;
  }
  regfree(&regex);
  if (!any)
    snprintf(error, size, "--benchmark_filter: no benchmark matches '%s'; --benchmark_list_tests lists them", filter);
  return any;
}

bool bench_suite_make(bench_suite *s, const bench_options *options, char *error, size_t size) {
  *s = (bench_suite){.options = options};
  bench_machine_read(&s->machine);
  cardinal_error reason;
  cardinal_context *context;
  cardinal_context_desc desc;
  cardinal_context_desc_init(&desc);
  desc.flags = CARDINAL_CONTEXT_IGNORE_ENVIRONMENT;
  if (cardinal_context_create(&desc, &context, &reason)) {
    snprintf(error, size, "%s", reason.message);
    return false;
  }
  s->best = cardinal_context_isa(context);
  s->all_threads = cardinal_context_threads(context);
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    s->usable[isa] = cardinal_isa_runs_here((cardinal_isa)isa);

  if (options->cases.count || options->sweep.count) {
    cardinal_context_destroy(context);
    if ((options->cases.count && !add_cases(s, &options->cases, BENCH_GIVEN, error, size)) ||
        (options->sweep.count && !add_cases(s, &options->sweep, BENCH_SWEPT, error, size)))
      return false;
    bench_entries_of_peaks(s);
    return bench_entries_of_cases(s, error, size) && select_entries(s, error, size);
  }
  bool good = add_models(s, error, size);
  /* The standard selection needs the layers of the first network only. */
  const size_t with_layers = options->filter || options->list ? s->model_count : FORMATS;
  for (size_t m = 0; good && m < with_layers; ++m) {
    if (s->models[m].format == CARDINAL_FORMAT_F32)
      good = add_layers(s, &s->models[m], context, &reason);
    else
      add_layers_like(s, &s->models[m], &s->models[m - m % FORMATS]);
    if (!good)
      snprintf(error, size, "%s", reason.message);
  }
  cardinal_context_destroy(context);
  if (!good)
    return false;

  bench_entries_of_peaks(s);
  /* Networks come before layers because they can't be cut short: the layers share what they leave of the time. */
  for (size_t m = 0; m < s->model_count; ++m)
    bench_entries_of_net(s, m);
  for (size_t m = 0; m < with_layers; ++m)
    for (size_t layer = s->models[m].first_layer; layer < s->models[m].end_layer; ++layer)
      bench_entries_of_layer(s, m, layer);
  return select_entries(s, error, size);
}
