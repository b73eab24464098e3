/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors: what is read, what is printed, and what is refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "gauntlet/descriptor.h"

/* Each reads as itself once it is printed. */
Test(descriptor, prints_what_reads_the_same) {
  static const char *const pairs[][2] = {
      {"conv g32 ic128 oc128 ih56 iw56 k3 s1 p1 n1 bias relu", "conv g32 ic128 oc128 i56 k3 p1 bias relu"},
      {"conv oc7 ic3 i9", "conv ic3 oc7 i9"},
      {"conv ic3 oc7 ih9", "conv ic3 oc7 i9"},
      {"conv_ic3_oc7_i9_k3_relu", "conv ic3 oc7 i9 k3 relu"},
      {" conv\tic3  oc7 iw9 ih4 kh3 kw1 sh2 sw1 dh1 dw5 ph1 pw2 n4 residual y:nhwc x:nchw\n",
       "conv ic3 oc7 ih4 iw9 kh3 kw1 sh2 sw1 dh1 dw5 ph1 pw2 n4 residual x:nchw y:nhwc"},
      {"conv ic1 oc1 i5 k3 pt1 pl0 pb2 pr1", "conv ic1 oc1 i5 k3 pt1 pl0 pb2 pr1"},
      {"maxpool c64 ih112 k3 s2 p1", "maxpool c64 i112 k3 s2 p1"},
      {"avgpool c2048 i7 n2 x:blocked", "avgpool c2048 i7 n2"},
      {"conv bf16 ic3 oc7 i9 y:f32 x:nchw relu", "conv ic3 oc7 i9 relu bf16 y:f32 x:nchw"},
      {"conv x:f32 ic3 oc7 i9 int8 residual", "conv ic3 oc7 i9 residual int8 x:f32"},
      {"conv ic3 oc7 i9 f32", "conv ic3 oc7 i9"},
      {"maxpool c64 i112 k3 s2 p1 int8", "maxpool c64 i112 k3 s2 p1 int8"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; ++i) {
    gauntlet_problem problem, again;
    cardinal_error error = {0};
    char text[GAUNTLET_DESCRIPTOR_BYTES];
    cr_assert(gauntlet_parse(pairs[i][0], &problem, &error), "'%s': %s", pairs[i][0], error.message);
    cr_expect_str_eq(gauntlet_describe(&problem, text), pairs[i][1]);
    cr_assert(gauntlet_parse(text, &again, &error), "'%s': %s", text, error.message);
    cr_expect(gauntlet_problem_same(&problem, &again), "'%s'", text);
  }
}

Test(descriptor, fills_every_field) {
  gauntlet_problem p;
  cr_assert(gauntlet_parse("conv g2 ic6 oc4 ih8 iw9 kh3 kw2 sh2 sw3 dh2 dw1 pt1 pl2 pb3 pr4 n5 bias residual relu", &p,
                           NULL));
  const cardinal_conv_desc *d = &p.conv;
  const int64_t found[] = {d->batch,           d->groups,         d->in_channels,  d->out_channels,  d->in_height,
                           d->in_width,        d->kernel_height,  d->kernel_width, d->stride_height, d->stride_width,
                           d->dilation_height, d->dilation_width, d->pad_top,      d->pad_left,      d->pad_bottom,
                           d->pad_right,       p.out_height,      p.out_width};
  const int64_t expected[] = {5, 2, 6, 4, 8, 9, 3, 2, 2, 3, 2, 1, 1, 2, 3, 4, 4, 5};
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; ++i)
    cr_expect_eq(found[i], expected[i], "field %zu is %lld, expected %lld", i, (long long)found[i],
                 (long long)expected[i]);
  cr_expect(d->has_bias && d->has_residual && d->has_relu);
}

Test(descriptor, refuses_with_the_word_and_what_is_expected) {
  static const char *const pairs[][2] = {
      {"", "empty"},
      {"convolution ic1", "'convolution' is no operator"},
      {"conv ic3 oc7", "image's size is missing"},
      {"conv ic3 oc7 i9 bf16 int8", "'int8': the number format is given twice"},
      {"conv ic3 oc7 i9 x:bf16", "'x:bf16': a layout is blocked, nchw or nhwc, and a format"},
      {"maxpool c3 i9 int8 y:f32", "'y:f32': a pool has no y in another format"},
      {"conv oc7 i9", "ic"},
      {"conv ic3 i9", "oc"},
      {"conv ic3 oc7 i9 q4", "'q4' is not understood"},
      {"conv ic3 oc7 i9 k", "'k' is not understood"},
      {"conv ic3 oc7 i9 k3x", "'k3x': expected a whole number"},
      {"conv ic3 oc7 i9 k-3", "'k-3' is not understood"},
      {"conv ic3 oc7 i9 k99999999999", "'k99999999999': expected a whole number up to 2147483647"},
      {"conv ic3 oc7 i9 ih4", "'ih4': given twice"},
      {"conv ic3 oc7 i9 p1 pl1", "'pl1': given twice"},
      {"conv ic3 oc7 i9 bias bias", "'bias' is given twice"},
      {"conv ic3 oc7 i9 x:hwc", "'x:hwc': a layout is blocked, nchw or nhwc"},
      {"conv ic3 oc7 i9 g2", "groups (2) must divide"},
      {"conv ic3 oc7 i2 k5", "the output has no rows"},
      {"maxpool c3 i9 relu", "a pool has no ReLU"},
      {"maxpool c3 i9 g2", "'g2' is not understood"},
      {"avgpool c3 i9 k3", "avgpool is over the whole image"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; ++i) {
    gauntlet_problem problem;
    cardinal_error error = {0};
    cr_expect_not(gauntlet_parse(pairs[i][0], &problem, &error), "'%s' was taken", pairs[i][0]);
    cr_expect(strstr(error.message, pairs[i][1]), "'%s': %s", pairs[i][0], error.message);
  }
}
