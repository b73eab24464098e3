/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include "tools/page.h"
#include "tools/report_parts.h"

static const char *threads_text(unsigned threads) {
  return threads == 1 ? "one thread" : "all threads";
}

/* ---- the headline ------------------------------------------------------------------------------------------------ */

static void add_card(const report_machine *m, const bench_row *net, FILE *to) {
  const char *doubt = bench_row_is_firm(net) ? "" : "~";
  bool firm;
  const double x_naive = report_net_x_naive(m, net, &firm);
  const bench_row *peer = report_fastest_peer(m, net);
  page_add(to, "<div class=\"card\"><span class=\"soft\">");
  page_add_text(to, "%s, %s, %s, batch %u, %s", net->model, net->format, net->isa, net->batch,
                threads_text(net->threads));
  page_add(to, "</span><b>%s%.1f ms</b><ul>", doubt, 1e3 * net->seconds);
  page_add(to, "<li>%s%.1f %% of the ", doubt, net->peak_pct);
  page_add_text(to, "%s peak", net->format);
  page_add(to, "</li>");
  if (x_naive > 0)
    page_add(to, "<li>%s%.0f × naive loops</li>", firm ? "" : "~", x_naive);
  if (peer) {
    page_add(to, "<li>%s%.2f × as fast as ", bench_row_is_firm(peer) ? "" : "~", peer->x_ours);
    page_add_text(to, "%s %s, the fastest peer", peer->peer, peer->peer_version);
    page_add(to, "</li>");
  }
  page_add(to, "</ul></div>\n");
}

void report_cards(const report_machine *m, FILE *to) {
  const char *model = report_main_model(m);
  const unsigned all = report_threads(m);
  if (!model)
    return;
  page_add(to, "<div class=\"cards\">\n");
  for (size_t f = 0; report_format(f); ++f)
    for (unsigned threads = 1; threads <= all; threads += all > 1 ? all - 1 : 1) {
      const bench_row *net = report_net(m, model, report_format(f), 1, threads);
      if (net)
        add_card(m, net, to);
    }
  page_add(to, "</div>\n");
}

/* ---- threads and batches ----------------------------------------------------------------------------------------- */

static double images_a_second(const bench_row *net) {
  return net->batch / net->seconds;
}

/* The model's fastest row with one thread and one image, by which the others are told. */
static const bench_row *base_of(const report_machine *m, const bench_row *net) {
  return report_net(m, net->model, net->format, 1, 1);
}

static bool is_fastest(const report_machine *m, const bench_row *row) {
  return !strcmp(row->kind, "net") && report_net(m, row->model, row->format, row->batch, row->threads) == row;
}

void report_scaling(const report_machine *m, FILE *to) {
  double most = 0;
  size_t count = 0;
  for (size_t i = 0; i < m->count; ++i)
    if (is_fastest(m, m->rows[i])) {
      most = fmax(most, images_a_second(m->rows[i]));
      ++count;
    }
  if (count < 2)
    return;
  const page_scale scale = page_scale_to(most, "");
  page_add(to, "<h3>Threads and batches</h3>\n");
  page_strips_begin(to, &scale, 17, "Images a second, of each network by its fastest instruction set");
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *net = m->rows[i];
    if (!is_fastest(m, net))
      continue;
    const bench_row *base = base_of(m, net);
    char note[96], told[256];
    snprintf(note, sizeof note, "%s, batch %u, %u thread%s", net->format, net->batch, net->threads,
             net->threads == 1 ? "" : "s");
    snprintf(told, sizeof told, "%s, %s: %.1f images a second", net->model, note, images_a_second(net));
    page_strip_begin(to, net->model, note, told);
    page_bar(to, &scale, net->format, images_a_second(net));
    if (base)
      page_strip_end(to, "%s%.1f/s, %s%.2f×", bench_row_is_firm(net) ? "" : "~", images_a_second(net),
                     bench_row_is_firm(net) && bench_row_is_firm(base) ? "" : "~",
                     images_a_second(net) / images_a_second(base));
    else
      page_strip_end(to, "%s%.1f/s", bench_row_is_firm(net) ? "" : "~", images_a_second(net));
  }
  page_strips_end(to);
  page_add(to, "<p class=\"soft\">The factor is the gain over one thread and one image.</p>\n");
}

