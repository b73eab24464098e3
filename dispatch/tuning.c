/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/tuning.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
  FIRST_VERSION = 1, /* of the format: without number formats, all of f32 */
  VERSION = 2,       /* that is written */
  MOST = 0x7FFFFFFF,
  TOKEN = 96 /* bytes of a word, its NUL included */
};

static const char mark[] = "cardinal tuning";

__attribute__((format(printf, 2, 3))) static bool refuse(cardinal_tuning_reader *reader, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reader->reason, sizeof reader->reason, format, arguments);
  va_end(arguments);
  return false;
}

/* ---- lines and words ------------------------------------------------------------------------------------------ */

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_blanks(const char *at) {
  while (is_blank(*at))
    ++at;
  return at;
}

/* Whether nothing but a comment is left of the line. */
static bool at_end(const cardinal_tuning_reader *reader) {
  const char *at = skip_blanks(reader->at);
  return *at == '\0' || *at == '\n' || *at == '#';
}

/* Goes to the next line that isn't empty; false if there is none. */
static bool next_line(cardinal_tuning_reader *reader) {
  while (*reader->next) {
    reader->at = reader->next;
    reader->next += strcspn(reader->next, "\n");
    reader->next += *reader->next == '\n';
    ++reader->line;
    if (!at_end(reader))
      return true;
  }
  return false;
}

/* Takes the next word of the line; false if the line is at its end, or the word too long. */
static bool take_word(cardinal_tuning_reader *reader, char word[TOKEN]) {
  reader->at = skip_blanks(reader->at);
  const size_t length = strcspn(reader->at, " \t\r\n#");
  if (length == 0 || length >= TOKEN)
    return false;
  memcpy(word, reader->at, length);
  word[length] = '\0';
  reader->at += length;
  return true;
}

/* Whether a word is `name` with digits right behind it, of a number from 0 to MOST. */
static bool number_in(const char *word, const char *name, size_t *value) {
  const size_t length = strlen(name);
  if (strncmp(word, name, length) != 0 || word[length] == '\0')
    return false;
  *value = 0;
  for (const char *digit = word + length; *digit; ++digit) {
    if (*digit < '0' || *digit > '9' || *value > MOST / 10)
      return false;
    *value = *value * 10 + (size_t)(*digit - '0');
  }
  return *value <= MOST;
}

static bool take_number(cardinal_tuning_reader *reader, const char *name, size_t *value) {
  char word[TOKEN];
  return take_word(reader, word) && number_in(word, name, value);
}

/* ---- shapes --------------------------------------------------------------------------------------------------- */

static const char *const layouts[] = {
    [CARDINAL_LAYOUT_BLOCKED16] = "x:blocked", [CARDINAL_LAYOUT_NCHW] = "x:nchw", [CARDINAL_LAYOUT_NHWC] = "x:nhwc"};

/* By cardinal_format; the words are those of docs/descriptors.md, but that f32 is named, too. */
static const char *const formats[] = {
    [CARDINAL_FORMAT_F32] = "f32", [CARDINAL_FORMAT_BF16] = "bf16", [CARDINAL_FORMAT_INT8] = "int8"};

/* What tells a convolution apart, in the words of docs/descriptors.md and in their order within a line. */
enum {
  SIZES = 16
};
static const struct {
  const char *name;
  size_t least;
} words[SIZES] = {{"n", 1},  {"g", 1},  {"ic", 1}, {"oc", 1}, {"ih", 1}, {"iw", 1}, {"kh", 1}, {"kw", 1},
                  {"sh", 1}, {"sw", 1}, {"dh", 1}, {"dw", 1}, {"pt", 0}, {"pl", 0}, {"pb", 0}, {"pr", 0}};

static void sizes_of(const cardinal_shape *s, size_t sizes[SIZES]) {
  const cardinal_window *w = &s->window;
  const size_t all[SIZES] = {s->batch,
                             s->groups,
                             s->groups * s->in_per_group,
                             s->groups * s->out_per_group,
                             s->in_height,
                             s->in_width,
                             w->kernel_h,
                             w->kernel_w,
                             w->stride_h,
                             w->stride_w,
                             w->dilation_h,
                             w->dilation_w,
                             w->pad_top,
                             w->pad_left,
                             w->pad_bottom,
                             w->pad_right};
  memcpy(sizes, all, sizeof all);
}

