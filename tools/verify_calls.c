/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/verify_calls.h"

#include <inttypes.h>
#include <stdio.h>

#include "dispatch/select.h"
#include "gauntlet/child.h"
#include "gauntlet/micro_campaign.h"
#include "tools/command.h"

const char *verify_violations(uint32_t violations, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (uint32_t bit = 1; bit && used < size; bit <<= 1)
    if (violations & bit)
      used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                               gauntlet_violation_name((gauntlet_violation)bit));
  return text;
}

json_t *verify_json_violations(uint32_t violations) {
  json_t *names = json_array();
  for (uint32_t bit = 1; bit; bit <<= 1)
    if (violations & bit)
      json_array_append_new(names, json_string(gauntlet_violation_name((gauntlet_violation)bit)));
  return names;
}

/* The command that makes this call alone. */
static void print_command(const verify_calls *calls, const gauntlet_micro_verdict *v, char *text, size_t size) {
  snprintf(text, size, "cardinal verify --kernel-name %s --call %zu --seed %" PRIu64, v->kernel->name, v->number,
           calls->options->seed);
}

static void print_call(const verify_calls *calls, const gauntlet_micro_verdict *v) {
  char repeat[256], violations[256];
  if (!v->violations) {
    printf("pass %s: call %zu, %s\n", v->kernel->name, v->number, v->words);
    return;
  }
  print_command(calls, v, repeat, sizeof repeat);
  printf("FAIL %s: %s\n     %s\n     call %zu, %s\n     %s\n", v->kernel->name,
         verify_violations(v->violations, violations, sizeof violations), v->what, v->number, v->words, repeat);
}

static json_t *json_call(const verify_calls *calls, const gauntlet_micro_verdict *v) {
  char repeat[256];
  print_command(calls, v, repeat, sizeof repeat);
  json_t *told = json_pack("{s:I, s:s, s:b, s:o, s:s}", "call", (json_int_t)v->number, "arguments", v->words, "right",
                           !v->violations, "violations", verify_json_violations(v->violations), "reproduce", repeat);
  if (v->violations)
    json_object_set_new(told, "what", tool_json_text(v->what));
  return told;
}

static bool tell(void *user, const gauntlet_micro_verdict *verdict) {
  verify_calls *calls = user;
  const bool wrong = verdict->violations != 0, verbose = calls->options->verbose;
  calls->failures += wrong;
  if (!wrong && !verbose)
    return true;
  if (calls->options->json) {
    json_array_append_new(calls->told, json_call(calls, verdict));
  } else if (verbose || calls->failures <= VERIFY_SHOWN_FAILURES) {
    tool_progress_clear();
    print_call(calls, verdict);
  }
  return true;
}

void verify_calls_run(verify_calls *calls, const char *kernel) {
  const verify_options *options = calls->options;
  const double start = gauntlet_clock();
  cardinal_selector everything = {.cap = (cardinal_isa)(CARDINAL_ISA_COUNT - 1)};
  cardinal_cpu_detect(&everything.features);
  const gauntlet_micro micro = {.kernel = cardinal_kernel_find(kernel),
                                .seed = options->seed,
                                .most = options->calls,
                                .only = options->call,
                                .user = calls,
                                .judged = tell};
  if (!cardinal_kernel_unusable(micro.kernel, &everything))
    calls->calls = gauntlet_micro_apart(&micro, (unsigned)options->timeout);
  calls->seconds = gauntlet_clock() - start;
}
