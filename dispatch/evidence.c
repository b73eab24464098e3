/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch/evidence.h"

#include <string.h>

/* What was measured, by families of CPUs. A row is added where another kernel than the registry's first wins by more
 * than the spread of the rounds, with one thread, on layers of networks that people run.
 *
 * AMD Zen 4 (family 25, models 16 to 31 and 96 to 127), measured on an EPYC of model 17 with every convolution of
 * ResNeXt-50 32x4d, ResNet-50 and ResNeXt-101 32x8d: no rows. AVX2's kernels took 1.00 to 1.10 times as long as
 * AVX-512's, the first ones, on 1x1 layers, and 1.02 to 1.6 times on 3x3 ones. Two others come close: the tile for any
 * window on grouped 3x3 layers of stride 2, 6 % faster to 15 % slower from one run to the next, which is no evidence;
 * and the 1x1 kernel on fully connected layers of one image, where reading the weights is the limit: mostly 3 to 8 %
 * faster, which is 0.01 % of a network.
 * In bf16 and int8, with the same layers: the first kernels, those with avx512_bf16 and avx512_vnni, win everywhere, by
 * 1.7 to 4 times against the kernels without (AVX2's as well as AVX-512's) on convolutions; fully connected layers of
 * one image differ by at most 20 and 12 %. The tile for any window again comes close in bf16 at width 16: 3 % faster in
 * most runs where the output has 14x14 pixels, but 7 % slower in another, and 5 to 11 % slower at 7x7.
 *
 * Rows need no format: a kernel of another one doesn't serve. `cardinal tune` repeats all of that. */
const cardinal_evidence cardinal_built_in_evidence = {.count = 0};

static bool holds(const cardinal_range *range, size_t value) {
  return range->most == 0 || (range->least <= value && value <= range->most);
}

const cardinal_cpu_family *cardinal_evidence_family(const cardinal_evidence *evidence,
                                                    const cardinal_cpu_features *cpu) {
  for (size_t i = 0; i < evidence->count; ++i) {
    const cardinal_cpu_family *family = &evidence->families[i];
    if (family->family != cpu->family || strcmp(family->vendor, cpu->vendor) != 0)
      continue;
    for (size_t m = 0; m < CARDINAL_MODEL_RANGES; ++m)
      if (family->models[m].most && holds(&family->models[m], cpu->model))
        return family;
  }
  return NULL;
}

bool cardinal_preference_covers(const cardinal_preference *p, const cardinal_shape *s) {
  const cardinal_window *w = &s->window;
  const struct {
    size_t wanted, found;
  } equal[] = {{p->window, w->kernel_h},         {p->window, w->kernel_w},     {p->stride, w->stride_h},
               {p->stride, w->stride_w},         {p->dilation, w->dilation_h}, {p->dilation, w->dilation_w},
               {p->slot, cardinal_shape_slot(s)}};
  if (s->operation != CARDINAL_OPERATION_CONV)
    return false;
  for (size_t i = 0; i < sizeof equal / sizeof equal[0]; ++i)
    if (equal[i].wanted && equal[i].wanted != equal[i].found)
      return false;
  return holds(&p->pixels, s->out_height * s->out_width) && holds(&p->in_channels, s->groups * s->in_per_group) &&
         holds(&p->out_channels, s->groups * s->out_per_group);
}
