/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/micro_campaign.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gauntlet/child.h"
#include "gauntlet/micro_conv.h"
#include "gauntlet/micro_matrix.h"
#include "gauntlet/micro_pool.h"

static micro_cases *cases_of(const cardinal_kernel *kernel) {
  switch (kernel->form) {
  case CARDINAL_FORM_CONV1X1:
    return micro_conv1x1_cases;
  case CARDINAL_FORM_FC:
    return micro_fc_cases;
  case CARDINAL_FORM_POOL:
    return micro_pool_cases;
  default:
    return micro_conv_cases;
  }
}

static size_t count(const gauntlet_micro *micro) {
  micro_run counting = {.micro = micro};
  cases_of(micro->kernel)(&counting);
  return counting.number;
}

static size_t go(const gauntlet_micro *micro, size_t total, micro_buffers *buffers) {
  micro_run run = {.micro = micro, .total = total, .buffers = buffers};
  micro_buffers_init(buffers);
  cases_of(micro->kernel)(&run);
  micro_buffers_free(buffers);
  return run.ran;
}

size_t gauntlet_micro_run(const gauntlet_micro *micro) {
  micro_buffers buffers;
  return go(micro, count(micro), &buffers);
}

/* ---- in a child ----------------------------------------------------------------------------------------------- */

enum {
  LONGEST_CHILD = 24 * 86400 /* seconds; each call has its own limit */
};

/* What the child writes, in shared memory. */
typedef struct traces {
  gauntlet_crash crash;
  micro_buffers buffers; /* where they lie in the child */
  size_t judged;
  gauntlet_micro_verdict running; /* the case that is up */
  gauntlet_micro_verdict verdicts[];
} traces;

typedef struct child {
  const gauntlet_micro *micro;
  size_t total;
  unsigned seconds;
  traces *traces;
} child;

/* What hangs is ended by the alarm. */
static void note_start(void *user, const gauntlet_micro_verdict *running) {
  child *c = user;
  c->traces->running = *running;
  alarm(c->seconds);
}

static bool note_verdict(void *user, const gauntlet_micro_verdict *verdict) {
  child *c = user;
  alarm(0);
  c->traces->verdicts[c->traces->judged++] = *verdict;
  c->traces->running.words[0] = '\0';
  return true;
}

static void work(void *argument) {
  child *c = argument;
  gauntlet_micro mine = *c->micro;
  mine.user = c;
  mine.starts = note_start;
  mine.judged = note_verdict;
  go(&mine, c->total, &c->traces->buffers);
}

static void charge_crash(const traces *t, int status, gauntlet_micro_verdict *v) {
  const micro_buffers *b = &t->buffers;
  v->violations = gauntlet_judge_access(&t->crash, &b->x, "x", v->what, sizeof v->what) |
                  gauntlet_judge_access(&t->crash, &b->w, "w", v->what, sizeof v->what) |
                  gauntlet_judge_access(&t->crash, &b->bias, "the bias", v->what, sizeof v->what) |
                  gauntlet_judge_access(&t->crash, &b->scale, "the scale", v->what, sizeof v->what) |
                  gauntlet_judge_access(&t->crash, &b->residual, "the residual", v->what, sizeof v->what) |
                  gauntlet_judge_access(&t->crash, &b->y, "y", v->what, sizeof v->what);
  if (v->violations)
    return;
  v->violations = GAUNTLET_CRASH;
  gauntlet_end_describe(GAUNTLET_CRASHED, status, 0.0, v->what, sizeof v->what);
}

/* The verdict on the case that ended its child. */
static void judge_end(const child *c, gauntlet_end end, int status, gauntlet_micro_verdict *v) {
  *v = c->traces->running;
  v->kernel = c->micro->kernel;
  v->what[0] = '\0';
  if (!v->words[0])
    snprintf(v->words, sizeof v->words, "between two cases");
  if (end == GAUNTLET_CRASHED && status == SIGALRM)
    end = GAUNTLET_HUNG;
  switch (end) {
  case GAUNTLET_CRASHED:
    charge_crash(c->traces, status, v);
    return;
  case GAUNTLET_HUNG:
    v->violations = GAUNTLET_HANG;
    break;
  case GAUNTLET_EXITED:
    v->violations = GAUNTLET_EXIT;
    break;
  default:
    v->violations = GAUNTLET_NO_TRIAL;
  }
  gauntlet_end_describe(end, status, c->seconds, v->what, sizeof v->what);
}

size_t gauntlet_micro_apart(const gauntlet_micro *micro, unsigned seconds) {
  child c = {.micro = micro, .total = count(micro), .seconds = seconds};
  const size_t bytes = sizeof *c.traces + c.total * sizeof c.traces->verdicts[0];
  gauntlet_micro_verdict last = {.kernel = micro->kernel,
                                 .words = "before the first case",
                                 .violations = GAUNTLET_NO_TRIAL,
                                 .what = "there is no memory for its verdicts"};
  c.traces = gauntlet_shared(bytes);
  if (!c.traces) {
    micro->judged(micro->user, &last);
    return 0;
  }
  int status;
  const gauntlet_end end = gauntlet_child_run(work, &c, LONGEST_CHILD, &c.traces->crash, &status);
  size_t ran = c.traces->judged;
  bool more = true;
  for (size_t i = 0; more && i < c.traces->judged; ++i)
    more = micro->judged(micro->user, &c.traces->verdicts[i]);
  if (end != GAUNTLET_ENDED_WELL) {
    judge_end(&c, end, status, &last);
    ran += !(last.violations & GAUNTLET_NO_TRIAL);
    if (more)
      micro->judged(micro->user, &last);
  }
  gauntlet_unshare(c.traces, bytes);
  return ran;
}
