/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/tune_report.h"

#include "bench/shape.h"
#include "tools/command.h"

format_set tune_subject_formats(const tune_subject *subject) {
  format_set formats = 0;
  for (size_t i = 0; i < subject->count; i++)
    formats |= 1u << subject->problems[i].shape.format;
  return formats;
}

/* Shapes for which another kernel was chosen than without a file. */
static size_t changed(const tune_subject *subject) {
  size_t count = 0;
  for (size_t i = 0; i < subject->count; i++)
    count += subject->problems[i].chosen != 0;
  return count;
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

void tune_print_heading(void) {
  printf("  %-6s %-30s %-34s %9s %8s %6s\n", "format", "shape", "kernel", "ms", "% peak", "quiet");
}

void tune_print_problem(const tune_problem *problem) {
  char shape[96];
  bench_shape_of_conv(&problem->conv, shape, sizeof shape);
  for (size_t i = 0; i < problem->count; i++) {
    const tune_candidate *candidate = &problem->candidates[i];
    printf("%c %-6s %-30s %-34s", i == problem->chosen ? '*' : ' ',
           i ? "" : cardinal_format_name(problem->shape.format), i ? "" : shape, candidate->kernel->name);
    if (candidate->given_up)
      printf(" %9.3f        slow\n", 1e3 * candidate->first_seconds);
    else
      printf(" %9.3f %8.1f %6zu%s\n", 1e3 * candidate->measured.seconds, candidate->measured.peak_pct,
             candidate->measured.quiet_rounds, cardinal_measurement_is_firm(&candidate->measured) ? "" : " uncertain");
  }
  fflush(stdout);
}

void tune_print_summary(const tune_subject *subject, const cardinal_context *context,
                        const tune_yardsticks *yardsticks) {
  printf("\n%zu shapes on %s, %u thread(s); peak", subject->count, cardinal_isa_name(cardinal_context_isa(context)),
         cardinal_context_threads(context));
  for (int format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; format++)
    if (format_set_has(yardsticks->formats, (cardinal_format)format))
      printf(" %s %.1f", cardinal_format_name((cardinal_format)format),
             cardinal_yardstick_peak(&yardsticks->of[format]));
  printf(" GFLOP/s or GOP/s\n* marks the choice, the first is what would be chosen without a file. Another kernel is "
         "faster by 2 %% or more for %zu of them.\n",
         changed(subject));
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *candidate_json(const tune_candidate *candidate) {
  const cardinal_measurement *m = &candidate->measured;
  if (candidate->given_up)
    return json_pack("{s:s, s:b, s:f}", "name", candidate->kernel->name, "given_up", 1, "ms",
                     1e3 * candidate->first_seconds);
  return json_pack("{s:s, s:b, s:f, s:f, s:f, s:f, s:I, s:I, s:b}", "name", candidate->kernel->name, "given_up", 0,
                   "ms", 1e3 * m->seconds, "gflops", m->gflops, "peak_pct", m->peak_pct, "spread_pct", m->spread_pct,
                   "rounds", (json_int_t)m->rounds, "quiet_rounds", (json_int_t)m->quiet_rounds, "uncertain",
                   !cardinal_measurement_is_firm(m));
}

static json_t *problem_json(const tune_problem *problem) {
  char descriptor[GAUNTLET_DESCRIPTOR_BYTES];
  gauntlet_problem described;
  cardinal_error error;
  if (!gauntlet_problem_of_conv(&problem->conv, &described, &error))
    return NULL;
  json_t *kernels = json_array();
  for (size_t i = 0; i < problem->count; i++)
    json_array_append_new(kernels, candidate_json(&problem->candidates[i]));
  return json_pack("{s:s, s:s, s:s, s:s, s:o}", "case", gauntlet_describe(&described, descriptor), "format",
                   cardinal_format_name(problem->shape.format), "chosen",
                   problem->candidates[problem->chosen].kernel->name, "otherwise", problem->candidates[0].kernel->name,
                   "kernels", kernels);
}

json_t *tune_json(const tune_subject *subject, const cardinal_context *context, const tune_yardsticks *yardsticks) {
  json_t *shapes = json_array(), *peaks = json_object();
  for (size_t i = 0; i < subject->count; i++)
    json_array_append_new(shapes, problem_json(&subject->problems[i]));
  for (int format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; format++)
    if (format_set_has(yardsticks->formats, (cardinal_format)format))
      json_object_set_new(peaks, cardinal_format_name((cardinal_format)format),
                          json_real(cardinal_yardstick_peak(&yardsticks->of[format])));
  return json_pack("{s:s, s:s, s:i, s:o, s:I, s:o}", "version", cardinal_version(), "isa",
                   cardinal_isa_name(cardinal_context_isa(context)), "threads", (int)cardinal_context_threads(context),
                   "peak_gflops", peaks, "changed", (json_int_t)changed(subject), "shapes", shapes);
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

void tune_write(FILE *to, const tune_subject *subject, const cardinal_context *context) {
  char header[CARDINAL_TUNING_HEADER_BYTES], line[CARDINAL_TUNING_LINE_BYTES];
  cardinal_tuning_header(header, &context->selector.features, subject->count);
  fputs(header, to);
  fprintf(to, "# made by cardinal tune with %u thread(s); percentages are of the format's peak\n",
          cardinal_context_threads(context));
  for (size_t i = 0; i < subject->count; i++) {
    const tune_problem *problem = &subject->problems[i];
    fputc('#', to);
    for (size_t c = 0; c < problem->count; c++)
      if (!problem->candidates[c].given_up)
        fprintf(to, " %s %.1f %%", problem->candidates[c].kernel->name, problem->candidates[c].measured.peak_pct);
    cardinal_tuning_line(line, &(cardinal_tuned){problem->shape, problem->candidates[problem->chosen].kernel});
    fprintf(to, "\n%s", line);
  }
}
