/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernels that are wrong on purpose: each must be caught, for what it does, and the right one must pass. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "dispatch/cpu.h"
#include "gauntlet/campaign.h"
#include "tests/support/scale.h"

typedef struct suspect {
  const char *name;
  uint32_t violation; /* that must be among those found; 0: none may be */
} suspect;

static const suspect suspects[] = {
    {"right", 0},
    {"zeros", GAUNTLET_WRONG_VALUE},
    {"previous_result", GAUNTLET_WRONG_VALUE},
    {"right_edge", GAUNTLET_WRONG_VALUE},
    {"reads_past_input", GAUNTLET_READ_OUTSIDE},
    {"writes_past_output", GAUNTLET_WROTE_OUTSIDE},
    {"multiplies_padding", GAUNTLET_WRONG_VALUE},
    {"multiplies_padding_bounded", GAUNTLET_WRONG_VALUE},
    {"other_order", GAUNTLET_WRONG_VALUE},
    {"other_order_bounded", 0},
    {"sums_in_bf16", GAUNTLET_WRONG_VALUE},
    {"ignores_dilation", GAUNTLET_WRONG_VALUE},
    {"changes_input", GAUNTLET_INPUT_CHANGED},
    {"leaves_ftz", GAUNTLET_MODES_CHANGED},
    {"clobbers_register", GAUNTLET_REGISTER_CHANGED},
    {"keeps_state", GAUNTLET_NOT_REPEATABLE},
    {"races", GAUNTLET_RACE},
    {"hangs", GAUNTLET_HANG},
    {"exits", GAUNTLET_EXIT},
    {"crashes", GAUNTLET_CRASH},
};

static const gauntlet_source source = {.path = WRONG_KERNELS};

static size_t index_of(const gauntlet_list *list, const char *name) {
  for (size_t i = 0; i < list->count; ++i)
    if (strcmp(list->kernels[i].name, name) == 0)
      return i;
  cr_assert_fail("the list has no kernel %s", name);
  return 0;
}

/* A window with padding and dilation, wide enough that a sum has several blocks of channels. */
static gauntlet_problem a_problem(void) {
  gauntlet_problem problem;
  cardinal_error error;
  cr_assert(gauntlet_parse("conv g2 ic40 oc6 ih7 iw9 k3 d2 pt2 pl2 pb2 pr3 n2 bias relu", &problem, &error), "%s",
            error.message);
  return problem;
}

typedef struct first_words {
  char text[512];
} first_words;

static void remember(void *user, const gauntlet_case *tried) {
  first_words *words = user;
  if (tried->verdict->violations && !words->text[0])
    snprintf(words->text, sizeof words->text, "%s", tried->verdict->what);
}

static void expect_verdict(const gauntlet_source *from, const gauntlet_list *list, const gauntlet_problem *problem,
                           const suspect *s) {
  first_words words = {""};
  const gauntlet_campaign campaign = {.source = *from,
                                      .list = list,
                                      .problems = problem,
                                      .problem_count = 1,
                                      .seed = 1,
                                      .trials = 16,
                                      .seconds = s->violation == GAUNTLET_HANG ? 0.5 : 20.0,
                                      .stop_at_hang = true,
                                      .single_thread = test_small(),
                                      .user = &words,
                                      .tried = remember};
  gauntlet_score score;
  gauntlet_campaign_run(&campaign, index_of(list, s->name), &score);
  printf("%-28s %2zu of %2zu trials: %s\n", s->name, score.failures, score.trials,
         words.text[0] ? words.text : "right");
  cr_expect_str_empty(score.skipped, "%s: %s", s->name, score.skipped);
  cr_expect(score.trials > 0, "%s wasn't tried", s->name);
  if (s->violation)
    cr_expect(score.violations & s->violation, "%s: found 0x%x, expected 0x%x among it: %s", s->name, score.violations,
              s->violation, words.text);
  else
    cr_expect_eq(score.violations, 0u, "%s: found 0x%x: %s", s->name, score.violations, words.text);
}

Test(gauntlet, catches_what_is_wrong) {
  static gauntlet_list list;
  char message[512] = "";
  cr_assert(gauntlet_source_list(&source, &list, message, sizeof message), "%s", message);
  const gauntlet_problem problem = a_problem();
  for (size_t i = 0; i < sizeof suspects / sizeof suspects[0]; ++i)
    if (suspects[i].violation != GAUNTLET_RACE || !test_small()) /* qemu can't start threads in a forked child */
      expect_verdict(&source, &list, &problem, &suspects[i]);
}