/* ---- cardinality at constant cost -------------------------------------------------------------------------------- */

/* Tables 3 of Xie et al. 2017, "Aggregated Residual Transformations for Deep Neural Networks": networks of the same
 * cost, and their top-1 errors on ImageNet in %. */
typedef struct cost_alike {
  unsigned depth;
  const char *model, *name;
  double error;
} cost_alike;

static const cost_alike paper[] = {
    {50, "resnet50", "1 × 64d", 23.9},          {50, "resnext50_2x40d", "2 × 40d", 23.0},
    {50, "resnext50_4x24d", "4 × 24d", 22.6},   {50, "resnext50_8x14d", "8 × 14d", 22.3},
    {50, "resnext50_32x4d", "32 × 4d", 22.2},   {101, "resnet101", "1 × 64d", 22.0},
    {101, "resnext101_2x40d", "2 × 40d", 21.7}, {101, "resnext101_4x24d", "4 × 24d", 21.4},
    {101, "resnext101_8x14d", "8 × 14d", 21.3}, {101, "resnext101_32x4d", "32 × 4d", 21.2},
};
enum {
  PAPER = sizeof paper / sizeof *paper
};

/* How many of a depth's networks were measured in a format, and the slowest's milliseconds. */
static size_t measured(const report_machine *m, unsigned depth, const char *format, double *most) {
  size_t count = 0;
  *most = 0;
  for (size_t i = 0; i < PAPER; ++i) {
    const bench_row *net = paper[i].depth == depth ? report_net(m, paper[i].model, format, 1, 1) : NULL;
    if (!net)
      continue;
    ++count;
    *most = fmax(*most, 1e3 * net->seconds);
  }
  return count;
}

static void add_depth(const report_machine *m, unsigned depth, const char *format, FILE *to) {
  double most;
  if (measured(m, depth, format, &most) < 2)
    return;
  const page_scale scale = page_scale_to(most, " ms");
  char caption[160];
  snprintf(caption, sizeof caption,
           "%u layers, %s, batch 1, one thread: milliseconds; beside them %% of the peak and "
           "the paper's top-1 error",
           depth, format);
  page_strips_begin(to, &scale, 28, caption);
  for (size_t i = 0; i < PAPER; ++i) {
    const bench_row *net = paper[i].depth == depth ? report_net(m, paper[i].model, format, 1, 1) : NULL;
    if (!net)
      continue;
    char told[256];
    snprintf(told, sizeof told, "%s, %s: %.1f ms, %.1f %% of the peak; the paper's top-1 error %.1f %%", paper[i].model,
             format, 1e3 * net->seconds, net->peak_pct, paper[i].error);
    page_strip_begin(to, paper[i].name, paper[i].model, told);
    page_bar(to, &scale, format, 1e3 * net->seconds);
    page_strip_end(to, "%s%.1f ms, %.0f %%, error %.1f %%", bench_row_is_firm(net) ? "" : "~", 1e3 * net->seconds,
                   net->peak_pct, paper[i].error);
  }
  page_strips_end(to);
}

void report_cardinality(const report_machine *m, FILE *to) {
  static const unsigned depths[] = {50, 101};
  bool any = false;
  double most;
  for (size_t f = 0; report_format(f); ++f)
    any = any || measured(m, 50, report_format(f), &most) > 1 || measured(m, 101, report_format(f), &most) > 1;
  if (!any)
    return;
  page_add(to, "<h3>Cardinality at constant cost</h3>\n<p>Networks of about the same number of multiply-adds and "
               "parameters, in more and more groups, as Xie et al. (2017) compare them: what more accuracy costs "
               "here.</p>\n");
  for (size_t d = 0; d < sizeof depths / sizeof *depths; ++d)
    for (size_t f = 0; report_format(f); ++f)
      add_depth(m, depths[d], report_format(f), to);
}
