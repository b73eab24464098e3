/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal fleet-report`: which of many machines is to be looked at. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/fleet.h"
#include "tools/options.h"

static const char name[] = "fleet-report";

enum {
  STATUS_WRONG = 3,
  STATUS_OTHER = 4
};

/* ---- the command line -------------------------------------------------------------------------------------------- */

enum {
  OPTION_DROP = OPTION_FIRST_OWN,
  OPTION_Z
};

typedef struct fleet_options {
  double drop, z;
  bool json;
  char **files;
  size_t file_count;
} fleet_options;

static const struct argp_option list[] = {
    {"drop", OPTION_DROP, "PERCENT", 0, "slow is what is at least so far below the median of its like (default 10) ...",
     0},
    {"z", OPTION_Z, "Z", 0,
     "... and has a robust z-score, 0.6745 (speed - median) / MAD, of at most minus this (default 3.5)", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  fleet_options *to = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &to->json;
    return 0;
  case OPTION_DROP:
    to->drop = options_real(state, "--drop", argument, 99);
    return 0;
  case OPTION_Z:
    to->z = options_real(state, "--z", argument, 1e6);
    return 0;
  case ARGP_KEY_ARGS:
    to->files = state->argv + state->next;
    to->file_count = (size_t)(state->argc - state->next);
    return 0;
  case ARGP_KEY_END:
    if (!to->file_count)
      options_refuse(state, "no file was named");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {{&json_argp, 0, NULL, 0}, {0}};

static const struct argp fleet_argp = {
    .options = list,
    .parser = parse,
    .args_doc = "FILE...",
    .doc = "Reads what `cardinal screen --json` printed on many machines, one file each, and tells which to look at: "
           "those that computed wrong, then slow nodes and slow cores. Only nodes of the same CPU model that ran the "
           "same work in the same mode are compared: nodes where there are at least three, cores where all these nodes "
           "together have three."
           "\v"
           "The exit status is 0 if there is no finding; 1 if a file isn't such a report, and then there is no output; "
           "2 if "
           "the command line is wrong; 3 if a core computed wrong, crashed or hung; 4 if one is slow or couldn't be "
           "screened.",
    .children = children,
};

/* ---- text -------------------------------------------------------------------------------------------------------- */

static const char *const rank_names[] = {"wrong", "failed", "slow", "-"};

static int by_rank(const void *a, const void *b) {
  const fleet_node *x = *(const fleet_node *const *)a, *y = *(const fleet_node *const *)b;
  const int ranks = (int)fleet_node_rank(x) - (int)fleet_node_rank(y);
  if (ranks)
    return ranks;
  const int drops = (x->speed.drop < y->speed.drop) - (x->speed.drop > y->speed.drop);
  return drops ? drops : strcmp(x->name, y->name);
}

static uint64_t results_of(const fleet_node *node, bool wrong) {
  uint64_t sum = 0;
  for (size_t c = 0; c < node->core_count; ++c)
    sum += wrong ? node->cores[c].wrong_results : node->cores[c].results;
  return sum;
}

static void print_number(const char *format, double value) {
  char text[32] = "-";
  if (!isnan(value))
    snprintf(text, sizeof text, "%.1f", value);
  printf(format, text);
}

static void print_core(const fleet_node *node, const fleet_core *core) {
  const fleet_rank rank = fleet_core_rank(node, core);
  if (rank == FLEET_FINE)
    return;
  printf("    CPU %u: ", core->cpu);
  if (rank == FLEET_WRONG && core->wrong_results)
    printf("%" PRIu64 " of %" PRIu64 " results wrong, first %s", core->wrong_results, core->results, core->wrong);
  if (core->problem[0])
    printf("%s%s", core->wrong_results ? "; " : "", core->problem);
  if (rank == FLEET_SLOW) {
    printf("slow");
    if (core->speed.is_slow)
      printf(", %.1f %% below the median of all cores", core->speed.drop);
    else
      printf(" beside its siblings");
  }
  putchar('\n');
}

static void print_node(const fleet_node *node) {
  fputs("  ", stdout);
  tool_put_clean(stdout, node->name);
  printf("%*s %5zu %10" PRIu64 " %7" PRIu64, strlen(node->name) < 20 ? (int)(20 - strlen(node->name)) : 0, "",
         node->core_count, results_of(node, false), results_of(node, true));
  print_number(" %8s", 100 * node->speed.value);
  print_number(" %7s", node->speed.drop);
  print_number(" %7s", node->speed.z);
  printf("  %s%s%s\n", rank_names[fleet_node_rank(node)], node->ended_early ? ", ended early" : "",
         node->suspect_build ? ", all cores alike: suspect its build" : "");
  for (size_t c = 0; c < node->core_count; ++c)
    print_core(node, &node->cores[c]);
}

/* What could be compared with its like: of a group, the nodes and the cores that were timed. */
static bool compares_nodes(fleet_node *const *order, size_t count) {
  size_t timed = 0;
  for (size_t i = 0; i < count; ++i)
    timed += !isnan(order[i]->speed.value);
  return timed >= FLEET_LEAST_COMPARED;
}

static bool compares_cores(fleet_node *const *order, size_t count) {
  size_t timed = 0;
  for (size_t i = 0; i < count; ++i)
    for (size_t c = 0; c < order[i]->core_count; ++c)
      timed += !isnan(order[i]->cores[c].speed.value);
  return timed >= FLEET_LEAST_COMPARED;
}

static const char *what_is_too_few(fleet_node *const *order, size_t count) {
  if (compares_nodes(order, count))
    return "";
  return compares_cores(order, count) ? "; too few nodes to compare, so only cores are" : "; too few to compare";
}

/* `order` has a group's nodes, the worst first. */
static void print_group(fleet_node *const *order, size_t count) {
  size_t cores = 0;
  for (size_t i = 0; i < count; ++i)
    cores += order[i]->core_count;
  tool_put_clean(stdout, order[0]->group);
  printf(": %zu node%s, %zu core%s%s\n", count, count == 1 ? "" : "s", cores, cores == 1 ? "" : "s",
         what_is_too_few(order, count));
  printf("  %-20s %5s %10s %7s %8s %7s %7s  %s\n", "node", "cores", "results", "wrong", "% speed", "% drop", "z",
         "finding");
  for (size_t i = 0; i < count; ++i)
    print_node(order[i]);
  putchar('\n');
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *number_or_null(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static void add_speed(json_t *to, const fleet_speed *speed) {
  json_object_set_new(to, "speed", number_or_null(speed->value));
  json_object_set_new(to, "drop_percent", number_or_null(speed->drop));
  json_object_set_new(to, "z", number_or_null(speed->z));
}

static void add_findings(json_t *findings, const fleet_node *node) {
  if (node->speed.is_slow) {
    json_t *told = json_pack("{s:s, s:o, s:n}", "finding", "slow node", "node", tool_json_text(node->name), "cpu");
    add_speed(told, &node->speed);
    json_array_append_new(findings, told);
  }
  for (size_t c = 0; c < node->core_count; ++c) {
    static const char *const names[] = {"wrong core", "failed core", "slow core"};
    const fleet_core *core = &node->cores[c];
    const fleet_rank rank = fleet_core_rank(node, core);
    if (rank == FLEET_FINE)
      continue;
    json_t *told =
        json_pack("{s:s, s:o, s:i, s:I, s:I, s:o, s:o}", "finding", names[rank], "node", tool_json_text(node->name),
                  "cpu", (int)core->cpu, "results", (json_int_t)core->results, "wrong_results",
                  (json_int_t)core->wrong_results, "problem", tool_json_text(core->problem[0] ? core->problem : NULL),
                  "first_wrong", tool_json_text(core->wrong[0] ? core->wrong : NULL));
    add_speed(told, &core->speed);
    json_array_append_new(findings, told);
  }
}

static json_t *json_node(const fleet_node *node) {
  json_t *told = json_pack("{s:o, s:o, s:s, s:i, s:I, s:I, s:b, s:b}", "node", tool_json_text(node->name), "file",
                           tool_json_text(node->file), "verdict",
                           fleet_node_rank(node) == FLEET_FINE ? "right" : rank_names[fleet_node_rank(node)], "cores",
                           (int)node->core_count, "results", (json_int_t)results_of(node, false), "wrong_results",
                           (json_int_t)results_of(node, true), "ended_early", (int)node->ended_early, "suspect_build",
                           (int)node->suspect_build);
  add_speed(told, &node->speed);
  return told;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static int report(const fleet_options *options, fleet *all, fleet_node **order) {
  json_t *groups = json_array(), *findings = json_array();
  fleet_rank worst = FLEET_FINE;
  for (size_t first = 0, end; first < all->count; first = end) {
    for (end = first; end < all->count && !strcmp(all->nodes[end].group, all->nodes[first].group); ++end)
      order[end] = &all->nodes[end];
    qsort(order + first, end - first, sizeof *order, by_rank);
    const fleet_rank rank = fleet_node_rank(order[first]);
    worst = rank < worst ? rank : worst;
    json_t *nodes = json_array();
    for (size_t i = first; i < end; ++i)
      json_array_append_new(nodes, json_node(order[i]));
    json_array_append_new(groups,
                          json_pack("{s:o, s:b, s:b, s:o}", "group", tool_json_text(order[first]->group), "compared",
                                    (int)compares_nodes(order + first, end - first), "cores_compared",
                                    (int)compares_cores(order + first, end - first), "nodes", nodes));
    if (!options->json)
      print_group(order + first, end - first);
  }
  /* Over all groups: wrong ones first. */
  qsort(order, all->count, sizeof *order, by_rank);
  for (size_t i = 0; i < all->count; ++i)
    add_findings(findings, order[i]);
  const size_t found = json_array_size(findings);
  int status = worst == FLEET_WRONG ? STATUS_WRONG : worst == FLEET_FINE ? TOOL_OK : STATUS_OTHER;
  if (options->json) {
    if (!tool_print_json(name, json_pack("{s:s, s:f, s:f, s:o, s:o}", "schema", "cardinal-fleet-1", "drop_percent",
                                         options->drop, "z", options->z, "findings", findings, "groups", groups)))
      status = TOOL_FAILED;
  } else {
    json_decref(groups);
    json_decref(findings);
    printf("%zu node%s, %zu finding%s\n", all->count, all->count == 1 ? "" : "s", found, found == 1 ? "" : "s");
  }
  return status;
}

static int run(int argc, char **argv) {
  fleet_options options = {.drop = 10, .z = 3.5};
  options_parse(&fleet_argp, "cardinal fleet-report", argc, argv, &options);
  fleet all = {0};
  int status = TOOL_OK;
  for (size_t i = 0; i < options.file_count; ++i) {
    char why[512];
    if (!fleet_read(&all, options.files[i], why, sizeof why))
      status = tool_fail(name, "%s: %s", options.files[i], why);
  }
  fleet_node **order = calloc(all.count + 1, sizeof *order);
  if (!status && (!order || !fleet_compare(&all, options.drop, options.z)))
    status = tool_fail(name, "no memory for %zu nodes", all.count);
  if (!status)
    status = report(&options, &all, order);
  free(order);
  fleet_free(&all);
  return status;
}

const command fleet_report_command = {
    .name = name,
    .summary = "tell which of many screened machines to look at",
    .run = run,
};