/* On problems whose y is of the format, and of floats from floats, odd channels among them. */
Test(gauntlet, catches_what_is_wrong_in_other_formats) {
  static const suspect others[] = {
      {"bf16_right", 0},
      {"bf16_even_first", GAUNTLET_WRONG_VALUE},
      {"bf16_truncates", GAUNTLET_WRONG_VALUE},
      {"bf16_truncates_bounded", GAUNTLET_WRONG_VALUE},
      {"bf16_sums_in_doubles", GAUNTLET_WRONG_VALUE},
      {"bf16_sums_in_doubles_bounded", 0},
      {"bf16_reads_floats", GAUNTLET_READ_OUTSIDE},
      {"int8_right", 0},
      {"int8_right_bounded", 0},
      {"int8_ends_at_128", GAUNTLET_UNWRITTEN}, /* -128 is its canary */
      {"int8_has_one_scale", GAUNTLET_WRONG_VALUE},
      {"int8_has_one_scale_bounded", GAUNTLET_WRONG_VALUE},
  };
  static const char *const texts[][2] = {
      {"conv g2 ic42 oc6 ih7 iw9 k3 d2 pt2 pl2 pb2 pr3 n2 bias residual bf16",
       "conv g2 ic42 oc6 ih7 iw9 k3 d2 pt2 pl2 pb2 pr3 n2 bias residual int8"},
      {"conv g2 ic42 oc6 ih7 iw9 k3 p1 n2 bias residual relu bf16 y:f32",
       "conv g2 ic42 oc6 ih7 iw9 k3 p1 n2 bias residual relu int8 y:f32"},
  };
  static gauntlet_list list;
  char message[512] = "";
  const gauntlet_source formats = {.path = WRONG_FORMATS};
  cr_assert(gauntlet_source_list(&formats, &list, message, sizeof message), "%s", message);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; ++i)
    for (size_t floats = 0; floats < 2; ++floats) {
      const bool only_rounded = strstr(others[i].name, "truncates") || strstr(others[i].name, "ends");
      if (floats && only_rounded)
        continue;
      gauntlet_problem problem;
      cardinal_error error;
      cr_assert(gauntlet_parse(texts[floats][strncmp(others[i].name, "int8", 4) == 0], &problem, &error), "%s",
                error.message);
      expect_verdict(&formats, &list, &problem, &others[i]);
    }
}

/* Windows with padding, and averages of an odd number of pixels. */
Test(gauntlet, catches_wrong_pools_of_other_formats) {
  static const suspect pools[] = {
      {"max_bf16_right", 0},
      {"max_bf16_zero_in_padding", GAUNTLET_WRONG_VALUE},
      {"max_bf16_loses_nan", GAUNTLET_WRONG_VALUE},
      {"max_bf16_reads_floats", GAUNTLET_READ_OUTSIDE},
      {"max_int8_right", 0},
      {"max_int8_zero_in_padding", GAUNTLET_WRONG_VALUE},
      {"average_bf16_right", 0},
      {"average_bf16_truncates", GAUNTLET_WRONG_VALUE},
      {"average_bf16_truncates_bounded", GAUNTLET_WRONG_VALUE},
      {"average_bf16_sums_in_bf16", GAUNTLET_WRONG_VALUE},
      {"average_bf16_sums_in_bf16_bounded", GAUNTLET_WRONG_VALUE},
      {"average_bf16_in_doubles_bounded", 0},
      {"average_int8_right", 0},
      {"average_int8_right_bounded", 0},
      {"average_int8_truncates", GAUNTLET_WRONG_VALUE},
      {"average_int8_truncates_bounded", GAUNTLET_WRONG_VALUE},
      {"average_int8_no_scale_bounded", GAUNTLET_WRONG_VALUE},
  };
  static gauntlet_list list;
  char message[512] = "";
  const gauntlet_source from = {.path = WRONG_POOLS};
  cr_assert(gauntlet_source_list(&from, &list, message, sizeof message), "%s", message);
  cr_expect_eq(list.count, sizeof pools / sizeof pools[0], "a kernel of the list isn't tried");
  for (size_t i = 0; i < sizeof pools / sizeof pools[0]; ++i) {
    const bool maximum = strncmp(pools[i].name, "max", 3) == 0;
    char text[64];
    snprintf(text, sizeof text, "%s %s", maximum ? "maxpool c20 ih7 iw10 k3 s2 p1 n2" : "avgpool c20 ih7 iw9 n2",
             strstr(pools[i].name, "bf16") ? "bf16" : "int8");
    gauntlet_problem problem;
    cardinal_error error;
    cr_assert(gauntlet_parse(text, &problem, &error), "%s", error.message);
    expect_verdict(&from, &list, &problem, &pools[i]);
  }
}

