/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal verify`: puts kernels through the gauntlet, the library's own or those of a plug-in. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gauntlet/builtin.h"
#include "gauntlet/campaign.h"
#include "tools/command.h"
#include "tools/verify_calls.h"
#include "tools/verify_network.h"
#include "tools/verify_options.h"
#include "tools/verify_reference.h"

static const char name[] = "verify";

/* A report on its way: what was printed of the running kernel, and the JSON. */
typedef struct report {
  const verify_options *options;
  size_t shown, trials, failures, calls, failed_calls;
  size_t kernel, kernels; /* that are taken */
  json_t *json_trials;    /* of the running kernel; failures, or all with --verbose */
} report;

/* ---- what is told --------------------------------------------------------------------------------------------- */

/* The command that runs this trial of a file's case alone. */
static void print_reference_command(const report *r, const gauntlet_case *tried, char *text, size_t size) {
  const verify_options *o = r->options;
  const bool named = tried->given->name[0] != '\0';
  char rule[GAUNTLET_RULE_BYTES];
  snprintf(
      text, size, "cardinal verify%s%s --reference %s%s%s --judge %s --kernel-name %s --seed %" PRIu64 " --cases 1",
      o->plugin ? " --kernel " : "", o->plugin ? o->plugin : "", o->reference, named ? " --reference-case " : "",
      tried->given->name, gauntlet_rule_describe(&tried->given->rule, rule), tried->declaration->name, tried->seed);
}

/* The command that runs this trial alone. */
static void print_command(const report *r, const gauntlet_case *tried, char *text, size_t size) {
  if (tried->given) {
    print_reference_command(r, tried, text, size);
    return;
  }
  char descriptor[GAUNTLET_DESCRIPTOR_BYTES];
  gauntlet_problem plain = *tried->problem; /* layouts are the kernel's own */
  plain.conv.x_layout = plain.conv.y_layout = plain.pool.x_layout = plain.pool.y_layout = CARDINAL_LAYOUT_BLOCKED16;
  snprintf(text, size, "cardinal verify%s%s --kernel-name %s --case '%s' --seed %" PRIu64 " --cases 1",
           r->options->plugin ? " --kernel " : "", r->options->plugin ? r->options->plugin : "",
           tried->declaration->name, gauntlet_describe(&plain, descriptor), tried->seed);
}

static void print_trial(const report *r, const gauntlet_case *tried) {
  static const char *const placements[] = {"at the start", "at the end", "askew"};
  const gauntlet_verdict *v = tried->verdict;
  char repeat[1024], violations[256], descriptor[GAUNTLET_DESCRIPTOR_BYTES], where[128];
  if (v->violations) {
    print_command(r, tried, repeat, sizeof repeat);
    printf("FAIL %s: %s\n     %s\n     %s\n", tried->declaration->name,
           verify_violations(v->violations, violations, sizeof violations), v->what, repeat);
    return;
  }
  printf("pass %s: %s%s%s, %s data, memory %s%s%s: ", tried->declaration->name, tried->given ? tried->given->name : "",
         tried->given ? ": " : "", gauntlet_describe(tried->problem, descriptor),
         tried->given ? "given" : data_kind_name(tried->kind), placements[tried->placement],
         tried->residual_in_place ? ", residual in place" : "", tried->threads ? ", two threads" : "");
  printf("%zu outputs, %s", v->outputs, v->same_bits ? "same bits" : "other bits");
  if (v->worst_share > 0.0)
    printf(", worst %.3g ULP, %.3g of the bound at %s", v->worst_ulp, v->worst_share,
           gauntlet_coordinates(tried->problem, v->worst_share_at, where, sizeof where));
  if (tried->given)
    printf("; off the reference by %.0f ULP at most", v->departure.worst_ulp);
  putchar('\n');
}

static json_t *json_verdict(const report *r, const gauntlet_case *tried) {
  const gauntlet_verdict *v = tried->verdict;
  char repeat[1024], descriptor[GAUNTLET_DESCRIPTOR_BYTES], where[128];
  print_command(r, tried, repeat, sizeof repeat);
  json_t *told =
      json_pack("{s:s, s:I, s:s, s:b, s:o, s:b, s:I, s:s}", "case", gauntlet_describe(tried->problem, descriptor),
                "seed", (json_int_t)tried->seed, "data", tried->given ? "given" : data_kind_name(tried->kind), "right",
                !v->violations, "violations", verify_json_violations(v->violations), "same_bits", (int)v->same_bits,
                "outputs", (json_int_t)v->outputs, "reproduce", repeat);
  if (v->violations)
    json_object_set_new(told, "what", tool_json_text(v->what));
  if (tried->given) {
    json_object_set_new(told, "reference_case", tool_json_text(tried->given->name));
    json_object_set_new(told, "worst_ulp_off_reference", json_real(v->departure.worst_ulp));
    json_object_set_new(told, "outputs_off_reference", json_integer((json_int_t)v->departure.outside));
  }
  if (v->worst_share >= 0.0) {
    json_object_set_new(told, "worst_ulp", json_real(v->worst_ulp));
    json_object_set_new(told, "worst_share_of_bound", json_real(v->worst_share));
    json_object_set_new(told, "worst_at",
                        json_string(gauntlet_coordinates(tried->problem, v->worst_share_at, where, sizeof where)));
  }
  return told;
}

static void tell_trial(void *user, const gauntlet_case *tried) {
  report *r = user;
  const bool wrong = tried->verdict->violations != 0;
  ++r->trials;
  r->failures += wrong;
  tool_progress("%s: kernel %zu of %zu, %zu trials, %zu failures", tried->declaration->name, r->kernel, r->kernels,
                r->trials, r->failures);
  if (!wrong && !r->options->verbose)
    return;
  if (r->options->json) {
    json_array_append_new(r->json_trials, json_verdict(r, tried));
  } else if (r->options->verbose || r->shown < VERIFY_SHOWN_FAILURES) {
    tool_progress_clear();
    print_trial(r, tried);
  }
  r->shown += wrong;
}

static const char promise_names[][16] = {"same bits", "bounded"};

static void print_score(const gauntlet_score *s, const verify_calls *c, size_t shown) {
  char ulp[16] = "-", share[16] = "-";
  if (s->skipped[0] && !c->calls) {
    printf("%-34s skipped: %s\n", s->declaration->name, s->skipped);
    return;
  }
  if (s->worst_ulp >= 0.0)
    snprintf(ulp, sizeof ulp, "%.0f", s->worst_ulp);
  if (s->worst_share >= 0.0)
    snprintf(share, sizeof share, "%.3f", s->worst_share);
  printf("%-34s %-10s %6zu %6zu %6zu %6zu  %-5s %9s %7s %7.1f\n", s->declaration->name,
         promise_names[s->declaration->promise], s->trials, s->failures, c->calls, c->failures,
         s->same_bits && !c->failures ? "same" : "other", ulp, share, s->seconds + c->seconds);
  if (s->skipped[0])
    printf("     no trials: %s\n", s->skipped);
  if (shown > VERIFY_SHOWN_FAILURES)
    printf("     ... and %zu failed trials more\n", shown - VERIFY_SHOWN_FAILURES);
  if (c->failures > VERIFY_SHOWN_FAILURES)
    printf("     ... and %zu failed calls more\n", c->failures - VERIFY_SHOWN_FAILURES);
}

static json_t *json_score(const gauntlet_score *s, json_t *trials, const verify_calls *c) {
  json_t *told = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:f, s:o, s:o}", "name", s->declaration->name,
                           "promise", promise_names[s->declaration->promise], "trials", (json_int_t)s->trials,
                           "failures", (json_int_t)s->failures, "calls", (json_int_t)c->calls, "failed_calls",
                           (json_int_t)c->failures, "same_bits", s->same_bits && !c->failures, "seconds",
                           s->seconds + c->seconds, "told_trials", trials, "told_calls", c->told);
  if (s->skipped[0])
    json_object_set_new(told, "skipped", tool_json_text(s->skipped));
  if (s->worst_share >= 0.0) {
    json_object_set_new(told, "worst_ulp", json_real(s->worst_ulp));
    json_object_set_new(told, "worst_share_of_bound", json_real(s->worst_share));
  }
  return told;
}

/* ---- the run -------------------------------------------------------------------------------------------------- */

static bool takes(const verify_options *options, const gauntlet_campaign *campaign, size_t kernel) {
  if (!gauntlet_campaign_takes(campaign, kernel) ||
      !format_set_has(options->formats, (cardinal_format)campaign->list->kernels[kernel].format))
    return false;
  return !options->isa ||
         strcmp(cardinal_isa_name(gauntlet_builtin_isa(campaign->list->kernels[kernel].name)), options->isa) == 0;
}

static void count_kernels(const verify_options *options, const gauntlet_campaign *campaign, report *r) {
  for (size_t i = 0; i < campaign->list->count; ++i)
    r->kernels += takes(options, campaign, i);
}

/* Returns the exit status. */
static int judge(const verify_options *options, const gauntlet_list *list, const reference_cases *cases) {
  report r = {.options = options};
  const gauntlet_campaign campaign = {
      .source = {.path = options->plugin, .plugin = options->plugin ? NULL : gauntlet_builtin()},
      .list = list,
      .part = options->part,
      .problems = cases ? cases->problems : options->problems.problem,
      .problem_count = cases ? cases->count : options->problems.count,
      .given = cases ? cases->given : NULL,
      .seed = options->seed,
      .trials = options->cases,
      .seconds = (double)options->timeout,
      .stop_at_hang = true,
      .user = &r,
      .tried = tell_trial};
  count_kernels(options, &campaign, &r);
  if (!r.kernels)
    return tool_fail(name, "no kernel of %s is meant by%s%s%s%s%s", list->name, options->part ? " --kernel-name " : "",
                     options->part ? options->part : "", options->isa ? " --isa " : "",
                     options->isa ? options->isa : "", options->formats != ALL_FORMATS ? " --precision" : "");
  json_t *references = json_array();
  const size_t off = cases ? verify_tell_references(options, cases, references) : 0;
  if (!options->json)
    printf("%s, seed %" PRIu64 "\n\n%-34s %-10s %6s %6s %6s %6s  %-5s %9s %7s %7s\n", list->name, options->seed,
           "kernel", "promise", "trials", "failed", "calls", "failed", "bits", "worst ULP", "bound", "s");
  json_t *kernels = json_array();
  size_t tried = 0, refused = 0;
  for (size_t i = 0; i < list->count; ++i) {
    if (!takes(options, &campaign, i))
      continue;
    ++r.kernel;
    r.shown = 0;
    r.json_trials = json_array();
    gauntlet_score score = {
        .declaration = &list->kernels[i], .same_bits = true, .worst_ulp = -1.0, .worst_share = -1.0};
    verify_calls calls = {.options = options, .told = json_array()};
    if (!options->call)
      gauntlet_campaign_run(&campaign, i, &score);
    if (options->calls)
      verify_calls_run(&calls, list->kernels[i].name);
    r.calls += calls.calls;
    r.failed_calls += calls.failures;
    tried += score.trials + calls.calls > 0;
    refused += score.trials == 0 && score.failures > 0; /* it couldn't even be asked */
    json_array_append_new(kernels, json_score(&score, r.json_trials, &calls));
    tool_progress_clear();
    if (!options->json) {
      print_score(&score, &calls, r.shown);
      fflush(stdout);
    }
  }
  const size_t failures = r.failures + refused;
  const bool right = r.trials + r.calls > 0 && failures + off + r.failed_calls == 0;
  if (options->json) {
    json_t *all =
        json_pack("{s:s, s:I, s:b, s:I, s:I, s:I, s:I, s:o}", "list", list->name, "seed", (json_int_t)options->seed,
                  "right", (int)right, "trials", (json_int_t)r.trials, "failures", (json_int_t)failures, "calls",
                  (json_int_t)r.calls, "failed_calls", (json_int_t)r.failed_calls, "kernels", kernels);
    if (cases) {
      json_object_set(all, "references", references);
      json_object_set_new(all, "references_off", json_integer((json_int_t)off));
    }
    json_decref(references);
    if (!tool_print_json(name, all))
      return TOOL_FAILED;
  } else {
    json_decref(kernels);
    json_decref(references);
    printf("\n%zu kernels tried, %zu trials, %zu failures", tried, r.trials, failures);
    if (options->calls)
      printf("; %zu calls, %zu failures", r.calls, r.failed_calls);
    putchar('\n');
    if (!r.trials && !r.calls && !refused)
      fprintf(stderr, "cardinal verify: no trial ran, so nothing is proven\n");
  }
  return right ? TOOL_OK : TOOL_FAILED;
}

static int run_campaign(const verify_options *options, const reference_cases *cases) {
  const gauntlet_source source = {.path = options->plugin, .plugin = options->plugin ? NULL : gauntlet_builtin()};
  static gauntlet_list list;
  char message[512];
  if (!gauntlet_source_list(&source, &list, message, sizeof message))
    return tool_fail(name, "--kernel %s: %s", options->plugin, message);
  return judge(options, &list, cases);
}

static int run_references(const verify_options *options) {
  reference_cases cases;
  cardinal_error error;
  const cardinal_status failed = reference_cases_read(options->reference, options->reference_case,
                                                      options->judge_given ? &options->judge : NULL, &cases, &error);
  const int status = failed ? tool_fail(name, "--reference %s", error.message) : run_campaign(options, &cases);
  reference_cases_free(&cases);
  return status;
}

static int run(int argc, char **argv) {
  verify_options options;
  verify_options_read(&options, argc, argv);
  int status = TOOL_FAILED;
  if (verify_options_network(&options))
    status = verify_network(&options);
  else if (options.reference)
    status = run_references(&options);
  else if (options.problems_read)
    status = run_campaign(&options, NULL);
  free(options.problems.problem);
  return status;
}

const command verify_command = {
    .name = name,
    .summary = "judge kernels, the library's or a plug-in's, against references",
    .run = run,
};
