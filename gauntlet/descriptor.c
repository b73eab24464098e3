/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/descriptor.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The numbers of a descriptor. */
typedef enum number {
  BATCH,
  GROUPS,
  IN_CHANNELS,
  OUT_CHANNELS,
  IN_HEIGHT,
  IN_WIDTH,
  KERNEL_H,
  KERNEL_W,
  STRIDE_H,
  STRIDE_W,
  DILATION_H,
  DILATION_W,
  PAD_TOP,
  PAD_LEFT,
  PAD_BOTTOM,
  PAD_RIGHT,
  NUMBERS
} number;

#define BIT(n) (UINT32_C(1) << (n))

/* What a key sets; `pools` says whether pools have it, too. */
typedef struct key {
  const char *name;
  uint32_t sets;
  bool convs, pools;
} key;

static const key keys[] = {
    {"n", BIT(BATCH), true, true},
    {"g", BIT(GROUPS), true, false},
    {"ic", BIT(IN_CHANNELS), true, false},
    {"oc", BIT(OUT_CHANNELS), true, false},
    {"c", BIT(IN_CHANNELS), false, true},
    {"i", BIT(IN_HEIGHT) | BIT(IN_WIDTH), true, true},
    {"ih", BIT(IN_HEIGHT), true, true},
    {"iw", BIT(IN_WIDTH), true, true},
    {"k", BIT(KERNEL_H) | BIT(KERNEL_W), true, true},
    {"kh", BIT(KERNEL_H), true, true},
    {"kw", BIT(KERNEL_W), true, true},
    {"s", BIT(STRIDE_H) | BIT(STRIDE_W), true, true},
    {"sh", BIT(STRIDE_H), true, true},
    {"sw", BIT(STRIDE_W), true, true},
    {"d", BIT(DILATION_H) | BIT(DILATION_W), true, false},
    {"dh", BIT(DILATION_H), true, false},
    {"dw", BIT(DILATION_W), true, false},
    {"p", BIT(PAD_TOP) | BIT(PAD_LEFT) | BIT(PAD_BOTTOM) | BIT(PAD_RIGHT), true, true},
    {"ph", BIT(PAD_TOP) | BIT(PAD_BOTTOM), true, true},
    {"pw", BIT(PAD_LEFT) | BIT(PAD_RIGHT), true, true},
    {"pt", BIT(PAD_TOP), true, true},
    {"pl", BIT(PAD_LEFT), true, true},
    {"pb", BIT(PAD_BOTTOM), true, true},
    {"pr", BIT(PAD_RIGHT), true, true},
};

static const char *const operations[] = {"conv", "maxpool", "avgpool"};
static const char *const layouts[] = {"blocked", "nchw", "nhwc"};

/* A descriptor on its way to a problem. */
typedef struct reading {
  bool is_conv;
  cardinal_plugin_operation operation;
  int64_t numbers[NUMBERS];
  uint32_t given;
  bool bias, residual, relu, x_given, y_given, format_given, x_f32, y_f32;
  cardinal_layout x_layout, y_layout;
  cardinal_format format;
  cardinal_error *error;
} reading;

__attribute__((format(printf, 2, 3))) static bool fail(cardinal_error *error, const char *format, ...) {
  if (error) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    error->status = CARDINAL_INVALID_ARGUMENT;
  }
  return false;
}

/* "n, g, ic, ..." as far as the operator has them. */
static const char *known_keys(bool is_conv, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i)
    if (is_conv ? keys[i].convs : keys[i].pools)
      used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", keys[i].name);
  return text;
}

static bool read_flag(reading *r, const char *word, const char *name, bool *flag) {
  if (!r->is_conv)
    return fail(r->error, "'%s': a pool has no %s", word, name);
  if (*flag)
    return fail(r->error, "'%s' is given twice", word);
  *flag = true;
  return true;
}

static bool read_layout(reading *r, const char *word, bool *given, cardinal_layout *layout) {
  if (*given)
    return fail(r->error, "'%s': this layout is given twice", word);
  for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; ++i)
    if (strcmp(word + 2, layouts[i]) == 0) {
      *given = true;
      *layout = (cardinal_layout)i;
      return true;
    }
  return fail(r->error, "'%s': a layout is blocked, nchw or nhwc, and a format beside the products' f32", word);
}

static bool read_format(reading *r, const char *word, cardinal_format format) {
  if (r->format_given)
    return fail(r->error, "'%s': the number format is given twice", word);
  r->format_given = true;
  r->format = format;
  return true;
}

