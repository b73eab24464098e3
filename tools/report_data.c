/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/report_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cpu_name.h"

static bool same(const char *a, const char *b) {
  return strcmp(a, b) == 0;
}

/* ---- gathering --------------------------------------------------------------------------------------------------- */

/* Facts that a file doesn't tell differ from nothing. */
static bool agrees(const bench_file *a, const bench_file *b, const char *fact) {
  const char *x = bench_file_context(a, fact), *y = bench_file_context(b, fact);
  return !*x || !*y || same(x, y);
}

static bool is_of(const report_machine *machine, const bench_file *file) {
  return agrees(machine->known, file, "cpu") && agrees(machine->known, file, "cpu_id") &&
         agrees(machine->known, file, "cache_sizes");
}

/* A file that says the most of a machine comes first: files that say less then find the right one. */
static bool tells_all(const bench_file *file) {
  return *bench_file_context(file, "cpu_id") && *bench_file_context(file, "cache_sizes");
}

static bool add_file(report_data *to, const bench_file *file) {
  report_machine *machine = NULL;
  for (size_t i = 0; i < to->machine_count && !machine; ++i)
    if (is_of(&to->machines[i], file))
      machine = &to->machines[i];
  if (!machine) {
    machine = &to->machines[to->machine_count];
    machine->files = calloc(to->file_count, sizeof *machine->files);
    if (!machine->files)
      return false;
    machine->known = file;
    ++to->machine_count;
  }
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): machines that count have a list */
  machine->files[machine->file_count++] = file;
  return true;
}

static bool started_before(const bench_file *a, const bench_file *b) {
  return strcmp(bench_file_context(a, "started"), bench_file_context(b, "started")) < 0;
}

/* Rows of later files replace those of the same name. */
static bool gather_rows(report_machine *m) {
  for (size_t i = 1; i < m->file_count; ++i) /* by the time of their start */
    for (size_t j = i; j > 0 && started_before(m->files[j], m->files[j - 1]); --j) {
      const bench_file *later = m->files[j - 1];
      m->files[j - 1] = m->files[j];
      m->files[j] = later;
    }
  size_t rows = 0;
  for (size_t i = 0; i < m->file_count; ++i)
    rows += m->files[i]->count;
  m->rows = calloc(rows + 1, sizeof *m->rows);
  for (size_t i = 0; m->rows && i < m->file_count; ++i)
    for (size_t j = 0; j < m->files[i]->count; ++j) {
      const bench_row *row = &m->files[i]->rows[j];
      size_t at = 0;
      while (at < m->count && !same(m->rows[at]->name, row->name))
        ++at;
      if (row->error[0])
        continue;
      m->rows[at] = row;
      m->count += at == m->count;
    }
  return m->rows != NULL;
}

typedef struct cpu_name {
  char text[160];
} cpu_name;

static cpu_name cpu_of(const report_machine *m) {
  cpu_name name = {.text = ""};
  bench_cpu_name(bench_file_context(m->known, "cpu"), bench_file_context(m->known, "cpu_id"), name.text,
                 sizeof name.text);
  return name;
}

/* Machines whose CPUs have the same name are told apart by what else the files know. */
static void name_machines(report_data *d) {
  for (size_t i = 0; i < d->machine_count; ++i) {
    report_machine *m = &d->machines[i];
    const cpu_name cpu = cpu_of(m);
    const char *name = bench_file_context(m->known, "machine");
    bool alone = true;
    for (size_t j = 0; j < d->machine_count; ++j) {
      const cpu_name other = cpu_of(&d->machines[j]);
      alone = alone && (i == j || !same(cpu.text, other.text));
    }
    if (*name)
      snprintf(m->name, sizeof m->name, "%s, %s", cpu.text, name);
    else if (alone)
      snprintf(m->name, sizeof m->name, "%s", cpu.text);
    else
      snprintf(m->name, sizeof m->name, "%s, %s", cpu.text, bench_file_context(m->known, "cache_sizes"));
  }
}

