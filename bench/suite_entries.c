/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/suite_entries.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
  entry.loops = loops_of(&entry);
  entry.against = against_of(&entry);
  s->entries = bench_grow(s->entries, s->entry_count, sizeof *s->entries);
  s->entries[s->entry_count++] = entry;
}

/* One thread, then all of them. */
static size_t thread_counts(const bench_suite *s, unsigned counts[2]) {
  counts[0] = 1;
  counts[1] = s->all_threads;
  return s->all_threads > 1 ? 2 : 1;
}

void bench_entries_of_peaks(bench_suite *s) {
  unsigned threads[2];
  const size_t counts = thread_counts(s, threads);
  for (size_t t = 0; t < counts; ++t) {
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
      /* generic is held against the widest loop, which has an entry of its own */
      if (!s->usable[isa] || (isa == CARDINAL_ISA_GENERIC && s->best != CARDINAL_ISA_GENERIC))
        continue;
      bench_entry entry = {.kind = BENCH_FMA, .standard = true, .isa = (cardinal_isa)isa, .threads = threads[t]};
      add_entry(s, entry, "peak/fma/f32/%s/t%u", cardinal_isa_name((cardinal_isa)isa), threads[t]);
      entry.kind = BENCH_CANARY;
      add_entry(s, entry, "peak/canary/f32/%s/t%u", cardinal_isa_name((cardinal_isa)isa), threads[t]);
      entry.kind = BENCH_FMA;
      for (int format = CARDINAL_FORMAT_BF16; format <= CARDINAL_FORMAT_INT8; ++format) {
        entry.format = (cardinal_format)format;
        add_entry(s, entry, "peak/%s/%s/t%u", cardinal_format_name(entry.format), cardinal_isa_name((cardinal_isa)isa),
                  threads[t]);
      }
    }
    for (int level = 0; level < BENCH_LEVELS; ++level) {
      const bench_entry entry = {
          .kind = BENCH_COPY, .standard = true, .threads = threads[t], .level = (bench_level)level};
      if (level == BENCH_MEMORY || s->machine.cache_bytes[level])
        add_entry(s, entry, "peak/copy/%s/t%u", bench_level_name((bench_level)level), threads[t]);
    }
  }
}

void bench_entries_of_layer(bench_suite *s, size_t model, size_t layer) {
  const char *net = s->models[model].spec.name, *name = s->layers[layer].name;
  const bool swept = s->models[model].cases == BENCH_SWEPT, given = s->models[model].cases == BENCH_GIVEN;
  /* the first network, in all formats */
  const bool standard =
      s->models[model].cases != BENCH_NETWORK || strcmp(s->models[model].spec.name, s->models[0].spec.name) == 0;
  const bench_problem *problem = &s->problems[s->layers[layer].problem];
  const cardinal_format format = bench_problem_format(problem);
  bench_entry entry = {.kind = BENCH_NAIVE,
                       .standard = standard && !swept,
                       .format = format,
                       .threads = 1,
                       .model = model,
                       .layer = layer};
  /* What others are compared with is f32, whatever their format. */
  if (problem->is_conv && format == CARDINAL_FORMAT_F32)
    add_entry(s, entry, "naive/%s/%s/f32", net, name);
  entry.kind = BENCH_PLAIN;
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (format == CARDINAL_FORMAT_F32 && bench_twin_flags((cardinal_isa)isa)) {
      entry.isa = (cardinal_isa)isa;
      entry.standard = standard && (given || (!swept && isa == (int)s->best));
      add_entry(s, entry, "plain/%s/%s/f32/%s", net, name, cardinal_isa_name((cardinal_isa)isa));
    }
  entry.kind = BENCH_LAYER;
  unsigned threads[2];
  const size_t counts = thread_counts(s, threads);
  for (size_t t = 0; t < counts; ++t)
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      if (s->usable[isa]) {
        entry.isa = (cardinal_isa)isa;
        entry.threads = threads[t];
        /* Portable kernels would take most of the time; their twin with ISA flags stands for them. */
        const bool shown =
            given || isa == (int)s->best || (format == CARDINAL_FORMAT_F32 && isa != CARDINAL_ISA_GENERIC);
        entry.standard = standard && shown && threads[t] == 1;
        add_entry(s, entry, "layer/%s/%s/%s/%s/t%u", net, name, cardinal_format_name(format),
                  cardinal_isa_name((cardinal_isa)isa), threads[t]);
      }
}

/* The plug-in's kernels that serve a given problem; those that don't are named with their reason. */
static bool add_foreign_entries(bench_suite *s, size_t model, size_t layer, char *error, size_t size) {
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
                               .format = bench_problem_format(&s->problems[s->layers[layer].problem]),
                               .model = model,
                               .layer = layer,
                               .foreign = i};
    add_entry(s, entry, "kernel/%s/%s/%s/t1", kernel->name, s->layers[layer].name, cardinal_format_name(entry.format));
  }
  return true;
}

bool bench_entries_of_cases(bench_suite *s, char *error, size_t size) {
  if (s->options->kernel) {
    s->plugin = bench_memory(sizeof *s->plugin);
    char message[512];
    if (!gauntlet_source_list(&(gauntlet_source){.path = s->options->kernel}, s->plugin, message, sizeof message)) {
      snprintf(error, size, "--kernel %s: %s", s->options->kernel, message);
      return false;
    }
  }
  for (size_t model = 0; model < s->model_count; ++model)
    for (size_t layer = s->models[model].first_layer; layer < s->models[model].end_layer; ++layer) {
      bench_entries_of_layer(s, model, layer);
      if (s->plugin && !add_foreign_entries(s, model, layer, error, size))
        return false;
    }
  return true;
}

/* Of the named networks two are enough for an impression: the one whose layers are measured, and its ResNet. Networks
 * that were asked for are all measured. */
static bool standard_net(const bench_suite *s, size_t model) {
  const char *name = s->models[model].spec.name;
  return s->options->models || strcmp(name, s->models[0].spec.name) == 0 || strcmp(name, "resnet50") == 0;
}

void bench_entries_of_net(bench_suite *s, size_t model) {
  static const size_t batches[] = {1, 8};
  unsigned threads[2];
  const size_t counts = thread_counts(s, threads);
  for (size_t b = 0; b < sizeof batches / sizeof batches[0]; ++b)
    for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
      for (size_t t = 0; t < counts && s->usable[isa]; ++t) {
        const bench_entry entry = {.kind = BENCH_NET,
                                   .standard = batches[b] == 1 && isa == (int)s->best && standard_net(s, model) &&
                                               (isa != CARDINAL_ISA_GENERIC || model == 0),
                                   .format = s->models[model].format,
                                   .isa = (cardinal_isa)isa,
                                   .threads = threads[t],
                                   .model = model,
                                   .batch = batches[b]};
        add_entry(s, entry, "net/%s/b%zu/%s/%s/t%u", s->models[model].spec.name, batches[b],
                  cardinal_format_name(entry.format), cardinal_isa_name((cardinal_isa)isa), threads[t]);
      }
}
