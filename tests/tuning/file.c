/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of tuning files: what is read, what is refused with which reason, and that what is written reads back. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/tuning.h"

static const cardinal_cpu_features cpu = {.vendor = "AuthenticAMD", .family = 25, .model = 17, .stepping = 1};

#define REST "library " CARDINAL_VERSION_STRING "\ncpu 25 17 1 AuthenticAMD\n"
#define HEAD "cardinal tuning 2\n" REST
#define OLD_HEAD "cardinal tuning 1\n" REST
#define SIZES " n1 g1 ic64 oc64 ih7 iw7 kh1 kw1 sh1 sw1 dh1 dw1 pt0 pl0 pb0 pr0 "
#define ROW "conv" SIZES "x:blocked f32 conv_f32_generic\n"
#define OLD_ROW "conv" SIZES "x:blocked conv_f32_generic\n"
#define GROUPED_SIZES "conv n2 g32 ic128 oc64 ih56 iw55 kh3 kw3 sh2 sw2 dh1 dw1 pt1 pl0 pb0 pr1 x:nchw "
#define GROUPED GROUPED_SIZES "f32 gconv3x3_f32_w4_generic\n"

/* Reads a text; NULL if it is good, else the reason. `rows` has room for two. */
static const char *read_text(const char *text, cardinal_tuned rows[2], size_t *count) {
  static cardinal_tuning_reader reader;
  if (!cardinal_tuning_open(&reader, text, &cpu, count))
    return reader.reason;
  if (*count > 2)
    return "room for two";
  return cardinal_tuning_read(&reader, rows, *count) ? NULL : reader.reason;
}

Test(tuning_file, good_ones) {
  static const char *const texts[] = {
      HEAD "shapes 2\n" ROW GROUPED,
      "cardinal tuning 2 # ours\n\n# a comment\nlibrary " CARDINAL_VERSION_STRING
      "\r\n\tcpu  25 17 1   AuthenticAMD\n \nshapes 2#two\n  " ROW "#\n\n" GROUPED "\n\n",
      HEAD "shapes 2\n" ROW GROUPED_SIZES "f32 gconv3x3_f32_w4_generic# 99 %",
      OLD_HEAD "shapes 2\n" OLD_ROW GROUPED_SIZES "gconv3x3_f32_w4_generic\n", /* before there were formats */
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
    cardinal_tuned rows[2];
    size_t count = 0;
    const char *reason = read_text(texts[i], rows, &count);
    cr_assert_null(reason, "text %zu: %s", i, reason);
    cr_assert_eq(count, 2u);
    cr_expect_str_eq(rows[0].kernel->name, "conv_f32_generic");
    cr_expect_str_eq(rows[1].kernel->name, "gconv3x3_f32_w4_generic");
    const cardinal_shape *s = &rows[1].shape;
    cr_expect(s->batch == 2 && s->groups == 32 && s->in_per_group == 4 && s->out_per_group == 2);
    cr_expect(s->in_height == 56 && s->in_width == 55 && s->out_height == 28 && s->out_width == 27);
    cr_expect(s->window.stride_h == 2 && s->window.stride_w == 2 && s->window.pad_top == 1 && s->window.pad_left == 0 &&
              s->window.pad_right == 1);
    cr_expect_eq(s->x_layout, CARDINAL_LAYOUT_NCHW);
    cr_expect(rows[0].shape.format == CARDINAL_FORMAT_F32 && s->format == CARDINAL_FORMAT_F32);
  }
  cardinal_tuned none[2];
  size_t count = 7;
  cr_expect_null(read_text(HEAD "shapes 0\n", none, &count));
  cr_expect_eq(count, 0u);
}

