/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tools/command.h"
#include "tools/screen_run.h"

enum {
  STATUS_WRONG = 3,
  STATUS_SLOW = 4,
  STATUS_INTERRUPTED = 5
};

/* A whole screen's verdict is its worst core's, in this order. */
static screen_verdict overall(const screen *s) {
  size_t seen[4] = {0};
  for (size_t i = 0; i < s->count; ++i)
    if (s->cores[i]->end != SCREEN_NOT_STARTED)
      ++seen[screen_core_verdict(s, i)];
  if (seen[SCREEN_WRONG])
    return SCREEN_WRONG;
  if (seen[SCREEN_FAILED] || !(seen[SCREEN_RIGHT] + seen[SCREEN_SLOW]))
    return SCREEN_FAILED;
  return seen[SCREEN_SLOW] ? SCREEN_SLOW : SCREEN_RIGHT;
}

static int exit_status(const screen *s, screen_verdict verdict) {
  switch (verdict) {
  case SCREEN_WRONG:
    return STATUS_WRONG;
  case SCREEN_FAILED:
    return s->signal ? STATUS_INTERRUPTED : TOOL_FAILED;
  case SCREEN_SLOW:
    return STATUS_SLOW;
  default:
    return s->signal ? STATUS_INTERRUPTED : TOOL_OK;
  }
}

/* The line that tries a wrong result again. */
static void repeat_command(const screen_core *core, char *text, size_t size) {
  const screen_miss *miss = &core->miss;
  snprintf(text, size, "cardinal screen --cores %u --isa %s --precision %s --work '%s'", core->cpu.cpu,
           cardinal_isa_name(miss->isa), cardinal_format_name(screen_items[miss->item].format),
           screen_items[miss->item].name);
}

/* Whether every core that ran has the same wrong bits: then the build is to be suspected before all cores are. */
static bool all_alike(const screen *s) {
  size_t ran = 0, alike = 0;
  const screen_miss *first = NULL;
  for (size_t i = 0; i < s->count; ++i) {
    const screen_miss *miss = &s->cores[i]->miss;
    ran += s->cores[i]->end == SCREEN_ENDED_WELL;
    if (!miss->found)
      continue;
    if (!first)
      first = miss;
    alike += miss->item == first->item && miss->pattern == first->pattern && miss->isa == first->isa &&
             miss->part == first->part && miss->hash == first->hash;
  }
  return ran > 1 && alike == ran;
}

/* Hexadecimal digits of a number. */
static int digits_of(cardinal_format format) {
  return 2 * (int)cardinal_format_size(format);
}

static const char suspect_build[] =
    "every core has the same wrong bits: suspect this build of the library before the cores";

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void print_look(const screen_second_look *look) {
  if (!look->recomputed) {
    printf("      the right bits couldn't be recomputed on CPU %u\n", look->cpu);
  } else if (!look->agrees) {
    printf("      recomputed on CPU %u, without any kernel, the bits aren't the committed ones either\n", look->cpu);
  } else if (!look->wrong) {
    printf("      its outputs are right; the core computed their checksum wrong\n");
  } else {
    printf("      %zu of %zu outputs are wrong, first output %zu (%s):\n", look->wrong, look->outputs, look->at,
           look->where);
    const int digits = digits_of(look->format);
    printf("      0x%0*" PRIX32 " instead of 0x%0*" PRIX32 ", as recomputed on CPU %u\n", digits, look->found, digits,
           look->right, look->cpu);
  }
  for (size_t i = 0; i < look->repeat_count; ++i) {
    const screen_repeat *r = &look->repeats[i];
    printf("      again on CPU %u: %" PRIu64 " of %" PRIu64 " wrong%s%s\n", r->cpu, r->wrong, r->runs,
           r->ending[0] ? "; " : "", r->ending);
  }
}

static void print_miss(const screen *s, size_t i) {
  char again[256];
  const screen_core *core = s->cores[i];
  const screen_miss *miss = &core->miss;
  const screen_item *item = &screen_items[miss->item];
  repeat_command(core, again, sizeof again);
  printf("\nCPU %u: first wrong in result %" PRIu64 ": %s, %s data, %s\n", core->cpu.cpu, miss->run, item->name,
         screen_pattern_name(item, miss->pattern), cardinal_isa_name(miss->isa));
  printf("      %s%s, kernel %s\n", item->image ? "layer " : "", item->image ? miss->part_name : item->what,
         miss->kernel);
  print_look(&s->looks[i]);
  printf("      %s\n", again);
}

