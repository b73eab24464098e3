/* SPDX-License-Identifier: BSD-3-Clause */
/* The pieces of work, and the checksums of their outputs. */
#include <string.h>

#include "tools/screen_work.h"

/* Whoever changes a line makes its checksums anew; docs/screen.md says how. The work of bf16 and int8 is that of f32 in
 * the kernels' forms and in what their epilogues do, and less of it. */
const screen_item screen_items[] = {
    {"stem", "conv ic3 oc64 i224 k7 s2 p3 bias relu x:nchw", 0, CARDINAL_FORMAT_F32, false},
    {"3x3 width 4, 56x56", "conv g32 ic128 oc128 i56 k3 p1 bias relu", 0, CARDINAL_FORMAT_F32, false},
    {"3x3 width 8, 56x56", "conv g32 ic256 oc256 i56 k3 p1 bias relu", 0, CARDINAL_FORMAT_F32, false},
    {"3x3 width 8, stride 2", "conv g32 ic256 oc256 i56 k3 s2 p1 bias relu", 0, CARDINAL_FORMAT_F32, false},
    {"3x3 width 16, 14x14", "conv g32 ic512 oc512 i14 k3 p1 bias relu", 0, CARDINAL_FORMAT_F32, false},
    {"3x3 width 32, 7x7", "conv g32 ic1024 oc1024 i7 k3 p1 bias relu", 0, CARDINAL_FORMAT_F32, false},
    {"1x1 256>128, 56x56", "conv ic256 oc128 i56 bias relu", 0, CARDINAL_FORMAT_F32, false},
    {"1x1 128>256, 56x56, residual", "conv ic128 oc256 i56 bias residual relu", 0, CARDINAL_FORMAT_F32, false},
    {"1x1 256>512, stride 2", "conv ic256 oc512 i56 s2 bias", 0, CARDINAL_FORMAT_F32, false},
    {"1x1 512>256, 28x28", "conv ic512 oc256 i28 bias relu", 0, CARDINAL_FORMAT_F32, false},
    {"1x1 512>1024, 14x14, residual", "conv ic512 oc1024 i14 bias residual relu", 0, CARDINAL_FORMAT_F32, false},
    {"1x1 2048>1024, 7x7", "conv ic2048 oc1024 i7 bias relu", 0, CARDINAL_FORMAT_F32, false},
    {"fully connected", "conv ic2048 oc1000 i1 bias", 0, CARDINAL_FORMAT_F32, true},
    {"max pool", "maxpool c64 i112 k3 s2 p1", 0, CARDINAL_FORMAT_F32, true},
    {"average pool", "avgpool c2048 i7", 0, CARDINAL_FORMAT_F32, true},
    {"resnext50_32x4d, 64x64", "resnext50_32x4d", 64, CARDINAL_FORMAT_F32, false},
    {"resnext26_8x14d, 32x32", "resnext26_8x14d_2-2-2-2", 32, CARDINAL_FORMAT_F32, true},
    {"stem, bf16", "conv ic3 oc64 i224 k7 s2 p3 bias relu x:f32 x:nchw bf16", 0, CARDINAL_FORMAT_BF16, false},
    {"3x3 width 4, 56x56, bf16", "conv g32 ic128 oc128 i56 k3 p1 bias relu bf16", 0, CARDINAL_FORMAT_BF16, false},
    {"3x3 width 8, 56x56, bf16", "conv g32 ic256 oc256 i56 k3 p1 bias relu bf16", 0, CARDINAL_FORMAT_BF16, false},
    {"3x3 width 8, stride 2, bf16", "conv g32 ic256 oc256 i56 k3 s2 p1 bias relu bf16", 0, CARDINAL_FORMAT_BF16, false},
    {"3x3 width 16, 14x14, bf16", "conv g32 ic512 oc512 i14 k3 p1 bias relu bf16", 0, CARDINAL_FORMAT_BF16, false},
    {"1x1 256>128, 56x56, bf16", "conv ic256 oc128 i56 bias relu bf16", 0, CARDINAL_FORMAT_BF16, false},
    {"1x1 128>256, 56x56, residual, bf16", "conv ic128 oc256 i56 bias residual relu bf16", 0, CARDINAL_FORMAT_BF16,
     false},
    {"1x1 2048>1024, 7x7, bf16", "conv ic2048 oc1024 i7 bias relu bf16", 0, CARDINAL_FORMAT_BF16, false},
    {"fully connected, bf16", "conv ic2048 oc1000 i1 bias y:f32 bf16", 0, CARDINAL_FORMAT_BF16, true},
    {"max pool, bf16", "maxpool c64 i112 k3 s2 p1 bf16", 0, CARDINAL_FORMAT_BF16, true},
    {"average pool, bf16", "avgpool c2048 i7 bf16", 0, CARDINAL_FORMAT_BF16, true},
    {"resnext26_8x14d, 32x32, bf16", "resnext26_8x14d_2-2-2-2 bf16", 32, CARDINAL_FORMAT_BF16, true},
    {"stem, int8", "conv ic3 oc64 i230 k7 s2 bias relu int8", 0, CARDINAL_FORMAT_INT8, false},
    {"3x3 width 4, 56x56, int8", "conv g32 ic128 oc128 i56 k3 p1 bias relu int8", 0, CARDINAL_FORMAT_INT8, false},
    {"3x3 width 8, 56x56, int8", "conv g32 ic256 oc256 i56 k3 p1 bias relu int8", 0, CARDINAL_FORMAT_INT8, false},
    {"3x3 width 8, stride 2, int8", "conv g32 ic256 oc256 i56 k3 s2 p1 bias relu int8", 0, CARDINAL_FORMAT_INT8, false},
    {"3x3 width 16, 14x14, int8", "conv g32 ic512 oc512 i14 k3 p1 bias relu int8", 0, CARDINAL_FORMAT_INT8, false},
    {"1x1 256>128, 56x56, int8", "conv ic256 oc128 i56 bias relu int8", 0, CARDINAL_FORMAT_INT8, false},
    {"1x1 128>256, 56x56, residual, int8", "conv ic128 oc256 i56 bias residual relu int8", 0, CARDINAL_FORMAT_INT8,
     false},
    {"1x1 2048>1024, 7x7, int8", "conv ic2048 oc1024 i7 bias relu int8", 0, CARDINAL_FORMAT_INT8, false},
    {"fully connected, int8", "conv ic2048 oc1000 i1 bias y:f32 int8", 0, CARDINAL_FORMAT_INT8, true},
    {"max pool, int8", "maxpool c64 i112 k3 s2 p1 int8", 0, CARDINAL_FORMAT_INT8, true},
    {"average pool, int8", "avgpool c2048 i7 int8", 0, CARDINAL_FORMAT_INT8, true},
    {"resnext26_8x14d, 32x32, int8", "resnext26_8x14d_2-2-2-2 int8", 32, CARDINAL_FORMAT_INT8, true},
};
const size_t screen_item_count = sizeof screen_items / sizeof screen_items[0];
_Static_assert(sizeof screen_items / sizeof screen_items[0] <= SCREEN_MOST_ITEMS, "SCREEN_MOST_ITEMS is too small");

