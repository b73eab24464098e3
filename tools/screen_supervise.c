/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/peak.h"
#include "tools/command.h"
#include "tools/screen_run.h"

#define BETWEEN_LOOKS 0.05
#define BETWEEN_SENSORS 1.0

static volatile sig_atomic_t stop_signal;

/* The second signal ends the program as usual; its workers die with it. */
static void note_signal(int number) {
  stop_signal = number;
}

static void watch_signals(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i) {
    struct sigaction before;
    if (!sigaction(numbers[i], NULL, &before) && before.sa_handler != SIG_IGN)
      sigaction(numbers[i], &action, NULL);
  }
}

_Noreturn static void be_worker(const screen *s, screen_core *core) {
  const struct rlimit none = {0, 0};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setrlimit(RLIMIT_CORE, &none);
  signal(SIGINT, SIG_IGN); /* a terminal sends it to every process; the parent says when to stop */
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  screen_work(&s->orders, core);
  _exit(0);
}

static pid_t start_worker(const screen *s, screen_core *core) {
  fflush(NULL);
  core->heartbeat = cardinal_clock();
  const pid_t worker = fork();
  if (worker == 0)
    be_worker(s, core);
  if (worker < 0) {
    core->end = SCREEN_COULD_NOT_RUN;
    snprintf(core->ending, sizeof core->ending, "no process could be started: %s", strerror(errno));
  }
  return worker;
}

static void say_work(const screen_core *core, char *text, size_t size) {
  const screen_item *item = &screen_items[core->item];
  snprintf(text, size, "in %s, %s data, %s", item->name, screen_pattern_name(item, core->pattern),
           cardinal_isa_name((cardinal_isa)core->isa));
}

static void note_end(screen_core *core, int waited, bool hung, double timeout) {
  char work[120];
  say_work(core, work, sizeof work);
  if (hung) {
    core->end = SCREEN_HUNG;
    snprintf(core->ending, sizeof core->ending, "got on no more for %g s %s", timeout, work);
  } else if (WIFSIGNALED(waited)) {
    core->end = SCREEN_CRASHED;
    snprintf(core->ending, sizeof core->ending, "crashed (%s) %s", strsignal(WTERMSIG(waited)), work);
  } else if (core->problem[0]) {
    core->end = SCREEN_COULD_NOT_RUN;
    snprintf(core->ending, sizeof core->ending, "%.150s", core->problem);
  } else if (!core->done) {
    core->end = SCREEN_CRASHED;
    snprintf(core->ending, sizeof core->ending, "ended with status %d %s", WEXITSTATUS(waited), work);
  } else {
    core->end = SCREEN_ENDED_WELL;
  }
}

/* Looks after one worker: whether it is still there. */
static bool look_after(screen *s, screen_core *core, pid_t worker) {
  int waited = 0;
  const double timeout = (double)s->options->timeout;
  const pid_t gone = waitpid(worker, &waited, WNOHANG);
  if (gone == 0 && cardinal_clock() - core->heartbeat < timeout)
    return true;
  if (gone == 0) {
    kill(worker, SIGKILL);
    while (waitpid(worker, &waited, 0) < 0 && errno == EINTR)
      continue;
  }
  note_end(core, waited, gone == 0, timeout);
  return false;
}

static void read_sensors(screen_core *core) {
  core->hottest = fmax(core->hottest, screen_temperature("")); /* NAN gives way */
  const double clock = screen_clock("", core->cpu.cpu);
  if (!isnan(clock)) {
    core->clock_sum += clock;
    ++core->clock_count;
  }
}

static void tell_progress(const screen *s, size_t first, size_t count, double start) {
  if (!tool_progress_is_due())
    return;
  uint64_t runs = 0, mismatches = 0;
  for (size_t i = 0; i < s->count; ++i) {
    runs += s->cores[i]->runs;
    mismatches += s->cores[i]->mismatches;
  }
  char where[64], work[120];
  say_work(s->cores[first], work, sizeof work);
  if (count == 1)
    snprintf(where, sizeof where, "CPU %u, %zu of %zu", s->cores[first]->cpu.cpu, first + 1, s->count);
  else
    snprintf(where, sizeof where, "%zu CPUs together", count);
  const double left = s->orders.seconds - (cardinal_clock() - start);
  tool_progress("%s, %s: %llu results, %llu wrong, %.0f s left here", where, work, (unsigned long long)runs,
                (unsigned long long)mismatches, left > 0 ? left : 0.0);
}

/* Runs some of the cores at once, until each has ended in one way or another. */
static void run_cores(screen *s, size_t first, size_t count, pid_t *workers) {
  const double start = cardinal_clock();
  double sensors = start;
  size_t alive = 0;
  for (size_t i = 0; i < count; ++i) {
    workers[i] = start_worker(s, s->cores[first + i]);
    alive += workers[i] > 0;
  }
  while (alive) {
    usleep((useconds_t)(BETWEEN_LOOKS * 1e6));
    if (stop_signal)
      *s->orders.stop = true;
    const bool due = cardinal_clock() >= sensors;
    if (due)
      sensors = cardinal_clock() + BETWEEN_SENSORS;
    for (size_t i = 0; i < count; ++i) {
      if (workers[i] <= 0)
        continue;
      if (due)
        read_sensors(s->cores[first + i]);
      if (!look_after(s, s->cores[first + i], workers[i])) {
        workers[i] = 0;
        --alive;
      }
    }
    tell_progress(s, first, count, start);
  }
}

void screen_supervise(screen *s) {
  static pid_t workers[CARDINAL_MAX_CPUS];
  const size_t at_once = s->options->together ? s->count : 1;
  const double start = cardinal_clock();
  watch_signals();
  for (size_t first = 0; first < s->count && !stop_signal; first += at_once)
    run_cores(s, first, at_once, workers);
  tool_progress_clear();
  s->seconds = cardinal_clock() - start;
  s->signal = stop_signal;
}
