/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const style[] = {
#include "tools/report_css.h"
};
static const char *const script[] = {
#include "tools/report_js.h"
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- text -------------------------------------------------------------------------------------------------------- */

void page_text(FILE *to, const char *text) {
  for (const char *c = text; *c; ++c)
    switch (*c) {
    case '<':
      fputs("&lt;", to);
      break;
    case '>':
      fputs("&gt;", to);
      break;
    case '&':
      fputs("&amp;", to);
      break;
    case '"':
      fputs("&quot;", to);
      break;
    default:
      /* HTML knows no control characters. */
      fputc((unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c, to);
    }
}

void page_add(FILE *to, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(to, format, arguments);
  va_end(arguments);
}

static void add_text(FILE *to, const char *format, va_list arguments) {
  char *text = NULL;
  if (vasprintf(&text, format, arguments) < 0)
    return;
  page_text(to, text);
  free(text);
}

void page_add_text(FILE *to, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  add_text(to, format, arguments);
  va_end(arguments);
}

void page_begin(FILE *to, const char *title) {
  fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        /* Nothing is fetched, whatever a name from outside tries. */
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n<title>",
        to);
  page_text(to, title);
  fputs("</title>\n<style>\n", to);
  for (size_t i = 0; i < COUNT(style); ++i)
    fputs(style[i], to);
  /* A module runs once all of the page is there. */
  fputs("</style>\n<script type=\"module\">\n", to);
  for (size_t i = 0; i < COUNT(script); ++i)
    fputs(script[i], to);
  fputs("</script>\n</head>\n<body>\n"
        "<svg width=\"0\" height=\"0\" aria-hidden=\"true\"><defs><circle id=\"circle\" r=\"5\"/>"
        "<rect id=\"square\" x=\"-4.5\" y=\"-4.5\" width=\"9\" height=\"9\"/>"
        "<path id=\"diamond\" d=\"M0-6 6 0 0 6-6 0z\"/><path id=\"bar\" d=\"M-1.5-7h3v14h-3z\"/></defs></svg>\n",
        to);
}

void page_end(FILE *to) {
  fputs("</body>\n</html>\n", to);
}

/* ---- strips ------------------------------------------------------------------------------------------------------ */

page_scale page_scale_to(double most, const char *unit) {
  static const double steps[] = {1, 2, 5, 10};
  enum {
    MOST_STEPS = 6
  };
  const double power = pow(10, floor(log10(most / MOST_STEPS)));
  size_t i = 0;
  while (steps[i] * power * MOST_STEPS < most)
    ++i;
  const double step = steps[i] * power;
  return (page_scale){.to = ceil(most / step) * step, .step = step, .emphasis = NAN, .unit = unit};
}

double page_at(const page_scale *s, double value) {
  return fmin(100, fmax(0, 100 * (value - s->from) / (s->to - s->from)));
}

/* How many steps there are from a scale's beginning to its end. */
static int steps_of(const page_scale *s) {
  return (int)floor((s->to - s->from) / s->step + 1e-9);
}

/* The style draws the lines of the scale behind each strip: once in the page, not once a strip. */
void page_strips_begin(FILE *to, const page_scale *s, int value_letters, const char *caption) {
  page_add(to, "<figure style=\"--value: %dch; --step: %.4g%%", value_letters, 100 * s->step / (s->to - s->from));
  if (!isnan(s->emphasis))
    page_add(to, "; --emphasis: %.4g%%", page_at(s, s->emphasis));
  fputs("\">\n<figcaption>", to);
  page_text(to, caption);
  fputs("</figcaption>\n<div class=\"row axis\" aria-hidden=\"true\"><span></span><span><svg>", to);
  for (int i = 0; i <= steps_of(s); ++i) {
    const double value = s->from + i * s->step, at = page_at(s, value);
    page_add(to, "<text x=\"%.4g%%\" y=\"13\" text-anchor=\"%s\">%g%s</text>", at,
             at < 1    ? "start"
             : at > 99 ? "end"
                       : "middle",
             value, s->unit);
  }
  fputs("</svg></span><span></span></div>\n", to);
}

void page_strips_end(FILE *to) {
  fputs("</figure>\n", to);
}

void page_strip_begin(FILE *to, const char *label, const char *note, const char *told) {
  fputs("<div class=\"row\"><span>", to);
  page_text(to, label);
  if (*note) {
    fputs(" <i>", to);
    page_text(to, note);
    fputs("</i>", to);
  }
  fputs("</span><span><svg role=\"img\" aria-label=\"", to);
  page_text(to, told);
  fputs("\">", to);
}

void page_strip_end(FILE *to, const char *format, ...) {
  va_list arguments;
  fputs("</svg></span><span>", to);
  va_start(arguments, format);
  add_text(to, format, arguments);
  va_end(arguments);
  fputs("</span></div>\n", to);
}

page_look page_look_of(const char *isa) {
  static const page_look looks[] = {{"naive", "bar"},   {"plain", "diamond"}, {"generic", "diamond"},
                                    {"avx2", "square"}, {"avx512", "circle"}, {"neon", "circle"},
                                    {"bf16", "circle"}, {"int8", "circle"},   {"f32", "circle"}};
  for (size_t i = 0; i < COUNT(looks); ++i)
    if (!strcmp(isa, looks[i].series))
      return looks[i];
  return (page_look){"peer", "circle"};
}

void page_mark(FILE *to, const page_scale *s, page_look look, double value, bool firm, const char *told) {
  page_add(to, "<use href=\"#%s\" class=\"s-%s%s\" x=\"%.4g%%\" y=\"50%%\">", look.shape, look.series,
           firm ? "" : " hollow", page_at(s, value));
  if (*told) {
    fputs("<title>", to);
    page_text(to, told);
    fputs("</title>", to);
  }
  fputs("</use>", to);
}

void page_range(FILE *to, const page_scale *s, const char *series, double low, double high) {
  page_add(to,
           "<rect class=\"s-%s\" x=\"%.4g%%\" y=\"50%%\" height=\"2\" transform=\"translate(0 -1)\" width=\"%.4g%%\"/>",
           series, page_at(s, low), page_at(s, high) - page_at(s, low));
}

void page_bar(FILE *to, const page_scale *s, const char *series, double value) {
  page_add(to, "<rect class=\"s-%s\" y=\"50%%\" height=\"12\" transform=\"translate(0 -6)\" width=\"%.4g%%\"/>", series,
           page_at(s, value));
}

void page_dots_begin(FILE *to) {
  fputs("<svg class=\"dots\" viewBox=\"0 -1 100 2\" preserveAspectRatio=\"none\">", to);
}

/* Lines of no length, whose round ends are the dots: a few bytes each, where an element each would take forty. */
void page_dots(FILE *to, const page_scale *s, const char *look, const double *values, size_t count) {
  page_add(to, "<path class=\"%s\" d=\"", look);
  for (size_t i = 0; i < count; ++i)
    page_add(to, "M%.3g 0h0", page_at(s, values[i]));
  fputs("\"/>", to);
}

void page_dots_end(FILE *to) {
  fputs("</svg>", to);
}

void page_key_begin(FILE *to) {
  fputs("<ul class=\"key\">", to);
}

void page_key(FILE *to, page_look look, bool firm, const char *meaning) {
  page_add(to, "<li><svg aria-hidden=\"true\"><use href=\"#%s\" class=\"s-%s%s\" x=\"8\" y=\"8\"/></svg> ", look.shape,
           look.series, firm ? "" : " hollow");
  page_text(to, meaning);
  fputs("</li>", to);
}

void page_key_end(FILE *to) {
  fputs("</ul>\n", to);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

void page_table_begin(FILE *to, const char *label, const char *const *headings, size_t texts) {
  fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", to);
  page_text(to, label);
  page_add(to, "\"><table class=\"sortable texts-%zu\"><thead><tr>", texts);
  for (size_t i = 0; headings[i]; ++i) {
    page_add(to, "<th scope=\"col\"%s>", i < texts ? "" : " class=\"n\"");
    page_text(to, headings[i]);
    fputs("</th>", to);
  }
  fputs("</tr></thead><tbody>\n", to);
}

void page_table_end(FILE *to) {
  fputs("</tbody></table></div>\n", to);
}

void page_row_begin(FILE *to) {
  fputs("<tr>", to);
}

void page_row_end(FILE *to) {
  fputs("</tr>\n", to);
}

void page_cell(FILE *to, const char *text) {
  fputs("<td>", to);
  page_text(to, text);
  fputs("</td>", to);
}

void page_number(FILE *to, int decimals, double value, bool firm) {
  if (isnan(value))
    fputs("<td>\xe2\x80\x93</td>", to);
  else
    page_add(to, "<td>%s%.*f</td>", firm ? "" : "~", decimals, value);
}
