/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/source.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/cpu.h"
#include "gauntlet/child.h"
#include "ops/plugin.h"

/* How long a plug-in may take to load, or to answer what it serves. */
static const double patience = 10.0;

static const char entry_name[] = "cardinal_plugin_kernels";

const cardinal_plugin *gauntlet_source_open(const gauntlet_source *source, char *message, size_t size) {
  const cardinal_plugin *plugin = source->plugin;
  if (source->path) {
    /* Without a slash dlopen would search the system's libraries instead of this folder. */
    char path[4096];
    snprintf(path, sizeof path, "%s%s", strchr(source->path, '/') ? "" : "./", source->path);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      snprintf(message, size, "can't be loaded: %s", dlerror());
      return NULL;
    }
    void *symbol = dlsym(library, entry_name);
    if (!symbol) {
      snprintf(message, size, "exports no function %s", entry_name);
      return NULL;
    }
    cardinal_plugin_entry *entry;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from an object's to a function's address */
    plugin = entry();
    if (!plugin) {
      snprintf(message, size, "%s() gave NULL: it has no kernels for this machine", entry_name);
      return NULL;
    }
  }
  return cardinal_plugin_check(plugin, message, size) ? plugin : NULL;
}

cardinal_plugin_problem gauntlet_plugin_problem(const gauntlet_problem *problem) {
  const bool is_conv = problem->operation == CARDINAL_PLUGIN_CONV;
  return (cardinal_plugin_problem){.struct_size = sizeof(cardinal_plugin_problem),
                                   .conv = is_conv ? &problem->conv : NULL,
                                   .pool = is_conv ? NULL : &problem->pool,
                                   .out_height = problem->out_height,
                                   .out_width = problem->out_width};
}

/* A question to a plug-in and its answer, in memory that both processes share. */
typedef struct question {
  gauntlet_crash crash;
  const gauntlet_source *source;
  bool answered;
  char message[256];
  gauntlet_list list; /* of gauntlet_source_list */
  /* of gauntlet_source_ask */
  size_t kernel, count;
  const gauntlet_problem *problems;
  char reasons[][GAUNTLET_REASON_BYTES];
} question;

static void declare(const cardinal_plugin_kernel *kernel, gauntlet_declaration *to) {
  *to = (gauntlet_declaration){.operation = kernel->operation,
                               .format = kernel->format,
                               .promise = kernel->promise,
                               .x_layout = kernel->x_layout,
                               .y_layout = kernel->y_layout,
                               .rows = kernel->flags & CARDINAL_PLUGIN_ROWS};
  snprintf(to->name, sizeof to->name, "%s", kernel->name);
  snprintf(to->needs, sizeof to->needs, "%s", kernel->needs ? kernel->needs : "");
}

static void answer_list(void *argument) {
  question *q = argument;
  const cardinal_plugin *plugin = gauntlet_source_open(q->source, q->message, sizeof q->message);
  if (!plugin)
    return;
  if (plugin->kernel_count > GAUNTLET_MOST_KERNELS) {
    snprintf(q->message, sizeof q->message, "has %zu kernels, at most %d are taken", plugin->kernel_count,
             GAUNTLET_MOST_KERNELS);
    return;
  }
  snprintf(q->list.name, sizeof q->list.name, "%s", plugin->name ? plugin->name : "");
  q->list.count = plugin->kernel_count;
  for (size_t i = 0; i < plugin->kernel_count; ++i)
    declare(plugin->kernels[i], &q->list.kernels[i]);
  q->answered = true;
}

static void answer_ask(void *argument) {
  question *q = argument;
  const cardinal_plugin *plugin = gauntlet_source_open(q->source, q->message, sizeof q->message);
  if (!plugin)
    return;
  if (q->kernel >= plugin->kernel_count) {
    snprintf(q->message, sizeof q->message, "has fewer kernels than before");
    return;
  }
  const cardinal_plugin_kernel *kernel = plugin->kernels[q->kernel];
  for (size_t i = 0; i < q->count; ++i) {
    const cardinal_plugin_problem problem = gauntlet_plugin_problem(&q->problems[i]);
    const char *reason = kernel->declines ? kernel->declines(kernel, &problem) : NULL;
    snprintf(q->reasons[i], GAUNTLET_REASON_BYTES, "%s", reason && !*reason ? "no reason given" : reason ? reason : "");
  }
  q->answered = true;
}

static bool put(question *q, void (*answer)(void *), const char *doing, char *message, size_t size) {
  int status;
  const gauntlet_end end = gauntlet_child_run(answer, q, patience, &q->crash, &status);
  if (end == GAUNTLET_ENDED_WELL && q->answered)
    return true;
  char how[128];
  gauntlet_end_describe(end, status, patience, how, sizeof how);
  if (end == GAUNTLET_ENDED_WELL)
    snprintf(message, size, "%s", q->message);
  else
    snprintf(message, size, "%s %s", doing, how);
  return false;
}

static question *new_question(const gauntlet_source *source, size_t count) {
  question *q = gauntlet_shared(sizeof *q + count * GAUNTLET_REASON_BYTES);
  if (q)
    q->source = source;
  return q;
}

bool gauntlet_source_list(const gauntlet_source *source, gauntlet_list *list, char *message, size_t size) {
  question *q = new_question(source, 0);
  if (!q) {
    snprintf(message, size, "no memory to load it");
    return false;
  }
  const bool answered = put(q, answer_list, "its loading", message, size);
  if (answered)
    *list = q->list;
  gauntlet_unshare(q, sizeof *q);
  return answered;
}

bool gauntlet_source_ask(const gauntlet_source *source, size_t kernel, const gauntlet_problem *problems, size_t count,
                         char (*reasons)[GAUNTLET_REASON_BYTES], char *message, size_t size) {
  question *q = new_question(source, count);
  if (!q) {
    snprintf(message, size, "no memory to ask it about %zu problems", count);
    return false;
  }
  q->kernel = kernel;
  q->count = count;
  q->problems = problems;
  const bool answered = put(q, answer_ask, "asked what it serves, it", message, size);
  if (answered)
    memcpy(reasons, q->reasons, count * GAUNTLET_REASON_BYTES);
  gauntlet_unshare(q, sizeof *q + count * GAUNTLET_REASON_BYTES);
  return answered;
}

bool gauntlet_needs_met(const char *needs, char *missing, size_t size) {
  cardinal_cpu_features features;
  cardinal_cpu_detect(&features);
  char names[128], *rest = names;
  snprintf(names, sizeof names, "%s", needs);
  for (char *name; (name = strtok_r(rest, ", ", &rest));) {
    uint32_t bits = 0;
    size_t length;
    if (!cardinal_cpu_features_parse(name, &bits, &length) && !(cardinal_cpu_needs_here(bits) & ~features.enabled))
      continue;
    snprintf(missing, size, "%s", name);
    return false;
  }
  return true;
}
