/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal screen`: does each core compute what it should? */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gauntlet/child.h"
#include "tools/command.h"
#include "tools/screen_run.h"

static const char name[] = "screen";

/* ---- what is asked for ------------------------------------------------------------------------------------------- */

static int choose_isas(const screen_options *options, screen_orders *orders) {
  cardinal_machine machine = {.struct_size = sizeof machine};
  cardinal_machine_get(&machine, NULL);
  size_t chosen = 0;
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa) {
    const bool usable = machine.isas & 1u << isa;
    orders->isas[isa] = usable && (!options->isa || !strcmp(options->isa, cardinal_isa_name((cardinal_isa)isa)));
    chosen += orders->isas[isa];
  }
  if (!chosen)
    return tool_fail(name, "--isa: this CPU can't run %s", options->isa);
  orders->generic_does_all = chosen == 1;
  return TOOL_OK;
}

static int choose_items(const screen_options *options, screen_orders *orders) {
  bool any = false;
  for (size_t i = 0; i < screen_item_count; ++i) {
    const bool named = !options->work || strstr(screen_items[i].name, options->work);
    orders->items[i] = named && format_set_has(options->formats, screen_items[i].format);
    any |= orders->items[i];
  }
  if (any)
    return TOOL_OK;
  tool_complain(name, "--work: nothing is called like \"%s\"; there is:", options->work);
  for (size_t i = 0; i < screen_item_count; ++i)
    if (format_set_has(options->formats, screen_items[i].format))
      fprintf(stderr, "  %s\n", screen_items[i].name);
  return TOOL_FAILED;
}

static int choose_cpus(const screen_options *options, unsigned *cpus, size_t *count) {
  cardinal_cpu_set allowed, wanted;
  *count = 0;
  if (!cardinal_cpu_set_allowed(&allowed))
    return tool_fail(name, "Linux doesn't say which CPUs this process may use");
  if (!options->cores) {
    *count = screen_cpus_of_cores("", &allowed, cpus, CARDINAL_MAX_CPUS);
    return TOOL_OK;
  }
  cardinal_cpu_set_parse(&wanted, options->cores);
  for (unsigned cpu = 0; cpu < CARDINAL_MAX_CPUS; ++cpu) {
    if (!cardinal_cpu_set_has(&wanted, cpu))
      continue;
    if (!cardinal_cpu_set_has(&allowed, cpu))
      return tool_fail(name, "--cores: this process may not use CPU %u", cpu);
    cpus[(*count)++] = cpu;
  }
  return TOOL_OK;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static int make_cores(screen *s) {
  static unsigned cpus[CARDINAL_MAX_CPUS];
  if (choose_cpus(s->options, cpus, &s->count))
    return TOOL_FAILED;
  if (!s->count)
    return tool_fail(name, "no core is left to screen");
  s->cores = calloc(s->count, sizeof *s->cores);
  s->looks = calloc(s->count, sizeof *s->looks);
  s->relative = calloc(s->count, sizeof *s->relative);
  s->orders.stop = gauntlet_shared(sizeof *s->orders.stop);
  bool made = s->cores && s->looks && s->relative && s->orders.stop;
  for (size_t i = 0; made && i < s->count; ++i) {
    s->cores[i] = gauntlet_shared(sizeof **s->cores);
    made = s->cores[i];
    if (!made)
      break;
    screen_cpu_describe("", cpus[i], &s->cores[i]->cpu);
    s->cores[i]->hottest = NAN;
  }
  return made ? TOOL_OK : tool_fail(name, "no memory for %zu cores", s->count);
}

static void free_cores(screen *s) {
  for (size_t i = 0; s->cores && i < s->count; ++i)
    gauntlet_unshare(s->cores[i], sizeof **s->cores);
  free(s->cores);
  free(s->looks);
  free(s->relative);
  gauntlet_unshare(s->orders.stop, sizeof *s->orders.stop);
}

static void look_again(screen *s) {
  for (size_t i = 0; i < s->count; ++i)
    if (s->cores[i]->miss.found) {
      tool_progress("CPU %u computed wrong: looking again", s->cores[i]->cpu.cpu);
      screen_look_again(s, i, &s->looks[i]);
    }
  tool_progress_clear();
}

static int run(int argc, char **argv) {
  static char host[256];
  screen_options options;
  screen_options_read(&options, argc, argv);
  if (!options.node)
    options.node = getenv("SLURMD_NODENAME");
  if (!options.node) {
    gethostname(host, sizeof host - 1);
    options.node = host;
  }
  screen s = {.options = &options, .orders.seconds = 60 * options.minutes, .start = time(NULL)};
  int status = choose_isas(&options, &s.orders);
  if (!status)
    status = choose_items(&options, &s.orders);
  if (!status)
    status = make_cores(&s);
  if (!status) {
    screen_supervise(&s);
    look_again(&s);
    screen_compare(&s);
    status = screen_report(&s);
  }
  free_cores(&s);
  return status;
}

const command screen_command = {
    .name = name,
    .summary = "look for cores that compute wrong, or slowly",
    .run = run,
};
