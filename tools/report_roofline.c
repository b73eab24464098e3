/* SPDX-License-Identifier: BSD-3-Clause */
/* The roofline of a machine (Williams, Waterman and Patterson 2009): what its peaks and its copy rates allow, and where
 * each layer lies. */
#include <math.h>
#include <string.h>

#include "tools/page.h"
#include "tools/report_parts.h"

/* Both axes are logarithmic. */
typedef struct roof {
  double x_from, x_to; /* operations per byte */
  double y_from, y_to; /* GFLOP/s */
} roof;

static double x_at(const roof *r, double x) {
  return 100 * log(x / r->x_from) / log(r->x_to / r->x_from);
}

static double y_at(const roof *r, double y) {
  return 100 - 100 * log(y / r->y_from) / log(r->y_to / r->y_from);
}

/* Whether a logarithmic axis may have it; nothing that was measured lies outside. */
static bool in_range(double value) {
  return value > 1e-6 && value < 1e9;
}

/* Whether a row is a dot: the fastest of its layer and format. */
static bool is_dot(const report_machine *m, const bench_row *row) {
  const double intensity = row->flops / row->bytes;
  return report_is_own_layer(row) && in_range(intensity) && in_range(row->gflops) &&
         report_layer(m, "layer", row->model, row->layer, row->format, "") == row;
}

/* The best peak of a format with one thread; 0: not measured. */
static double peak_of(const report_machine *m, const char *format) {
  double peak = 0;
  for (size_t i = 0; i < m->count; ++i)
    if (!strcmp(m->rows[i]->kind, "fma") && m->rows[i]->threads == 1 && !strcmp(m->rows[i]->format, format))
      peak = fmax(peak, m->rows[i]->peak_gflops);
  return in_range(peak) ? peak : 0;
}

static bool measure(const report_machine *m, roof *r, size_t *dots) {
  double peak = 0;
  *r = (roof){.x_from = 1, .x_to = 128, .y_from = INFINITY, .y_to = 0};
  *dots = 0;
  for (size_t f = 0; report_format(f); ++f)
    peak = fmax(peak, peak_of(m, report_format(f)));
  for (size_t i = 0; i < m->count; ++i) {
    const bench_row *row = m->rows[i];
    if (!is_dot(m, row))
      continue;
    ++*dots;
    r->x_from = fmin(r->x_from, row->flops / row->bytes);
    r->x_to = fmax(r->x_to, row->flops / row->bytes);
    r->y_from = fmin(r->y_from, row->gflops);
    r->y_to = fmax(r->y_to, row->gflops);
  }
  r->x_from = exp2(floor(log2(r->x_from)));
  r->x_to = exp2(ceil(log2(r->x_to * 1.05)));
  r->y_from = exp2(floor(log2(r->y_from)));
  r->y_to = 1.4 * fmax(r->y_to, peak);
  return *dots > 0 && peak > 0;
}

static void add_axes(const roof *r, FILE *to) {
  for (int i = 0; i <= (int)log2(r->x_to / r->x_from); ++i) {
    const double x = ldexp(r->x_from, i);
    page_add(to, "<line class=\"grid\" x1=\"%.4g%%\" x2=\"%.4g%%\" y1=\"0\" y2=\"100%%\"/>", x_at(r, x), x_at(r, x));
    if (i % 2 == 0)
      page_add(to, "<text x=\"%.4g%%\" y=\"100%%\" dy=\"16\" text-anchor=\"middle\">%g</text>", x_at(r, x), x);
  }
  for (int i = 0; i <= (int)log2(r->y_to / r->y_from); ++i) {
    const double y = ldexp(r->y_from, i);
    page_add(to, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.4g%%\" y2=\"%.4g%%\"/>", y_at(r, y), y_at(r, y));
    page_add(to, "<text x=\"0\" dx=\"-6\" dy=\"4\" y=\"%.4g%%\" text-anchor=\"end\">%g</text>", y_at(r, y), y);
  }
  page_add(to, "<text x=\"100%%\" y=\"100%%\" dy=\"34\" text-anchor=\"end\">nominal operations a byte moved</text>"
               "<text x=\"0\" y=\"0\" dy=\"14\" dx=\"5\">GFLOP/s</text>\n");
}