static bool read_number(reading *r, const char *word) {
  const size_t letters = strspn(word, "abcdefghijklmnopqrstuvwxyz");
  const key *found = NULL;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0] && !found; ++i)
    if ((r->is_conv ? keys[i].convs : keys[i].pools) && strlen(keys[i].name) == letters &&
        strncmp(word, keys[i].name, letters) == 0)
      found = &keys[i];
  char known[160];
  if (!found || !isdigit((unsigned char)word[letters]))
    return fail(r->error,
                "'%s' is not understood; expected a number behind %s%s, f32, bf16, int8, x:LAYOUT "
                "or y:LAYOUT",
                word, known_keys(r->is_conv, known, sizeof known), r->is_conv ? ", or bias, residual, relu" : "");
  char *end;
  const unsigned long long value = strtoull(word + letters, &end, 10);
  if (*end || strlen(word + letters) > 10 || value > INT32_MAX)
    return fail(r->error, "'%s': expected a whole number up to %d behind '%s'", word, INT32_MAX, found->name);
  if (r->given & found->sets)
    return fail(r->error, "'%s': given twice", word);
  r->given |= found->sets;
  for (int i = 0; i < NUMBERS; ++i)
    if (found->sets & BIT(i))
      r->numbers[i] = (int64_t)value;
  return true;
}

static bool read_word(reading *r, const char *word) {
  if (strcmp(word, "bias") == 0)
    return read_flag(r, word, "bias", &r->bias);
  if (strcmp(word, "residual") == 0)
    return read_flag(r, word, "residual", &r->residual);
  if (strcmp(word, "relu") == 0)
    return read_flag(r, word, "ReLU", &r->relu);
  for (cardinal_format format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; ++format)
    if (strcmp(word, cardinal_format_name(format)) == 0)
      return read_format(r, word, format);
  if (strcmp(word, "x:f32") == 0)
    return read_flag(r, word, "x in another format", &r->x_f32);
  if (strcmp(word, "y:f32") == 0)
    return read_flag(r, word, "y in another format", &r->y_f32);
  if (strncmp(word, "x:", 2) == 0)
    return read_layout(r, word, &r->x_given, &r->x_layout);
  if (strncmp(word, "y:", 2) == 0)
    return read_layout(r, word, &r->y_given, &r->y_layout);
  return read_number(r, word);
}

static bool read_operation(reading *r, const char *word) {
  for (size_t i = 0; i < sizeof operations / sizeof operations[0]; ++i)
    if (strcmp(word, operations[i]) == 0) {
      r->operation = (cardinal_plugin_operation)i;
      r->is_conv = i == CARDINAL_PLUGIN_CONV;
      return true;
    }
  return fail(r->error, "'%s' is no operator; a descriptor begins with conv, maxpool or avgpool", word);
}

/* What may be left out follows from what is there. */
static bool complete(reading *r) {
  int64_t *n = r->numbers;
  if (!(r->given & BIT(IN_WIDTH)))
    n[IN_WIDTH] = n[IN_HEIGHT];
  if (!(r->given & BIT(IN_HEIGHT)))
    n[IN_HEIGHT] = n[IN_WIDTH];
  if (!(r->given & (BIT(IN_HEIGHT) | BIT(IN_WIDTH))))
    return fail(r->error, "the image's size is missing: ih and iw, or i for both");
  if (!(r->given & BIT(IN_CHANNELS)))
    return fail(r->error, "the number of channels is missing: %s", r->is_conv ? "ic" : "c");
  if (r->is_conv && !(r->given & BIT(OUT_CHANNELS)))
    return fail(r->error, "the number of output channels is missing: oc");
  const uint32_t window = r->given & ~(BIT(BATCH) | BIT(IN_CHANNELS) | BIT(IN_HEIGHT) | BIT(IN_WIDTH));
  if (r->operation == CARDINAL_PLUGIN_AVERAGE_POOL && window)
    return fail(r->error, "avgpool is over the whole image: it takes n, c, ih and iw only");
  return true;
}