/* The shape of such sizes in f32; false if there is none: groups that don't divide the channels, an output without
 * pixels. */
static bool shape_of(const size_t sizes[SIZES], cardinal_layout layout, cardinal_shape *s) {
  const cardinal_window w = {.kernel_h = sizes[6],
                             .kernel_w = sizes[7],
                             .stride_h = sizes[8],
                             .stride_w = sizes[9],
                             .dilation_h = sizes[10],
                             .dilation_w = sizes[11],
                             .pad_top = sizes[12],
                             .pad_left = sizes[13],
                             .pad_bottom = sizes[14],
                             .pad_right = sizes[15]};
  const size_t height = sizes[4] + w.pad_top + w.pad_bottom, width = sizes[5] + w.pad_left + w.pad_right;
  if (sizes[2] % sizes[1] || sizes[3] % sizes[1] || height < cardinal_window_height(&w) ||
      width < cardinal_window_width(&w))
    return false;
  *s = (cardinal_shape){.operation = CARDINAL_OPERATION_CONV,
                        .format = CARDINAL_FORMAT_F32,
                        .x_layout = layout,
                        .batch = sizes[0],
                        .groups = sizes[1],
                        .in_per_group = sizes[2] / sizes[1],
                        .out_per_group = sizes[3] / sizes[1],
                        .in_height = sizes[4],
                        .in_width = sizes[5],
                        .out_height = (height - cardinal_window_height(&w)) / w.stride_h + 1,
                        .out_width = (width - cardinal_window_width(&w)) / w.stride_w + 1,
                        .window = w};
  return true;
}

bool cardinal_tuning_same(const cardinal_shape *a, const cardinal_shape *b) {
  size_t a_sizes[SIZES], b_sizes[SIZES];
  sizes_of(a, a_sizes);
  sizes_of(b, b_sizes);
  return a->operation == b->operation && a->format == b->format && a->x_layout == b->x_layout &&
         memcmp(a_sizes, b_sizes, sizeof a_sizes) == 0;
}

