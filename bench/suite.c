/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/suite.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *items, size_t count, size_t item_bytes) {
  void *grown = realloc(items, (count + 1) * item_bytes);
  if (!grown) {
    fprintf(stderr, "cardinal_bench: no memory for %zu bytes\n", (count + 1) * item_bytes);
    exit(EXIT_FAILURE);
  }
  return grown;
}

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
  s->models = grow(s->models, s->model_count, sizeof *s->models);
  s->models[s->model_count++] = model;
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
  s->problems = grow(s->problems, s->problem_count, sizeof *s->problems);
  s->problems[s->problem_count] = *problem;
  return s->problem_count++;
}

/* Asks a network for its layers. */
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
    if (status || !bench_problem_init(&problem, &layer))
      continue;
    bench_layer added = {.problem = problem_of(s, &problem)};
    snprintf(added.name, sizeof added.name, "%s", layer.name);
    s->layers = grow(s->layers, s->layer_count, sizeof *s->layers);
    s->layers[s->layer_count++] = added;
  }
  model->end_layer = s->layer_count;
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  return status == CARDINAL_OK;
}

/* The given problems as the layers of a model of their own. Underscores keep names in one word. */
static bool add_cases(bench_suite *s, char *error, size_t size) {
  bench_model model = {.is_cases = true, .first_layer = s->layer_count};
  snprintf(model.spec.name, sizeof model.spec.name, "case");
  for (size_t i = 0; i < s->options->case_count; ++i) {
    gauntlet_problem given;
    bench_problem problem;
    cardinal_error reason;
    if (!gauntlet_parse(s->options->cases[i], &given, &reason)) {
      snprintf(error, size, "--case: %s", reason.message);
      return false;
    }
    const bool is_conv = given.operation == CARDINAL_PLUGIN_CONV;
    if (!bench_problem_of(&problem, is_conv ? &given.conv : NULL, is_conv ? NULL : &given.pool)) {
      snprintf(error, size, "--case '%s': more than one image; benchmarks of layers take one (n1)",
               s->options->cases[i]);
      return false;
    }
    bench_layer layer = {.problem = problem_of(s, &problem)};
    gauntlet_describe(&given, layer.name);
    for (char *c = layer.name; *c; ++c)
      *c = *c == ' ' ? '_' : *c;
    s->layers = grow(s->layers, s->layer_count, sizeof *s->layers);
    s->layers[s->layer_count++] = layer;
  }
  model.end_layer = s->layer_count;
  s->models = grow(s->models, s->model_count, sizeof *s->models);
  s->models[s->model_count++] = model;
  return true;
}

/* The format of the numbers that everything is measured in. */
static const char f32[] = "f32";

/* Whose loops run beside an entry: those of the instructions that it was built with. */
static cardinal_isa loops_of(const bench_entry *e) {
  const bool own = e->kind != BENCH_COPY && e->kind != BENCH_NAIVE;
  return own ? e->isa : CARDINAL_ISA_GENERIC;
}

/* Whose peak it is held against: portable code against the widest. */
static cardinal_isa against_of(const bench_entry *e) {
  const bool portable = e->kind == BENCH_NAIVE || e->kind == BENCH_PLAIN || e->isa == CARDINAL_ISA_GENERIC;
  const bool loops = e->kind == BENCH_FMA || e->kind == BENCH_CANARY || e->kind == BENCH_COPY;
  return portable && !loops ? cardinal_widest_isa() : loops_of(e);
}

__attribute__((format(printf, 3, 4))) static void add_entry(bench_suite *s, bench_entry entry, const char *format,
                                                            ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(entry.name, sizeof entry.name, format, arguments);
  va_end(arguments);
  entry.format = f32;
  entry.loops = loops_of(&entry);
  entry.against = against_of(&entry);
  s->entries = grow(s->entries, s->entry_count, sizeof *s->entries);
  s->entries[s->entry_count++] = entry;
}

/* One thread, then all of them. */
static size_t thread_counts(const bench_suite *s, unsigned counts[2]) {
  counts[0] = 1;
  counts[1] = s->all_threads;
  return s->all_threads > 1 ? 2 : 1;
}

