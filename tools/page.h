/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts that a report's page is made of: text, strips with marks, tables. Plain HTML with SVG in it, whose
 * positions are percentages, so that letters keep their size on every screen. */
#ifndef CARDINAL_TOOLS_PAGE_H
#define CARDINAL_TOOLS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Everything up to the first heading, and everything behind the last part. */
void page_begin(FILE *to, const char *title);
void page_end(FILE *to);

/* A text from outside, in which nothing is markup. */
void page_text(FILE *to, const char *text);

/* Markup of the program's own, printf's way; no text from outside. */
__attribute__((format(printf, 2, 3))) void page_add(FILE *to, const char *format, ...);

/* The same as a text, such as a name, which may come from outside. */
__attribute__((format(printf, 2, 3))) void page_add_text(FILE *to, const char *format, ...);

/* ---- strips: a line each, with marks on a common scale ----------------------------------------------------------- */

typedef struct page_scale {
  double from, to, step; /* where the ends and the labelled lines are */
  double emphasis;       /* where a line stands out; NAN: nowhere */
  const char *unit;      /* behind the labels */
} page_scale;

/* From 0 to `most` or a little more, in steps that read well, six at the most. */
page_scale page_scale_to(double most, const char *unit);

/* Where a value lies, in percent of the strip, no further than its ends. */
double page_at(const page_scale *scale, double value);

/* A figure of strips, with its caption, and the scale on top; values have room for so many letters. */
void page_strips_begin(FILE *to, const page_scale *scale, int value_letters, const char *caption);
void page_strips_end(FILE *to);

/* One strip: `label` with a `note` in softer letters behind it; `told` is what the strip shows, in words. */
void page_strip_begin(FILE *to, const char *label, const char *note, const char *told);
__attribute__((format(printf, 2, 3))) void page_strip_end(FILE *to, const char *format, ...); /* the value behind it */

/* The look of a series: class and shape. */
typedef struct page_look {
  const char *series; /* "avx2": a class s-avx2 in report.css */
  const char *shape;  /* "circle", "square", "diamond" or "bar" */
} page_look;

/* The look of an instruction set, and of "naive" and "plain". */
page_look page_look_of(const char *isa);

/* A mark, hollow if it isn't firm; `told` is shown to those who point at it. */
void page_mark(FILE *to, const page_scale *scale, page_look look, double value, bool firm, const char *told);

/* A thin bar between two values. */
void page_range(FILE *to, const page_scale *scale, const char *series, double low, double high);

/* A bar from the start of the scale to the value. */
void page_bar(FILE *to, const page_scale *scale, const char *series, double value);

/* Small dots, a list for each class of report.css: "s-avx2", or "hole" for the inner part of hollow ones. */
void page_dots_begin(FILE *to);
void page_dots(FILE *to, const page_scale *scale, const char *look, const double *values, size_t count);
void page_dots_end(FILE *to);

/* What the looks mean; a list is begun, filled and ended. */
void page_key_begin(FILE *to);
void page_key(FILE *to, page_look look, bool firm, const char *meaning);
void page_key_end(FILE *to);

/* ---- tables ------------------------------------------------------------------------------------------------------ */

/* `headings`, NULL at the end. The first `texts` columns hold texts, the others numbers; report.css knows 0, 4 and 7.
 */
void page_table_begin(FILE *to, const char *label, const char *const *headings, size_t texts);
void page_table_end(FILE *to);
void page_row_begin(FILE *to);
void page_row_end(FILE *to);
void page_cell(FILE *to, const char *text);

/* A number, with ~ before it if it isn't firm; a dash for NAN. */
void page_number(FILE *to, int decimals, double value, bool firm);

#endif