bool report_gather(report_data *to, const bench_file *files, size_t count) {
  *to = (report_data){.files = files, .file_count = count};
  to->machines = calloc(count + 1, sizeof *to->machines);
  bool good = to->machines != NULL;
  for (int all = 1; all >= 0; --all)
    for (size_t i = 0; good && i < count; ++i)
      if (tells_all(&files[i]) == all)
        good = add_file(to, &files[i]);
  for (size_t i = 0; good && i < to->machine_count; ++i)
    good = gather_rows(&to->machines[i]);
  if (good)
    name_machines(to);
  return good;
}

void report_free(report_data *data) {
  for (size_t i = 0; i < data->machine_count; ++i) {
    free(data->machines[i].files);
    free(data->machines[i].rows);
  }
  free(data->machines);
}

/* ---- looking up -------------------------------------------------------------------------------------------------- */

const bench_file *report_newest(const report_machine *machine) {
  for (size_t i = machine->file_count; i-- > 0;)
    if (*bench_file_context(machine->files[i], "compiler"))
      return machine->files[i];
  return machine->files[machine->file_count - 1];
}

const char *report_format(size_t index) {
  static const char *const formats[] = {"f32", "bf16", "int8", NULL};
  return formats[index];
}

const bench_row *report_net(const report_machine *m, const char *model, const char *format, unsigned batch,
                            unsigned threads) {
  const bench_row *fastest = NULL;
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (same(row->kind, "net") && same(row->model, model) && same(row->format, format) && row->batch == batch &&
        row->threads == threads && (!fastest || row->seconds < fastest->seconds))
      fastest = row;
  }
  return fastest;
}

const char *report_main_model(const report_machine *m) {
  const char *first = NULL;
  for (size_t i = 0; i < m->count; ++i)
    if (same(m->rows[i]->kind, "net")) {
      if (same(m->rows[i]->model, "resnext50_32x4d"))
        return m->rows[i]->model;
      first = first ? first : m->rows[i]->model;
    }
  return first;
}

bool report_is_first_of_model(const report_machine *m, size_t row) {
  for (size_t i = 0; i < row; ++i)
    if (same(m->rows[i]->kind, m->rows[row]->kind) && same(m->rows[i]->model, m->rows[row]->model))
      return false;
  return true;
}

unsigned report_threads(const report_machine *m) {
  unsigned most = 1;
  for (size_t i = 0; i < m->count; ++i)
    if (same(m->rows[i]->kind, "net") && m->rows[i]->threads > most)
      most = m->rows[i]->threads;
  return most;
}

double report_net_x_naive(const report_machine *m, const bench_row *net, bool *firm) {
  const double nearly_all = 0.99; /* pools and the classifier's bias aside */
  double seconds = 0, flops = 0;
  *firm = bench_row_is_firm(net);
  if (net->batch != 1 || net->threads != 1)
    return 0;
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (!same(row->kind, "naive") || !same(row->model, net->model))
      continue;
    seconds += row->seconds;
    flops += row->flops;
    *firm = *firm && bench_row_is_firm(row);
  }
  return flops >= nearly_all * net->flops && flops > 0 ? seconds / net->seconds : 0;
}

const bench_row *report_fastest_peer(const report_machine *m, const bench_row *net) {
  const bench_row *fastest = NULL;
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (same(row->kind, "peer_network") && !same(row->peer, "cardinal") && row->x_ours > 0 &&
        same(row->model, net->model) && same(row->format, net->format) && row->batch == net->batch &&
        row->threads == net->threads && (!fastest || row->x_ours < fastest->x_ours))
      fastest = row;
  }
  return fastest;
}

bool report_is_own_layer(const bench_row *row) {
  return same(row->kind, "layer") && !row->measured_as[0] && row->threads == 1;
}

const bench_row *report_layer(const report_machine *m, const char *kind, const char *model, const char *layer,
                              const char *format, const char *isa) {
  const bench_row *fastest = NULL;
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (same(row->kind, kind) && row->threads == 1 && same(row->model, model) && same(row->layer, layer) &&
        same(row->format, format) && (!*isa || same(row->isa, isa)) && (!fastest || row->seconds < fastest->seconds))
      fastest = row;
  }
  return fastest;
}

size_t report_alike(const report_machine *m, const bench_row *layer) {
  size_t count = 1;
  for (size_t i = 0; i < m->count; ++i)
    count += same(m->rows[i]->measured_as, layer->name) && same(m->rows[i]->model, layer->model);
  return count;
}