static const char *const pattern_names[SCREEN_PATTERNS] = {"random", "toggling", "wide", "sparse"};

unsigned screen_item_patterns(const screen_item *item) {
  return item->image ? 1 : SCREEN_PATTERNS;
}

const char *screen_pattern_name(const screen_item *item, unsigned pattern) {
  return item->image ? "synthetic" : pattern_names[pattern];
}

/* ---- checksums ------------------------------------------------------------------------------------------------- */

enum {
  LANES = 8
};

/* A bijection of `hash` for each word, and of the word for each hash: a single change is never lost. The rotation
 * brings high bits down, or the sign bits of two numbers would cancel each other. */
static inline uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
  return hash << 29 | hash >> 35;
}

uint64_t screen_hash(const void *numbers, size_t bytes) {
  uint64_t lanes[LANES] = {1, 2, 3, 4, 5, 6, 7, 8}, words[LANES];
  const char *at = numbers;
  for (; bytes >= sizeof words; at += sizeof words, bytes -= sizeof words) {
    memcpy(words, at, sizeof words);
    for (int l = 0; l < LANES; ++l)
      lanes[l] = mix(lanes[l], words[l]);
  }
  memset(words, 0, sizeof words);
  memcpy(words, at, bytes);
  uint64_t hash = bytes / sizeof(float);
  for (int l = 0; l < LANES; ++l)
    hash = mix(hash, mix(lanes[l], words[l]));
  return hash;
}

typedef struct golden {
  const char *what;
  int64_t image;
  const char *part;
  uint64_t hash;
} golden;

static const golden table[] = {
#include "tools/screen_golden.inc"
};

bool screen_golden(const screen_item *item, const char *part, uint64_t *hash) {
  for (size_t i = 0; i < sizeof table / sizeof table[0]; ++i)
    if (table[i].image == item->image && !strcmp(table[i].what, item->what) && !strcmp(table[i].part, part)) {
      *hash = table[i].hash;
      return true;
    }
  return false;
}
