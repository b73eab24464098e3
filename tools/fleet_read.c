/* SPDX-License-Identifier: BSD-3-Clause */
/* A screen's JSON, believed only as far as it is what docs/screen.md says. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tools/fleet.h"

static const char schema[] = "cardinal-screen-1";

typedef struct reader {
  char *why;
  size_t size;
} reader;

static bool refuse(const reader *r, const char *what, const char *detail) {
  snprintf(r->why, r->size, "%s%s", what, detail);
  return false;
}

static bool read_rates(const json_t *rates, double *gflops, const reader *r) {
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    const json_t *rate = json_object_get(rates, cardinal_isa_name((cardinal_isa)isa));
    gflops[isa] = NAN;
    if (!rate || json_is_null(rate))
      continue;
    gflops[isa] = json_number_value(rate);
    if (!json_is_number(rate) || !(gflops[isa] > 0))
      return refuse(r, "gflops must be numbers above 0, or null", "");
  }
  return true;
}

/* "3x3 width 4, 56x56, random data, avx512, output 17 (image 0, ...): 0x... instead of 0x..." */
static bool read_wrong(json_t *wrong, fleet_core *core, const reader *r) {
  const char *work, *isa, *data, *where = NULL, *found = NULL, *right = NULL;
  json_error_t error;
  if (!wrong || json_is_null(wrong))
    return true;
  if (json_unpack_ex(wrong, &error, 0, "{s:s, s:s, s:s, s?s, s?s, s?s}", "work", &work, "isa", &isa, "data", &data,
                     "where", &where, "found", &found, "right", &right))
    return refuse(r, "first_wrong: ", error.text);
  const char *layer = json_string_value(json_object_get(wrong, "layer"));
  snprintf(core->wrong, sizeof core->wrong, "%s%s%s, %s data, %s%s%s%s%s%s%s", work, layer ? ", layer " : "",
           layer ? layer : "", data, isa, where ? ", " : "", where ? where : "", found && right ? ": " : "",
           found && right ? found : "", found && right ? " instead of " : "", found && right ? right : "");
  return true;
}

static bool is_verdict(const char *text) {
  static const char *const verdicts[] = {"right", "wrong", "slow", "failed", "not run"};
  for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; ++i)
    if (!strcmp(text, verdicts[i]))
      return true;
  return false;
}

static bool read_core(json_t *from, fleet_core *to, const reader *r) {
  const char *verdict;
  json_error_t error;
  json_int_t cpu, results, wrong_results;
  json_t *rates, *problem, *wrong;
  if (json_unpack_ex(from, &error, 0, "{s:I, s:s, s:I, s:I, s:o, s:o, s:o}", "cpu", &cpu, "verdict", &verdict,
                     "results", &results, "wrong_results", &wrong_results, "gflops", &rates, "problem", &problem,
                     "first_wrong", &wrong))
    return refuse(r, "cores: ", error.text);
  if (cpu < 0 || results < 0 || wrong_results < 0 || wrong_results > results)
    return refuse(r, "cores: a count is out of range", "");
  if (!is_verdict(verdict))
    return refuse(r, "cores: no verdict is called ", verdict);
  to->cpu = (unsigned)cpu;
  to->results = (uint64_t)results;
  to->wrong_results = (uint64_t)wrong_results;
  snprintf(to->verdict, sizeof to->verdict, "%s", verdict);
  snprintf(to->problem, sizeof to->problem, "%s", json_is_string(problem) ? json_string_value(problem) : "");
  return read_rates(rates, to->gflops, r) && read_wrong(wrong, to, r);
}

/* ", f32 and int8" of formats that were asked for; nothing of a report of all, or of one from before there were any. */
static void name_precisions(const json_t *precisions, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; json_array_size(precisions) < 3 && i < json_array_size(precisions) && used < size; ++i) {
    const char *precision = json_string_value(json_array_get(precisions, i));
    used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " and " : ", ", precision ? precision : "?");
  }
}

static bool read_node(json_t *root, fleet_node *node, const reader *r) {
  const char *found, *name, *brand, *mode;
  int family, model, stepping, suspect;
  json_error_t error;
  json_t *cores, *work, *ended;
  found = json_string_value(json_object_get(root, "schema"));
  if (!found)
    return refuse(r, "is no report of cardinal screen: it has no \"schema\"", "");
  if (strcmp(found, schema) != 0)
    return refuse(r, "its schema isn't cardinal-screen-1 but ", found);
  if (json_unpack_ex(root, &error, 0, "{s:s, s:{s:s, s:i, s:i, s:i}, s:s, s:o, s:b, s:o, s:o}", "node", &name, "cpu",
                     "brand", &brand, "family", &family, "model", &model, "stepping", &stepping, "mode", &mode, "work",
                     &work, "suspect_build", &suspect, "ended_early", &ended, "cores", &cores))
    return refuse(r, "", error.text);
  if (!json_is_array(cores) || !json_array_size(cores))
    return refuse(r, "it has no cores", "");
  char precisions[64];
  name_precisions(json_object_get(root, "precisions"), precisions, sizeof precisions);
  snprintf(node->group, sizeof node->group, "%s (family %d, model %d, stepping %d), %s%s%s%s", brand, family, model,
           stepping, mode, precisions, json_is_string(work) ? ", work " : "",
           json_is_string(work) ? json_string_value(work) : "");
  node->name = strdup(name);
  node->ended_early = json_is_string(ended);
  node->suspect_build = suspect;
  node->core_count = json_array_size(cores);
  node->cores = calloc(node->core_count, sizeof *node->cores);
  if (!node->name || !node->cores)
    return refuse(r, "no memory", "");
  for (size_t i = 0; i < node->core_count; ++i)
    if (!read_core(json_array_get(cores, i), &node->cores[i], r))
      return false;
  return true;
}

static void free_node(fleet_node *node) {
  free(node->file);
  free(node->name);
  free(node->cores);
}

static bool is_new(const fleet *all, const fleet_node *node, const reader *r) {
  for (size_t i = 0; i < all->count; ++i)
    if (!strcmp(all->nodes[i].name, node->name)) {
      snprintf(r->why, r->size, "node %s was told already, by %s", node->name, all->nodes[i].file);
      return false;
    }
  return true;
}

bool fleet_read(fleet *to, const char *path, char *why, size_t size) {
  const reader r = {why, size};
  json_error_t error;
  json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (!root) {
    if (error.line > 0)
      snprintf(why, size, "line %d, column %d: %s", error.line, error.column, error.text);
    else
      snprintf(why, size, "%s", error.text);
    return false;
  }
  fleet_node node = {.file = strdup(path)};
  fleet_node *more = realloc(to->nodes, (to->count + 1) * sizeof *more);
  if (more)
    to->nodes = more;
  const bool read =
      more && node.file ? read_node(root, &node, &r) && is_new(to, &node, &r) : refuse(&r, "no memory", "");
  json_decref(root);
  if (read)
    to->nodes[to->count++] = node;
  else
    free_node(&node);
  return read;
}

void fleet_free(fleet *from) {
  for (size_t i = 0; i < from->count; ++i)
    free_node(&from->nodes[i]);
  free(from->nodes);
}