static bool problem_of(const reading *r, gauntlet_problem *problem) {
  const int64_t *n = r->numbers;
  if (r->is_conv) {
    cardinal_conv_desc d;
    cardinal_conv_desc_init(&d);
    d.x_layout = r->x_layout;
    d.y_layout = r->y_layout;
    d.batch = n[BATCH];
    d.groups = n[GROUPS];
    d.in_channels = n[IN_CHANNELS];
    d.out_channels = n[OUT_CHANNELS];
    d.in_height = n[IN_HEIGHT];
    d.in_width = n[IN_WIDTH];
    d.kernel_height = n[KERNEL_H];
    d.kernel_width = n[KERNEL_W];
    d.stride_height = n[STRIDE_H];
    d.stride_width = n[STRIDE_W];
    d.dilation_height = n[DILATION_H];
    d.dilation_width = n[DILATION_W];
    d.pad_top = n[PAD_TOP];
    d.pad_left = n[PAD_LEFT];
    d.pad_bottom = n[PAD_BOTTOM];
    d.pad_right = n[PAD_RIGHT];
    d.has_bias = r->bias;
    d.has_residual = r->residual;
    d.has_relu = r->relu;
    d.format = r->format;
    d.x_format = r->x_f32 ? CARDINAL_FORMAT_F32 : r->format;
    d.y_format = r->y_f32 ? CARDINAL_FORMAT_F32 : r->format;
    if (!gauntlet_problem_of_conv(&d, problem, r->error))
      return false;
    problem->format_given = r->format_given;
    return true;
  }
  cardinal_pool_desc d;
  cardinal_pool_desc_init(&d);
  d.kind = r->operation == CARDINAL_PLUGIN_MAX_POOL ? CARDINAL_POOL_MAX : CARDINAL_POOL_AVERAGE_GLOBAL;
  d.x_layout = r->x_layout;
  d.y_layout = r->y_layout;
  d.batch = n[BATCH];
  d.channels = n[IN_CHANNELS];
  d.in_height = n[IN_HEIGHT];
  d.in_width = n[IN_WIDTH];
  d.kernel_height = n[KERNEL_H];
  d.kernel_width = n[KERNEL_W];
  d.stride_height = n[STRIDE_H];
  d.stride_width = n[STRIDE_W];
  d.pad_top = n[PAD_TOP];
  d.pad_left = n[PAD_LEFT];
  d.pad_bottom = n[PAD_BOTTOM];
  d.pad_right = n[PAD_RIGHT];
  d.format = r->format;
  if (!gauntlet_problem_of_pool(&d, problem, r->error))
    return false;
  problem->format_given = r->format_given;
  return true;
}

/* Scales of int8 that bring random data, with weights up to 1 or 2, to where rounding and the range's ends show. The
 * size of a sum of K products of steps is about 4700 times the root of K. */
static void choose_scales(cardinal_conv_desc *d) {
  if (d->format != CARDINAL_FORMAT_INT8 || d->x_scale != 0.0f)
    return;
  const int64_t per_group = d->groups > 0 ? d->in_channels / d->groups : 1;
  const double products = (double)per_group * (double)d->kernel_height * (double)d->kernel_width;
  d->x_scale = 0.0625f;
  d->y_scale = (float)((double)d->x_scale * 4700.0 / 127.0 / 90.0 * sqrt(products > 1.0 ? products : 1.0));
  d->residual_scale = 0.7f * d->y_scale;
}

bool gauntlet_problem_of_conv(const cardinal_conv_desc *desc, gauntlet_problem *problem, cardinal_error *error) {
  gauntlet_problem p = {.operation = CARDINAL_PLUGIN_CONV, .conv = *desc};
  choose_scales(&p.conv);
  if (cardinal_conv_output_size(&p.conv, &p.out_height, &p.out_width, error))
    return false;
  *problem = p;
  return true;
}

bool gauntlet_problem_of_pool(const cardinal_pool_desc *desc, gauntlet_problem *problem, cardinal_error *error) {
  gauntlet_problem p = {.operation =
                            desc->kind == CARDINAL_POOL_MAX ? CARDINAL_PLUGIN_MAX_POOL : CARDINAL_PLUGIN_AVERAGE_POOL,
                        .pool = *desc};
  if (desc->format == CARDINAL_FORMAT_INT8 && desc->x_scale == 0.0f) {
    p.pool.x_scale = 0.0625f;
    p.pool.y_scale = 0.05f;
  }
  if (cardinal_pool_output_size(&p.pool, &p.out_height, &p.out_width, error))
    return false;
  *problem = p;
  return true;
}

bool gauntlet_parse(const char *text, gauntlet_problem *problem, cardinal_error *error) {
  reading r = {.numbers = {[BATCH] = 1,
                           [GROUPS] = 1,
                           [KERNEL_H] = 1,
                           [KERNEL_W] = 1,
                           [STRIDE_H] = 1,
                           [STRIDE_W] = 1,
                           [DILATION_H] = 1,
                           [DILATION_W] = 1},
               .error = error};
  char words[GAUNTLET_DESCRIPTOR_BYTES], *rest = words;
  if (strlen(text) >= sizeof words)
    return fail(error, "the descriptor has %zu characters, at most %zu are read", strlen(text), sizeof words - 1);
  memcpy(words, text, strlen(text) + 1);
  size_t count = 0;
  for (char *word; (word = strtok_r(rest, "_ \t\r\n", &rest)); ++count)
    if (!(count == 0 ? read_operation(&r, word) : read_word(&r, word)))
      return false;
  if (count == 0)
    return fail(error, "the descriptor is empty; it begins with conv, maxpool or avgpool");
  return complete(&r) && problem_of(&r, problem);
}