static void add_peaks(bench_suite *s) {
  unsigned threads[2];
  const size_t counts = thread_counts(s, threads);
  for (size_t t = 0; t < counts; ++t) {
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
      /* generic is held against the widest loop, which has an entry of its own */
      if (!s->usable[isa] || (isa == CARDINAL_ISA_GENERIC && s->best != CARDINAL_ISA_GENERIC))
        continue;
      bench_entry entry = {.kind = BENCH_FMA, .standard = true, .isa = (cardinal_isa)isa, .threads = threads[t]};
      add_entry(s, entry, "peak/fma/%s/%s/t%u", f32, cardinal_isa_name((cardinal_isa)isa), threads[t]);
      entry.kind = BENCH_CANARY;
      add_entry(s, entry, "peak/canary/%s/%s/t%u", f32, cardinal_isa_name((cardinal_isa)isa), threads[t]);
    }
    for (int level = 0; level < BENCH_LEVELS; ++level) {
      const bench_entry entry = {
          .kind = BENCH_COPY, .standard = true, .threads = threads[t], .level = (bench_level)level};
      if (level == BENCH_MEMORY || s->machine.cache_bytes[level])
        add_entry(s, entry, "peak/copy/%s/t%u", bench_level_name((bench_level)level), threads[t]);
    }
  }
}

/* Steps of one layer follow each other, so that its data are made once. */
static void add_layer_entries(bench_suite *s, size_t model, size_t layer) {
  const char *net = s->models[model].spec.name, *name = s->layers[layer].name;
  const bool standard = model == 0;
  bench_entry entry = {.kind = BENCH_NAIVE, .standard = standard, .threads = 1, .model = model, .layer = layer};
  if (s->problems[s->layers[layer].problem].is_conv)
    add_entry(s, entry, "naive/%s/%s/%s", net, name, f32);
  entry.kind = BENCH_PLAIN;
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (bench_twin_flags((cardinal_isa)isa)) {
      entry.isa = (cardinal_isa)isa;
      add_entry(s, entry, "plain/%s/%s/%s/%s", net, name, f32, cardinal_isa_name((cardinal_isa)isa));
    }
  entry.kind = BENCH_LAYER;
  unsigned threads[2];
  const size_t counts = thread_counts(s, threads);
  for (size_t t = 0; t < counts; ++t)
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      if (s->usable[isa]) {
        entry.isa = (cardinal_isa)isa;
        entry.threads = threads[t];
        entry.standard = standard && threads[t] == 1;
        add_entry(s, entry, "layer/%s/%s/%s/%s/t%u", net, name, f32, cardinal_isa_name((cardinal_isa)isa), threads[t]);
      }
}

/* The plug-in's kernels that serve a given problem; those that don't are named with their reason. */
static bool add_foreign_entries(bench_suite *s, size_t layer, char *error, size_t size) {
  const gauntlet_source source = {.path = s->options->kernel};
  gauntlet_problem problem;
  if (!gauntlet_parse(s->layers[layer].name, &problem, NULL))
    return false;
  for (size_t i = 0; i < s->plugin->count; ++i) {
    const gauntlet_declaration *kernel = &s->plugin->kernels[i];
    char reason[1][GAUNTLET_REASON_BYTES] = {""}, missing[64];
    if (kernel->operation != problem.operation)
      continue;
    if (!gauntlet_needs_met(kernel->needs, missing, sizeof missing))
      snprintf(reason[0], sizeof reason[0], "it needs %s, which this CPU doesn't offer", missing);
    else if (!gauntlet_source_ask(&source, i, &problem, 1, reason, error, size))
      return false;
    if (reason[0][0]) {
      fprintf(stderr, "cardinal_bench: %s is passed over for '%s': %s\n", kernel->name, s->layers[layer].name,
              reason[0]);
      continue;
    }
    const bench_entry entry = {.kind = BENCH_FOREIGN,
                               .standard = true,
                               .isa = s->best,
                               .threads = 1,
                               .model = s->model_count - 1,
                               .layer = layer,
                               .foreign = i};
    add_entry(s, entry, "kernel/%s/%s/%s/t1", kernel->name, s->layers[layer].name, f32);
  }
  return true;
}