const cardinal_kernel *cardinal_tuning_find(const cardinal_tuned *rows, size_t count, const cardinal_shape *shape) {
  for (size_t i = 0; i < count; ++i)
    if (cardinal_tuning_same(&rows[i].shape, shape))
      return rows[i].kernel;
  return NULL;
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

bool cardinal_tuning_open(cardinal_tuning_reader *reader, const char *text, const cardinal_cpu_features *cpu,
                          size_t *count) {
  *reader = (cardinal_tuning_reader){.at = text, .next = text};
  char word[TOKEN];
  size_t version;
  if (strncmp(text, mark, strlen(mark)) != 0 || !next_line(reader))
    return refuse(reader, "it is no tuning file: its first line isn't \"%s %d\"", mark, VERSION);
  reader->at += strlen(mark);
  if (!take_number(reader, "", &version) || !at_end(reader) || version < FIRST_VERSION || version > VERSION)
    return refuse(reader, "it is of another version of the format than %d to %d", FIRST_VERSION, VERSION);
  reader->version = version;

  if (!next_line(reader) || !take_word(reader, word) || strcmp(word, "library") != 0 || !take_word(reader, word) ||
      !at_end(reader))
    return refuse(reader, "line %zu: expected \"library\" and a version", reader->line);
  if (strcmp(word, CARDINAL_VERSION_STRING) != 0)
    return refuse(reader, "it was made with version %s of the library; this is %s", word, CARDINAL_VERSION_STRING);

  size_t family, model, stepping;
  if (!next_line(reader) || !take_word(reader, word) || strcmp(word, "cpu") != 0 || !take_number(reader, "", &family) ||
      !take_number(reader, "", &model) || !take_number(reader, "", &stepping))
    return refuse(reader, "line %zu: expected \"cpu\", three numbers and a vendor", reader->line);
  /* The rest of the line, since there are vendors with blanks in their names. */
  const char *vendor = skip_blanks(reader->at);
  const size_t length = strcspn(vendor, "\r\n");
  if (family != cpu->family || model != cpu->model || stepping != cpu->stepping || length != strlen(cpu->vendor) ||
      strncmp(vendor, cpu->vendor, length) != 0)
    return refuse(reader,
                  "it was made on another CPU: %.*s, family %zu, model %zu, stepping %zu; this one is %s, family %u, "
                  "model %u, stepping %u",
                  (int)(length < 32 ? length : 32), vendor, family, model, stepping, cpu->vendor, cpu->family,
                  cpu->model, cpu->stepping);

  if (!next_line(reader) || !take_word(reader, word) || strcmp(word, "shapes") != 0 ||
      !take_number(reader, "", count) || !at_end(reader) || *count > CARDINAL_TUNING_SHAPES)
    return refuse(reader, "line %zu: expected \"shapes\" and a number up to %d", reader->line, CARDINAL_TUNING_SHAPES);
  return true;
}

/* Takes a word, and gives its index among `count`; -1 if it is none of them. */
static int take_one_of(cardinal_tuning_reader *reader, const char *const *choices, size_t count) {
  char word[TOKEN];
  if (!take_word(reader, word))
    return -1;
  int at = (int)count - 1;
  while (at >= 0 && strcmp(word, choices[at]) != 0)
    --at;
  return at;
}

static bool read_row(cardinal_tuning_reader *reader, cardinal_tuned *row) {
  char word[TOKEN];
  size_t sizes[SIZES];
  if (!take_word(reader, word) || strcmp(word, "conv") != 0)
    return refuse(reader, "line %zu: expected \"conv\"", reader->line);
  for (size_t i = 0; i < SIZES; ++i)
    if (!take_number(reader, words[i].name, &sizes[i]) || sizes[i] < words[i].least)
      return refuse(reader, "line %zu: expected \"%s\" with a number from %zu to %d", reader->line, words[i].name,
                    words[i].least, MOST);
  const int layout = take_one_of(reader, layouts, sizeof layouts / sizeof layouts[0]);
  if (layout < 0)
    return refuse(reader, "line %zu: expected x:blocked, x:nchw or x:nhwc", reader->line);
  int format = CARDINAL_FORMAT_F32;
  if (reader->version > FIRST_VERSION)
    format = take_one_of(reader, formats, sizeof formats / sizeof formats[0]);
  if (format < 0)
    return refuse(reader, "line %zu: expected f32, bf16 or int8", reader->line);
  if (!shape_of(sizes, (cardinal_layout)layout, &row->shape))
    return refuse(reader, "line %zu: it is no convolution", reader->line);
  row->shape.format = (cardinal_format)format;
  if (!take_word(reader, word) || !at_end(reader))
    return refuse(reader, "line %zu: expected the name of a kernel at its end", reader->line);
  row->kernel = cardinal_kernel_find(word);
  if (!row->kernel)
    return refuse(reader, "line %zu: this library has no kernel %s", reader->line, word);
  const char *declined = cardinal_kernel_declines_shape(row->kernel, &row->shape);
  if (declined)
    return refuse(reader, "line %zu: %s doesn't serve that: %s", reader->line, word, declined);
  return true;
}

bool cardinal_tuning_read(cardinal_tuning_reader *reader, cardinal_tuned *rows, size_t count) {
  size_t read = 0;
  for (; next_line(reader); ++read) {
    if (read == count)
      return refuse(reader, "line %zu: there are more shapes than the %zu announced", reader->line, count);
    if (!read_row(reader, &rows[read]))
      return false;
  }
  return read == count || refuse(reader, "it is cut short: %zu shapes of %zu", read, count);
}

void cardinal_tuning_header(char text[CARDINAL_TUNING_HEADER_BYTES], const cardinal_cpu_features *cpu, size_t count) {
  snprintf(text, CARDINAL_TUNING_HEADER_BYTES, "%s %d\nlibrary %s\ncpu %u %u %u %s\nshapes %zu\n", mark, VERSION,
           CARDINAL_VERSION_STRING, cpu->family, cpu->model, cpu->stepping, cpu->vendor, count);
}

void cardinal_tuning_line(char text[CARDINAL_TUNING_LINE_BYTES], const cardinal_tuned *row) {
  size_t sizes[SIZES], used = 4;
  sizes_of(&row->shape, sizes);
  memcpy(text, "conv", used + 1);
  for (size_t i = 0; i < SIZES; ++i)
    used += (size_t)snprintf(text + used, CARDINAL_TUNING_LINE_BYTES - used, " %s%zu", words[i].name, sizes[i]);
  snprintf(text + used, CARDINAL_TUNING_LINE_BYTES - used, " %s %s %s\n", layouts[row->shape.x_layout],
           formats[row->shape.format], row->kernel->name);
}