/* A text that grows. */
typedef struct line {
  char *text;
  size_t used;
} line;

__attribute__((format(printf, 2, 3))) static void add(line *l, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  l->used += (size_t)vsnprintf(l->text + l->used, GAUNTLET_DESCRIPTOR_BYTES - l->used, format, arguments);
  va_end(arguments);
}

/* One number where both directions agree, two where they don't, nothing for the default. */
static void add_pair(line *l, const char *name, int64_t h, int64_t w, int64_t standard) {
  if (h == standard && w == standard)
    return;
  if (h == w)
    add(l, " %s%" PRId64, name, h);
  else
    add(l, " %sh%" PRId64 " %sw%" PRId64, name, h, name, w);
}

static void add_pads(line *l, int64_t top, int64_t left, int64_t bottom, int64_t right) {
  if (top == bottom && left == right)
    add_pair(l, "p", top, left, 0);
  else
    add(l, " pt%" PRId64 " pl%" PRId64 " pb%" PRId64 " pr%" PRId64, top, left, bottom, right);
}

static void add_formats(line *l, cardinal_format format, cardinal_format x, cardinal_format y) {
  if (format != CARDINAL_FORMAT_F32)
    add(l, " %s%s%s", cardinal_format_name(format), x == format ? "" : " x:f32", y == format ? "" : " y:f32");
}

static void add_layouts(line *l, cardinal_layout x, cardinal_layout y) {
  if (x != CARDINAL_LAYOUT_BLOCKED16)
    add(l, " x:%s", layouts[x]);
  if (y != CARDINAL_LAYOUT_BLOCKED16)
    add(l, " y:%s", layouts[y]);
}

char *gauntlet_describe(const gauntlet_problem *problem, char *text) {
  line l = {.text = text};
  add(&l, "%s", operations[problem->operation]);
  if (problem->operation == CARDINAL_PLUGIN_CONV) {
    const cardinal_conv_desc *d = &problem->conv;
    if (d->groups != 1)
      add(&l, " g%" PRId64, d->groups);
    add(&l, " ic%" PRId64 " oc%" PRId64, d->in_channels, d->out_channels);
    add_pair(&l, "i", d->in_height, d->in_width, 0);
    add_pair(&l, "k", d->kernel_height, d->kernel_width, 1);
    add_pair(&l, "s", d->stride_height, d->stride_width, 1);
    add_pair(&l, "d", d->dilation_height, d->dilation_width, 1);
    add_pads(&l, d->pad_top, d->pad_left, d->pad_bottom, d->pad_right);
    if (d->batch != 1)
      add(&l, " n%" PRId64, d->batch);
    add(&l, "%s%s%s", d->has_bias ? " bias" : "", d->has_residual ? " residual" : "", d->has_relu ? " relu" : "");
    add_formats(&l, d->format, d->x_format, d->y_format);
    add_layouts(&l, d->x_layout, d->y_layout);
    return text;
  }
  const cardinal_pool_desc *d = &problem->pool;
  add(&l, " c%" PRId64, d->channels);
  add_pair(&l, "i", d->in_height, d->in_width, 0);
  if (problem->operation == CARDINAL_PLUGIN_MAX_POOL) {
    add_pair(&l, "k", d->kernel_height, d->kernel_width, 1);
    add_pair(&l, "s", d->stride_height, d->stride_width, 1);
    add_pads(&l, d->pad_top, d->pad_left, d->pad_bottom, d->pad_right);
  }
  if (d->batch != 1)
    add(&l, " n%" PRId64, d->batch);
  add_formats(&l, d->format, d->format, d->format);
  add_layouts(&l, d->x_layout, d->y_layout);
  return text;
}

bool gauntlet_problem_same(const gauntlet_problem *a, const gauntlet_problem *b) {
  char a_text[GAUNTLET_DESCRIPTOR_BYTES], b_text[GAUNTLET_DESCRIPTOR_BYTES];
  return strcmp(gauntlet_describe(a, a_text), gauntlet_describe(b, b_text)) == 0;
}