Test(tuning_file, refused_ones) {
  static const struct {
    const char *text, *reason;
  } cases[] = {
      {"", "no tuning file"},
      {"{\"json\": 1}\n", "no tuning file"},
      {"\n" HEAD "shapes 0\n", "no tuning file"},
      {"cardinal tuning", "another version of the format"},
      {"cardinal tuning 3\n", "another version of the format"},
      {"cardinal tuning 0\n", "another version of the format"},
      {"cardinal tuning 1.5\n", "another version of the format"},
      {"cardinal tuning 1\n", "line 1: expected \"library\""},
      {"cardinal tuning 1\nlibrary 0.0.9\n", "version 0.0.9"},
      {"cardinal tuning 1\nlibrary " CARDINAL_VERSION_STRING "\ncpu 25 17 2 AuthenticAMD\n", "another CPU"},
      {"cardinal tuning 1\nlibrary " CARDINAL_VERSION_STRING "\ncpu 25 18 1 AuthenticAMD\n", "another CPU"},
      {"cardinal tuning 1\nlibrary " CARDINAL_VERSION_STRING "\ncpu 26 17 1 AuthenticAMD\n", "another CPU"},
      {"cardinal tuning 1\nlibrary " CARDINAL_VERSION_STRING "\ncpu 25 17 1 AuthenticAMDs\n", "another CPU"},
      {"cardinal tuning 1\nlibrary " CARDINAL_VERSION_STRING "\ncpu 25 17 1\n", "another CPU"},
      {"cardinal tuning 1\nlibrary " CARDINAL_VERSION_STRING "\ncpu 25 17\n", "line 3"},
      {HEAD, "expected \"shapes\""},
      {HEAD "shapes -1\n", "expected \"shapes\""},
      {HEAD "shapes 65537\n", "expected \"shapes\""},
      {HEAD "shapes 99999999999999999999\n", "expected \"shapes\""},
      {HEAD "shapes 1\n", "cut short: 0 shapes of 1"},
      {HEAD "shapes 2\n" ROW, "cut short: 1 shapes of 2"},
      {HEAD "shapes 1\n" ROW ROW, "line 6: there are more"},
      {HEAD "shapes 1\nmaxpool" SIZES "x:blocked maxpool_f32_generic\n", "line 5: expected \"conv\""},
      {HEAD "shapes 1\nconv n1 g1 ic64\n", "line 5: expected \"oc\""},
      {HEAD "shapes 1\nconv n0 g1\n", "line 5: expected \"n\" with a number from 1"},
      {HEAD "shapes 1\nconv n1 g2147483648\n", "line 5: expected \"g\""},
      {HEAD "shapes 1\nconv n1 g1x ic1\n", "line 5: expected \"g\""},
      {HEAD "shapes 1\nconv" SIZES "conv_f32_generic\n", "x:blocked, x:nchw or x:nhwc"},
      {HEAD "shapes 1\nconv" SIZES "\n", "x:blocked, x:nchw or x:nhwc"},
      {HEAD "shapes 1\nconv" SIZES "x:nhwc\n", "line 5: expected f32, bf16 or int8"},
      {HEAD "shapes 1\n" OLD_ROW, "line 5: expected f32, bf16 or int8"},
      {OLD_HEAD "shapes 1\n" ROW, "line 5: expected the name of a kernel"},
      {OLD_HEAD "shapes 1\nconv" SIZES "x:blocked conv_bf16_generic\n", "conv_bf16_generic doesn't serve that"},
      {HEAD "shapes 1\nconv" SIZES "x:blocked bf16 conv_int8_generic\n", "conv_int8_generic doesn't serve that"},
      {HEAD "shapes 1\nconv" SIZES "x:nhwc f32\n", "line 5: expected the name of a kernel"},
      {HEAD "shapes 1\nconv" SIZES "x:nhwc f32 conv_f32_generic twice\n", "line 5: expected the name of a kernel"},
      {HEAD "shapes 1\nconv" SIZES "x:nhwc f32 conv9x9_f32_abacus\n", "no kernel conv9x9_f32_abacus"},
      {HEAD "shapes 1\nconv" SIZES "x:nhwc f32 gconv3x3_f32_w4_generic\n", "doesn't serve that"},
      {HEAD "shapes 1\nconv" SIZES "x:nhwc f32 maxpool_f32_generic\n", "doesn't serve that"},
      {HEAD "shapes 1\nconv n1 g3 ic64 oc64 ih7 iw7 kh1 kw1 sh1 sw1 dh1 dw1 pt0 pl0 pb0 pr0 x:blocked "
            "f32 conv_f32_generic\n",
       "line 5: it is no convolution"},
      {HEAD "shapes 1\nconv n1 g1 ic64 oc64 ih7 iw7 kh9 kw1 sh1 sw1 dh1 dw1 pt1 pl0 pb0 pr0 x:blocked "
            "f32 conv_f32_generic\n",
       "line 5: it is no convolution"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    cardinal_tuned rows[2];
    size_t count;
    const char *reason = read_text(cases[i].text, rows, &count);
    cr_expect(reason && strstr(reason, cases[i].reason), "\"%s\": '%s' doesn't say '%s'", cases[i].text,
              reason ? reason : "it is good", cases[i].reason);
  }
}

/* Every prefix of a good file is refused, but those that lack blanks or a comment only. */
Test(tuning_file, cut_anywhere) {
  static const char text[] = HEAD "shapes 2\n" GROUPED ROW;
  char cut[sizeof text];
  for (size_t length = 0; length + 2 < sizeof text; ++length) {
    memcpy(cut, text, length);
    cut[length] = '\0';
    cardinal_tuned rows[2];
    size_t count;
    cr_expect_not_null(read_text(cut, rows, &count), "%zu bytes of %zu are taken for a file", length, sizeof text);
  }
}

Test(tuning_file, what_is_written_reads_back) {
  cardinal_tuned rows[2], read[2];
  size_t count;
  cr_assert_null(read_text(HEAD "shapes 2\n" GROUPED ROW, rows, &count));
  char header[CARDINAL_TUNING_HEADER_BYTES], lines[2][CARDINAL_TUNING_LINE_BYTES], text[2048];
  cardinal_tuning_header(header, &cpu, 2);
  cardinal_tuning_line(lines[0], &rows[0]);
  cardinal_tuning_line(lines[1], &rows[1]);
  snprintf(text, sizeof text, "%s%s%s", header, lines[0], lines[1]);
  cr_expect_str_eq(text, HEAD "shapes 2\n" GROUPED ROW);
  cr_assert_null(read_text(text, read, &count));
  for (size_t i = 0; i < 2; ++i) {
    cr_expect(cardinal_tuning_same(&rows[i].shape, &read[i].shape));
    cr_expect_eq(cardinal_tuning_find(rows, 2, &read[i].shape), rows[i].kernel);
  }
  cr_expect_not(cardinal_tuning_same(&rows[0].shape, &rows[1].shape));
}

/* One convolution in three formats is three problems, each with a kernel of its own. */
Test(tuning_file, formats_are_told_apart) {
  static const char *const names[] = {"f32", "bf16", "int8"};
  for (int format = CARDINAL_FORMAT_F32; format <= CARDINAL_FORMAT_INT8; ++format) {
    char text[512], line[CARDINAL_TUNING_LINE_BYTES];
    snprintf(text, sizeof text, HEAD "shapes 1\nconv" SIZES "x:blocked %s conv_%s_generic\n", names[format],
             names[format]);
    cardinal_tuned rows[2];
    size_t count;
    const char *reason = read_text(text, rows, &count);
    cr_assert_null(reason, "%s", reason);
    cr_expect_eq((int)rows[0].shape.format, format);
    cardinal_tuning_line(line, &rows[0]);
    cr_expect(strstr(text, line), "%s", line);
    for (int other = CARDINAL_FORMAT_F32; other <= CARDINAL_FORMAT_INT8; ++other) {
      cardinal_shape asked = rows[0].shape;
      asked.format = (cardinal_format)other;
      cr_expect_eq(cardinal_tuning_find(rows, 1, &asked), other == format ? rows[0].kernel : NULL);
    }
  }
}

/* The longest line that there can be fits, and each size tells shapes apart. */
Test(tuning_file, every_size_counts) {
  const cardinal_shape base = {.groups = 1, .window = {.dilation_h = 1}};
  for (size_t i = 0; i < 17; ++i) {
    cardinal_shape other = base;
    cardinal_window *w = &other.window;
    size_t *sizes[] = {&other.batch,     &other.groups,   &other.in_per_group, &other.out_per_group,
                       &other.in_height, &other.in_width, &w->kernel_h,        &w->kernel_w,
                       &w->stride_h,     &w->stride_w,    &w->dilation_h,      &w->dilation_w,
                       &w->pad_top,      &w->pad_left,    &w->pad_bottom,      &w->pad_right};
    if (i < 16)
      *sizes[i] += 1;
    else
      other.x_layout = CARDINAL_LAYOUT_NHWC;
    cr_expect_not(cardinal_tuning_same(&base, &other), "size %zu", i);
    cr_expect(cardinal_tuning_same(&other, &other));
  }
  cardinal_tuned row = {.kernel = cardinal_kernel_find("conv_f32_generic")};
  memset(&row.shape, 0xFF, sizeof row.shape);
  row.shape.x_layout = CARDINAL_LAYOUT_BLOCKED16;
  row.shape.format = CARDINAL_FORMAT_INT8;
  char line[CARDINAL_TUNING_LINE_BYTES];
  cardinal_tuning_line(line, &row);
  cr_expect(strlen(line) + 64 < sizeof line && strchr(line, '\n'), "%s", line);
}