/* A kernel isn't asked about another format's problems. */
Test(gauntlet, formats_are_kept_apart) {
  static gauntlet_list list;
  char message[512] = "";
  const gauntlet_source formats = {.path = WRONG_FORMATS};
  cr_assert(gauntlet_source_list(&formats, &list, message, sizeof message), "%s", message);
  const gauntlet_problem problem = a_problem();
  const gauntlet_campaign campaign = {
      .source = formats, .list = &list, .problems = &problem, .problem_count = 1, .trials = 1, .seconds = 20.0};
  gauntlet_score score;
  gauntlet_campaign_run(&campaign, index_of(&list, "bf16_right"), &score);
  cr_expect_eq(score.trials, 0u);
  cr_expect_str_eq(score.skipped, "it is for another number format");
}

Test(gauntlet, passes_over_what_cannot_run) {
  static gauntlet_list list;
  char message[512];
  cr_assert(gauntlet_source_list(&source, &list, message, sizeof message), "%s", message);
  const gauntlet_campaign campaign = {.source = source, .list = &list, .seed = 1, .trials = 4, .seconds = 10.0};
  gauntlet_score score;
  gauntlet_campaign_run(&campaign, index_of(&list, "needs_what_is_not_there"), &score);
  cr_expect_eq(score.trials, 0u);
  cr_expect(strstr(score.skipped, "no_such_feature"), "%s", score.skipped);
}

/* A list of needs names a feature as users do; "bf16" is every architecture's, of which a CPU has one at most. */
Test(gauntlet, needs_are_met_by_this_architectures_features) {
  cardinal_cpu_features cpu;
  cardinal_cpu_detect(&cpu);
  const uint32_t bf16 = CARDINAL_CPU_AVX512_BF16 | CARDINAL_CPU_BF16;
  char missing[64] = "";
  cr_expect_eq(gauntlet_needs_met("bf16", missing, sizeof missing), (cpu.enabled & bf16) != 0, "%s", missing);
  cr_expect_not(gauntlet_needs_met("neon,sse2", missing, sizeof missing));
  cr_expect_eq(cardinal_cpu_needs_here(CARDINAL_CPU_AVX512_BF16), CARDINAL_CPU_AVX512_BF16);
  cr_expect_eq(cardinal_cpu_needs_here(CARDINAL_CPU_BF16), CARDINAL_CPU_BF16);
  const uint32_t here = cardinal_cpu_needs_here(bf16);
  cr_expect(here == CARDINAL_CPU_AVX512_BF16 || here == CARDINAL_CPU_BF16);
}

Test(gauntlet, refuses_another_abi) {
  static gauntlet_list list;
  char message[512] = "";
  const gauntlet_source other = {.path = WRONG_ABI};
  cr_expect_not(gauntlet_source_list(&other, &list, message, sizeof message));
  cr_expect(strstr(message, "version 77") && strstr(message, "expected 1"), "%s", message);
}

Test(gauntlet, refuses_what_is_no_plugin) {
  static gauntlet_list list;
  char message[512] = "";
  cr_expect_not(gauntlet_source_list(&(gauntlet_source){.path = "/no/such/file.so"}, &list, message, sizeof message));
  cr_expect(strstr(message, "can't be loaded"), "%s", message);
  cr_expect_not(gauntlet_source_list(&(gauntlet_source){.path = NO_PLUGIN}, &list, message, sizeof message));
  cr_expect(strstr(message, "exports no function cardinal_plugin_kernels"), "%s", message);
}

Test(gauntlet, finds_problems_that_a_kernel_serves) {
  static gauntlet_list list;
  char message[512];
  const gauntlet_source example = {.path = EXAMPLE_PLUGIN};
  cr_assert(gauntlet_source_list(&example, &list, message, sizeof message), "%s", message);
  cr_assert_eq(list.count, 1u);
  cr_expect_str_eq(list.kernels[0].name, "window_conv_nchw");
  first_words words = {""};
  const gauntlet_campaign campaign = {.source = example,
                                      .list = &list,
                                      .seed = 3,
                                      .trials = 60,
                                      .seconds = 20.0,
                                      .single_thread = test_small(),
                                      .user = &words,
                                      .tried = remember};
  gauntlet_score score;
  gauntlet_campaign_run(&campaign, 0, &score);
  cr_expect_eq(score.trials, 60u);
  cr_expect_eq(score.failures, 0u, "%zu failures: %s", score.failures, words.text);
  cr_expect(score.worst_share > 0.0 && score.worst_share <= 1.0, "worst share %g", score.worst_share);
  cr_expect_not(score.same_bits, "another order gave the canonical bits: the data tell nothing");
}