static void print_number(double value, int width, const char *format) {
  if (isnan(value))
    printf(" %*s", width, "-");
  else {
    putchar(' ');
    printf(format, width, value);
  }
}

static void print_core(const screen *s, size_t i) {
  const screen_core *core = s->cores[i];
  printf("%5u %5d %-12s %9" PRIu64 " %6" PRIu64, core->cpu.cpu, core->cpu.core,
         core->cpu.microcode[0] ? core->cpu.microcode : "-", core->runs, core->mismatches);
  print_number(core->seconds > 0 ? 100 * core->cpu_seconds / core->seconds : NAN, 5, "%*.0f");
  print_number(core->hottest, 5, "%*.0f");
  print_number(core->clock_count ? core->clock_sum / core->clock_count : NAN, 6, "%*.0f");
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (s->orders.isas[isa])
      print_number(screen_rate(core, (cardinal_isa)isa), 8, "%*.1f");
  print_number(100 * s->relative[i], 8, "%*.1f");
  printf("  %s%s%s\n", core->end == SCREEN_NOT_STARTED ? "not run" : screen_verdict_name(screen_core_verdict(s, i)),
         core->ending[0] ? ": " : "", core->ending);
}

static void print_text(const screen *s, screen_verdict verdict) {
  printf("%5s %5s %-12s %9s %6s %5s %5s %6s", "CPU", "core", "microcode", "results", "wrong", "% CPU", "deg C", "MHz");
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (s->orders.isas[isa])
      printf(" %8s", cardinal_isa_name((cardinal_isa)isa));
  printf(" %8s  %s\n", "% median", "verdict");
  for (size_t i = 0; i < s->count; ++i)
    print_core(s, i);
  for (size_t i = 0; i < s->count; ++i)
    if (s->cores[i]->miss.found)
      print_miss(s, i);
  if (all_alike(s))
    printf("\n%s\n", suspect_build);
  if (s->signal)
    printf("\nended early: %s\n", strsignal(s->signal));
  printf("\n%s after %.0f s: %s\n", s->options->together ? "together" : "in turn", s->seconds,
         screen_verdict_name(verdict));
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *number_or_null(double value) {
  return isnan(value) ? json_null() : json_real(value);
}

static json_t *bits(cardinal_format format, uint32_t value) {
  char text[16];
  snprintf(text, sizeof text, "0x%0*" PRIX32, digits_of(format), value);
  return json_string(text);
}

static json_t *json_look(const screen_second_look *look) {
  json_t *repeats = json_array();
  for (size_t i = 0; i < look->repeat_count; ++i) {
    const screen_repeat *r = &look->repeats[i];
    json_array_append_new(repeats,
                          json_pack("{s:i, s:I, s:I, s:s?}", "cpu", (int)r->cpu, "results", (json_int_t)r->runs,
                                    "wrong", (json_int_t)r->wrong, "problem", r->ending[0] ? r->ending : NULL));
  }
  const bool known = look->recomputed && look->agrees;
  json_t *told = json_pack("{s:o, s:b, s:b, s:o}", "recomputed_on",
                           look->recomputed ? json_integer((json_int_t)look->cpu) : json_null(), "recomputed_agrees",
                           (int)known, "checksum_alone", (int)(known && !look->wrong), "repeats", repeats);
  if (known && look->wrong)
    json_object_update_new(told, json_pack("{s:I, s:I, s:I, s:s, s:o, s:o}", "outputs", (json_int_t)look->outputs,
                                           "wrong_outputs", (json_int_t)look->wrong, "output", (json_int_t)look->at,
                                           "where", look->where, "found", bits(look->format, look->found), "right",
                                           bits(look->format, look->right)));
  return told;
}

static json_t *json_miss(const screen *s, size_t i) {
  char again[256];
  const screen_core *core = s->cores[i];
  const screen_miss *miss = &core->miss;
  if (!miss->found)
    return json_null();
  const screen_item *item = &screen_items[miss->item];
  repeat_command(core, again, sizeof again);
  json_t *told = json_pack("{s:I, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:s}", "result", (json_int_t)miss->run, "work",
                           item->name, "what", item->what, "layer", item->image ? miss->part_name : NULL, "data",
                           screen_pattern_name(item, miss->pattern), "isa", cardinal_isa_name(miss->isa), "precision",
                           cardinal_format_name(item->format), "kernel", miss->kernel, "reproduce", again);
  json_object_update_new(told, json_look(&s->looks[i]));
  return told;
}

static json_t *json_core(const screen *s, size_t i) {
  const screen_core *core = s->cores[i];
  json_t *rates = json_object();
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (s->orders.isas[isa])
      json_object_set_new(rates, cardinal_isa_name((cardinal_isa)isa),
                          number_or_null(screen_rate(core, (cardinal_isa)isa)));
  const bool ran = core->end != SCREEN_NOT_STARTED;
  return json_pack("{s:i, s:i, s:i, s:s?, s:s, s:s?, s:I, s:I, s:I, s:f, s:o, s:o, s:o, s:o, s:o, s:o}", "cpu",
                   (int)core->cpu.cpu, "core", core->cpu.core, "package", core->cpu.package, "microcode",
                   core->cpu.microcode[0] ? core->cpu.microcode : NULL, "verdict",
                   ran ? screen_verdict_name(screen_core_verdict(s, i)) : "not run", "problem",
                   core->ending[0] ? core->ending : NULL, "results", (json_int_t)core->runs, "wrong_results",
                   (json_int_t)core->mismatches, "passes", (json_int_t)core->passes, "seconds", core->seconds,
                   "cpu_share", number_or_null(core->seconds > 0 ? core->cpu_seconds / core->seconds : NAN),
                   "temperature_c", number_or_null(core->hottest), "clock_mhz",
                   number_or_null(core->clock_count ? core->clock_sum / core->clock_count : NAN), "gflops", rates,
                   "of_siblings", number_or_null(s->relative[i]), "first_wrong", json_miss(s, i));
}

static bool print_json(const screen *s, screen_verdict verdict) {
  cardinal_machine m = {.struct_size = sizeof m};
  cardinal_machine_get(&m, NULL);
  char start[32];
  struct tm utc;
  strftime(start, sizeof start, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&s->start, &utc));
  json_t *cores = json_array(), *isas = json_array(), *precisions = json_array();
  for (int format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; ++format)
    if (format_set_has(s->options->formats, (cardinal_format)format))
      json_array_append_new(precisions, json_string(cardinal_format_name((cardinal_format)format)));
  for (int isa = 0; isa < CARDINAL_ISA_COUNT; ++isa)
    if (s->orders.isas[isa])
      json_array_append_new(isas, json_string(cardinal_isa_name((cardinal_isa)isa)));
  for (size_t i = 0; i < s->count; ++i)
    json_array_append_new(cores, json_core(s, i));
  return tool_print_json(
      "screen",
      json_pack("{s:s, s:s, s:o, s:{s:s, s:o, s:i, s:i, s:i}, s:s, s:f, s:s, s:o, s:o, s:s?, s:f, s:s, s:b, s:s?, s:o}",
                "schema", "cardinal-screen-1", "version", cardinal_version(), "node", tool_json_text(s->options->node),
                "cpu", "vendor", m.vendor, "brand", tool_json_text(m.brand), "family", (int)m.family, "model",
                (int)m.model, "stepping", (int)m.stepping, "start", start, "seconds", s->seconds, "mode",
                s->options->together ? "together" : "in turn", "isas", isas, "precisions", precisions, "work",
                s->options->work, "slow_percent", s->options->slow, "verdict", screen_verdict_name(verdict),
                "suspect_build", (int)all_alike(s), "ended_early", s->signal ? strsignal(s->signal) : NULL, "cores",
                cores));
}

int screen_report(const screen *s) {
  const screen_verdict verdict = overall(s);
  if (s->options->json) {
    if (!print_json(s, verdict))
      return TOOL_FAILED;
  } else {
    print_text(s, verdict);
  }
  return exit_status(s, verdict);
}