/* Peaks, and each problem by everything that can compute it. */
static bool add_case_entries(bench_suite *s, char *error, size_t size) {
  if (s->options->kernel) {
    s->plugin = bench_memory(sizeof *s->plugin);
    char message[512];
    if (!gauntlet_source_list(&(gauntlet_source){.path = s->options->kernel}, s->plugin, message, sizeof message)) {
      snprintf(error, size, "--kernel %s: %s", s->options->kernel, message);
      return false;
    }
  }
  for (size_t layer = s->models[0].first_layer; layer < s->models[0].end_layer; ++layer) {
    add_layer_entries(s, 0, layer);
    if (s->plugin && !add_foreign_entries(s, layer, error, size))
      return false;
  }
  return true;
}

static void add_net_entries(bench_suite *s, size_t model) {
  static const size_t batches[] = {1, 8};
  unsigned threads[2];
  const size_t counts = thread_counts(s, threads);
  for (size_t b = 0; b < sizeof batches / sizeof batches[0]; ++b)
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      for (size_t t = 0; t < counts && s->usable[isa]; ++t) {
        const bench_entry entry = {.kind = BENCH_NET,
                                   .standard = batches[b] == 1 && isa == (int)s->best &&
                                               (isa != CARDINAL_ISA_GENERIC || model == 0),
                                   .isa = (cardinal_isa)isa,
                                   .threads = threads[t],
                                   .model = model,
                                   .batch = batches[b]};
        add_entry(s, entry, "net/%s/b%zu/%s/%s/t%u", s->models[model].spec.name, batches[b], f32,
                  cardinal_isa_name((cardinal_isa)isa), threads[t]);
      }
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

  if (options->case_count) {
    cardinal_context_destroy(context);
    if (!add_cases(s, error, size))
      return false;
    add_peaks(s);
    return add_case_entries(s, error, size) && select_entries(s, error, size);
  }
  bool good = add_models(s, error, size);
  /* The standard selection needs the layers of the first network only. */
  const size_t with_layers = options->filter || options->list ? s->model_count : 1;
  for (size_t m = 0; good && m < with_layers; ++m) {
    good = add_layers(s, &s->models[m], context, &reason);
    if (!good)
      snprintf(error, size, "%s", reason.message);
  }
  cardinal_context_destroy(context);
  if (!good)
    return false;

  add_peaks(s);
  /* Networks come before layers because they can't be cut short: the layers share what they leave of the time. */
  for (size_t m = 0; m < s->model_count; ++m)
    add_net_entries(s, m);
  for (size_t m = 0; m < with_layers; ++m)
    for (size_t layer = s->models[m].first_layer; layer < s->models[m].end_layer; ++layer)
      add_layer_entries(s, m, layer);
  return select_entries(s, error, size);
}

void bench_suite_destroy(bench_suite *s) {
  for (size_t i = 0; i < s->problem_count; ++i)
    bench_problem_close(&s->problems[i]);
  for (size_t i = 0; i < s->entry_count; ++i)
    if (!s->entries[i].result.copied) {
      free(s->entries[i].result.rounds.round);
      free(s->entries[i].result.repetition_end);
    }
  free(s->plugin);
  free(s->models);
  free(s->layers);
  free(s->problems);
  free(s->entries);
}

size_t bench_suite_first_alike(const bench_suite *s, size_t model, size_t layer) {
  for (size_t i = s->models[model].first_layer; i < layer; ++i)
    if (s->layers[i].problem == s->layers[layer].problem)
      return i;
  return layer;
}

const bench_entry *bench_suite_layer_entry(const bench_suite *s, bench_kind kind, size_t layer, cardinal_isa isa,
                                           unsigned threads) {
  for (const bench_entry *e = s->entries; e < s->entries + s->entry_count; ++e)
    if (e->kind == kind && e->result.done && s->layers[e->layer].problem == s->layers[layer].problem &&
        (kind == BENCH_NAIVE || (e->isa == isa && e->threads == threads)))
      return e;
  return NULL;
}

double bench_times_naive(const bench_suite *s, const bench_entry *e, bool *firm) {
  if (!e->result.done || (e->kind != BENCH_LAYER && e->kind != BENCH_PLAIN && e->kind != BENCH_FOREIGN))
    return 0;
  const bench_entry *naive = bench_suite_layer_entry(s, BENCH_NAIVE, e->layer, e->isa, 1);
  if (!naive)
    return 0;
  *firm = cardinal_measurement_is_firm(&naive->result.measured) && cardinal_measurement_is_firm(&e->result.measured);
  return naive->result.measured.seconds / e->result.measured.seconds;
}
