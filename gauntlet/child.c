/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "gauntlet/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum {
  /* What a child exits with when its work returned. A kernel that calls exit with it hasn't written `done`. */
  WELL = 0,
  ALTERNATE_STACK = 1 << 16
};

static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

/* The child's own; there is one crash to tell in a process. */
static gauntlet_crash *where_to_tell;
static char alternate_stack[ALTERNATE_STACK];

static void tell_crash(int number, siginfo_t *info, void *context) {
  gauntlet_crash *crash = where_to_tell;
  crash->signal = number;
  if (number == SIGSEGV || number == SIGBUS) {
    crash->address_known = true;
    crash->address = info->si_addr;
#if defined(__x86_64__)
    const ucontext_t *machine = context;
    const greg_t write_access = 2; /* bit 1 of the page fault's error code */
    crash->writing = machine->uc_mcontext.gregs[REG_ERR] & write_access;
#endif
  }
  (void)context;
  signal(number, SIG_DFL);
  raise(number);
}

static void watch_crashes(gauntlet_crash *crash) {
  where_to_tell = crash;
  const stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = tell_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; ++i)
    sigaction(deadly[i], &action, NULL);
}

/* `life` is written by nobody: the parent's end of the pipe hangs up when the child is gone, and with it every process
 * that it may have started. */
_Noreturn static void be_child(void (*work)(void *), void *argument, gauntlet_crash *crash, bool *done) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  setpgid(0, 0);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  watch_crashes(crash);
  work(argument);
  *done = true;
  _exit(WELL);
}

double gauntlet_clock(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Whether the child ended in time. */
static bool wait_for(int life, double seconds) {
  const double end = gauntlet_clock() + seconds;
  for (;;) {
    const double left = end - gauntlet_clock();
    if (left <= 0)
      return false;
    struct pollfd watched = {.fd = life};
    const int ready = poll(&watched, 1, (int)(left * 1e3) + 1);
    if (ready > 0)
      return true;
    if (ready < 0 && errno != EINTR)
      return false;
  }
}

gauntlet_end gauntlet_child_run(void (*work)(void *argument), void *argument, double seconds, gauntlet_crash *crash,
                                int *status) {
  *status = 0;
  *crash = (gauntlet_crash){0};
  bool *done = gauntlet_shared(sizeof *done);
  int life[2];
  if (!done)
    return GAUNTLET_NO_CHILD;
  if (pipe2(life, O_CLOEXEC) != 0) {
    gauntlet_unshare(done, sizeof *done);
    return GAUNTLET_NO_CHILD;
  }
  fflush(NULL); /* or both would write it */
  const pid_t child = fork();
  if (child == 0) {
    close(life[0]);
    be_child(work, argument, crash, done);
  }
  close(life[1]);
  gauntlet_end end = GAUNTLET_NO_CHILD;
  if (child > 0) {
    const bool in_time = wait_for(life[0], seconds);
    if (!in_time) {
      kill(-child, SIGKILL);
      kill(child, SIGKILL);
    }
    int waited = 0;
    while (waitpid(child, &waited, 0) < 0 && errno == EINTR)
      continue;
    if (WIFSIGNALED(waited)) {
      *status = WTERMSIG(waited);
      end = in_time ? GAUNTLET_CRASHED : GAUNTLET_HUNG;
    } else {
      *status = WEXITSTATUS(waited);
      end = *done ? GAUNTLET_ENDED_WELL : GAUNTLET_EXITED;
    }
  }
  close(life[0]);
  gauntlet_unshare(done, sizeof *done);
  return end;
}

void *gauntlet_shared(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void gauntlet_unshare(void *memory, size_t bytes) {
  if (memory)
    munmap(memory, bytes);
}

void gauntlet_end_describe(gauntlet_end end, int status, double seconds, char *text, size_t size) {
  switch (end) {
  case GAUNTLET_ENDED_WELL:
    snprintf(text, size, "ended well");
    break;
  case GAUNTLET_CRASHED:
    snprintf(text, size, "crashed: %s", strsignal(status));
    break;
  case GAUNTLET_EXITED:
    snprintf(text, size, "ended the process with exit status %d", status);
    break;
  case GAUNTLET_HUNG:
    snprintf(text, size, "didn't return within %g s", seconds);
    break;
  case GAUNTLET_NO_CHILD:
    snprintf(text, size, "no process could be started for it");
    break;
  }
}