/* A line on which the rate is `bandwidth` GB/s, as far as the highest peak. */
static void add_slope(const roof *r, double bandwidth, double peak, const char *level, FILE *to) {
  const double begin = fmax(r->x_from, r->y_from / bandwidth), end = fmin(r->x_to, peak / bandwidth);
  if (begin >= end)
    return;
  page_add(to, "<line class=\"mark-line\" x1=\"%.4g%%\" y1=\"%.4g%%\" x2=\"%.4g%%\" y2=\"%.4g%%\"/>", x_at(r, begin),
           y_at(r, begin * bandwidth), x_at(r, end), y_at(r, end * bandwidth));
  /* Its name beside it: long ones to the right, where there is room. */
  const bool right = strlen(level) > 2;
  const double at = begin * pow(end / begin, right ? 0.4 : 0.75);
  page_add(to, "<text x=\"%.4g%%\" y=\"%.4g%%\" dx=\"%s\" dy=\"%s\" text-anchor=\"%s\">", x_at(r, at),
           y_at(r, at * bandwidth), right ? "5" : "-3", right ? "9" : "-3", right ? "start" : "end");
  page_text(to, level);
  page_add(to, "</text>\n");
}

/* The copy rates in words: the lines have room for their names alone. */
static void add_rates(const report_machine *m, FILE *to) {
  page_add(to, "<p class=\"soft\">Copying, reads and writes counted:");
  bool any = false;
  for (size_t i = 0; i < m->count; ++i)
    if (!strcmp(m->rows[i]->kind, "copy") && m->rows[i]->threads == 1 &&
        in_range(1e-9 * m->rows[i]->bytes_per_second)) {
      page_add_text(to, "%s %s %s%.0f GB/s", any ? "," : "", m->rows[i]->level,
                    bench_row_is_firm(m->rows[i]) ? "" : "~", 1e-9 * m->rows[i]->bytes_per_second);
      any = true;
    }
  page_add(to, "%s.</p>\n", any ? "" : " not measured");
}

static void add_limits(const report_machine *m, const roof *r, FILE *to) {
  double highest = 0;
  for (size_t f = 0; report_format(f); ++f) {
    const double peak = peak_of(m, report_format(f));
    highest = fmax(highest, peak);
    if (peak > 0)
      page_add(to,
               "<line class=\"s-%s\" stroke-width=\"2\" x1=\"0\" x2=\"100%%\" y1=\"%.4g%%\" y2=\"%.4g%%\"/>"
               "<text x=\"0\" dx=\"5\" dy=\"-5\" y=\"%.4g%%\">%s peak %.0f</text>\n",
               report_format(f), y_at(r, peak), y_at(r, peak), y_at(r, peak), report_format(f), peak);
  }
  for (size_t i = 0; i < m->count; ++i)
    if (!strcmp(m->rows[i]->kind, "copy") && m->rows[i]->threads == 1 && in_range(1e-9 * m->rows[i]->bytes_per_second))
      add_slope(r, 1e-9 * m->rows[i]->bytes_per_second, highest, m->rows[i]->level, to);
}

static void add_dot(const roof *r, const bench_row *row, FILE *to) {
  page_add(to, "<use href=\"#%s\" class=\"%s", row->grouped_3x3 ? "circle" : "diamond",
           bench_row_is_firm(row) ? "" : "hollow ");
  page_add_text(to, "s-%s", row->format);
  page_add(to, "\" x=\"%.4g%%\" y=\"%.4g%%\"><title>", x_at(r, row->flops / row->bytes), y_at(r, row->gflops));
  page_add_text(to, "%s %s, %s, %s: %.1f GFLOP/s, %.1f operations a byte", row->model, row->layer, row->shape,
                row->kernel, row->gflops, row->flops / row->bytes);
  page_add(to, "</title></use>\n");
}

void report_roofline(const report_machine *m, FILE *to) {
  roof r;
  size_t dots;
  if (!measure(m, &r, &dots))
    return;
  page_add(to,
           "<h3>Roofline</h3>\n<figure><figcaption>Each layer by its fastest kernel, one thread, beneath the measured "
           "peaks and copy rates; bytes are the least that a run moves, each tensor once</figcaption>\n");
  page_key_begin(to);
  page_key(to, (page_look){"f32", "circle"}, true, "grouped 3×3");
  page_key(to, (page_look){"f32", "diamond"}, true, "other layers");
  for (size_t f = 0; report_format(f); ++f)
    if (peak_of(m, report_format(f)) > 0)
      page_key(to, (page_look){report_format(f), "square"}, true, report_format(f));
  page_key_end(to);
  page_add(to,
           "<div class=\"roof-frame\"><svg class=\"roof\" role=\"img\" aria-label=\"Roofline of %zu layers, between "
           "%g and %g GFLOP/s; the table below has their figures\">\n",
           dots, r.y_from, r.y_to);
  add_axes(&r, to);
  add_limits(m, &r, to);
  for (size_t i = 0; i < m->count; ++i)
    if (is_dot(m, m->rows[i]))
      add_dot(&r, m->rows[i], to);
  page_add(to, "</svg></div></figure>\n");
  add_rates(m, to);
}
