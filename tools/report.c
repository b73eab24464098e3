/* SPDX-License-Identifier: BSD-3-Clause */
/* `cardinal report`: results as a page that stands alone, or in Markdown. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"
#include "tools/options.h"
#include "tools/outfile.h"
#include "tools/page.h"
#include "tools/report_parts.h"

static const char name[] = "report";

enum {
  MOST_BYTES = 1000000 /* of a page, which people send on */
};

/* ---- the command line -------------------------------------------------------------------------------------------- */

enum {
  OPTION_AGAINST = OPTION_FIRST_OWN,
  OPTION_MARKDOWN
};

typedef struct report_options {
  const char *output, *against; /* NULL: standard output; none */
  bool markdown;
  char **files;
  size_t file_count;
} report_options;

static const struct argp_option list[] = {
    {"output", 'o', "FILE", 0, "write there, whole or not at all (default: standard output)", 0},
    {"against", OPTION_AGAINST, "OLD.json", 0, "an older run, which the newest one of its machine is held against", 0},
    {"markdown", OPTION_MARKDOWN, NULL, 0,
     "print a row for results/README.md for each machine, then tables, in Markdown", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  report_options *to = state->input;
  switch (key) {
  case 'o':
    to->output = argument;
    return 0;
  case OPTION_AGAINST:
    to->against = argument;
    return 0;
  case OPTION_MARKDOWN:
    to->markdown = true;
    return 0;
  case ARGP_KEY_ARGS:
    to->files = state->argv + state->next;
    to->file_count = (size_t)(state->argc - state->next);
    return 0;
  case ARGP_KEY_END:
    if (!to->file_count)
      argp_error(state, "no file was named; cardinal_bench --benchmark_out and script/compare write them");
    if (to->markdown && to->against)
      argp_error(state, "--against is for the page; `cardinal compare --markdown` has a table");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp report_argp = {
    .options = list,
    .parser = parse,
    .args_doc = "RESULTS.json...",
    .doc =
        "Makes one page of the results of cardinal_bench and script/compare, of one machine or several: networks, "
        "roofline, layers, every round, threads and batches, other libraries, cardinality at constant cost. It is "
        "one file below 1 MB that fetches nothing and has the files themselves in it, each behind a button that saves "
        "it. Of files of one machine, the newest result of each name counts."
        "\v"
        "The exit status is 0; 1 if a file isn't a run's results or the page can't be written; 2 if the command line "
        "is wrong.",
};

/* ---- the page ---------------------------------------------------------------------------------------------------- */

static void add_navigation(const report_data *data, FILE *to) {
  page_add(to, "<nav aria-label=\"Parts\"><ul>");
  for (size_t i = 0; i < data->machine_count; ++i) {
    page_add(to, "<li><a href=\"#machine%zu\">", i);
    page_text(to, data->machines[i].name);
    page_add(to, "</a></li>");
  }
  page_add(to, "<li><a href=\"#provenance\">Where the figures come from</a></li></ul></nav>\n");
}

static void add_machine(const report_data *data, size_t index, const bench_file *against, FILE *to) {
  const report_machine *m = &data->machines[index];
  const bench_file *newest = report_newest(m);
  page_add(to, "<section>\n<h2 id=\"machine%zu\">", index);
  page_text(to, m->name);
  page_add(to, "</h2>\n<p class=\"soft\">");
  page_add_text(to, "%s, commit %s, %.10s", bench_file_context(newest, "compiler"),
                bench_file_context(newest, "commit"), bench_file_context(newest, "started"));
  page_add(to, "</p>\n");
  report_cards(m, to);
  if (against)
    report_changes(m, against, to);
  report_peers(m, to);
  report_roofline(m, to);
  report_layers(m, to);
  report_sweep(m, to);
  report_scaling(m, to);
  report_cardinality(m, to);
  report_rounds(m, to);
  report_all_results(m, to);
  page_add(to, "</section>\n");
}

/* What follows the files in a page needs a few bytes of it. */
enum {
  END_BYTES = 64
};

static bool add_page(const report_data *data, const bench_file *against, FILE *to) {
  static const char title[] = "Cardinal: measured results";
  page_begin(to, title);
  page_add(to,
           "<header><h1>%s</h1>\n<p>Grouped and other convolutions on CPUs, layer by layer and as whole networks, "
           "beside the peak that each machine reached in the same run.</p>\n",
           title);
  add_navigation(data, to);
  page_add(to, "</header>\n<main>\n");
  for (size_t i = 0; i < data->machine_count; ++i)
    add_machine(data, i, against, to);
  page_add(to, "</main>\n<footer>\n");
  report_provenance(data, to);
  const long used = ftell(to);
  const bool good =
      used >= 0 &&
      report_archive(data, against, used < MOST_BYTES - END_BYTES ? (size_t)(MOST_BYTES - END_BYTES - used) : 0, to);
  page_add(to, "</footer>\n");
  page_end(to);
  return good;
}

/* The page, or the Markdown, in memory; NULL without any. */
static char *compose(const report_options *options, const report_data *data, const bench_file *against, size_t *size) {
  char *text = NULL;
  FILE *to = open_memstream(&text, size);
  if (!to)
    return NULL;
  bool good = true;
  if (options->markdown)
    report_markdown(data, to);
  else
    good = add_page(data, against, to);
  if (!fclose(to) && good)
    return text;
  free(text);
  return NULL;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static bool write_out(const report_options *options, const char *text, size_t size) {
  if (!options->output)
    return fwrite(text, 1, size, stdout) == size; /* main() tells what went wrong */
  outfile file;
  const bool good = outfile_open(&file, options->output) && outfile_write(&file, text, size) && outfile_finish(&file);
  if (!good)
    tool_complain(name, "%s: %s", options->output, file.problem);
  outfile_abandon(&file);
  return good;
}

static int report(const report_options *options, const report_data *data, const bench_file *against) {
  size_t size;
  char *text = compose(options, data, against, &size);
  int status = TOOL_FAILED;
  if (!text)
    tool_complain(name, "no memory for the page");
  else if (size > MOST_BYTES && !options->markdown)
    tool_complain(name, "the page would have %zu bytes, more than %d: name fewer files", size, MOST_BYTES);
  else if (write_out(options, text, size))
    status = TOOL_OK;
  free(text);
  return status;
}

/* Whether some machine has something to hold against the old run; says so if not. */
static bool check_against(const report_data *data, const bench_file *against) {
  for (size_t i = 0; i < data->machine_count; ++i)
    if (report_has_changes(&data->machines[i], against))
      return true;
  tool_complain(name,
                "--against %s: no other file is of the same CPU and settings and has benchmarks with rounds in common "
                "with it",
                against->path);
  return false;
}

static bool read_file(const char *path, bench_file *to) {
  char why[512];
  if (bench_file_read(to, path, why, sizeof why))
    return true;
  tool_complain(name, "%s: %s", path, why);
  return false;
}

static int run(int argc, char **argv) {
  report_options options = {.output = NULL};
  options_parse(&report_argp, "cardinal report", argc, argv, &options);
  bench_file against = {.path = NULL}, *files = calloc(options.file_count, sizeof *files);
  report_data data = {.files = NULL};
  int status = files ? TOOL_OK : tool_fail(name, "no memory for %zu files", options.file_count);
  for (size_t i = 0; files && i < options.file_count; ++i)
    if (!read_file(options.files[i], &files[i]))
      status = TOOL_FAILED;
  if (options.against && !read_file(options.against, &against))
    status = TOOL_FAILED;
  if (!status && !report_gather(&data, files, options.file_count))
    status = tool_fail(name, "no memory for the results");
  if (!status && options.against && !check_against(&data, &against))
    status = TOOL_FAILED;
  if (!status)
    status = report(&options, &data, options.against ? &against : NULL);
  report_free(&data);
  for (size_t i = 0; files && i < options.file_count; ++i)
    bench_file_free(&files[i]);
  bench_file_free(&against);
  free(files);
  return status;
}

const command report_command = {
    .name = name,
    .summary = "make a page of benchmarks' results",
    .run = run,
};
