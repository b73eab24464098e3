/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "ops/team.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * The state of a phase, one word on a cache line of its own, since all members watch it:
 *   INSIDE         how many members are at work
 *   PLACES         how many more may come; 0 while no phase is open
 *   RUNNER_SLEEPS  the last member to leave must wake the runner
 *   STOP           members end
 */
enum {
  INSIDE = 0x1fff,
  PLACE = 0x2000,
  PLACES = 0x1fff * PLACE,
  RUNNER_SLEEPS = 1 << 30
};
static const uint32_t STOP = UINT32_C(1) << 31;

/* Who sleeps on that word: bits for FUTEX_WAIT_BITSET. */
enum {
  MEMBERS = 1,
  RUNNER = 2
};

enum {
  /* Kernels keep a few KB on their stacks; the rest is for a signal handler of the program's (faults come through). */
  STACK_BYTES = 256 * 1024,
  PAUSES_PER_LOOK = 32 /* at the clock */
};

/* How long members wait awake: while the team is held, and after it was given back. */
static const int64_t held_spin_ns = 2000000, idle_spin_ns = 100000;

typedef struct member {
  pthread_t thread;
  cardinal_team *team;
} member;

struct cardinal_team {
  alignas(64) _Atomic uint32_t state;
  alignas(64) _Atomic uint32_t sleepers; /* members that sleep, or are about to */
  /* What a phase runs; written while no phase is open, read by members inside. */
  cardinal_task task;
  void *argument;
  /* Twice the number of forks that led to the process of the last holder, plus 1 while it is held. A claim of another
   * process says that this is a forked child, and none of what is below holds here. */
  _Atomic uint64_t claim;
  _Atomic uintptr_t holder; /* its thread */
  /* The holder's alone. */
  uint32_t holds, most_members, started;
  bool spin;
  bool start_failed; /* not tried again: a failing pthread_create in each run would cost more than it could gain */
  member members[];
};

/* ---- forks --------------------------------------------------------------------------------------------------- */

/* Counted by a handler rather than told from process ids, which cost a system call a run, and which a child in a new
 * pid namespace can share with its parent. Nothing needs to be locked around a fork, since the team has no locks. */
static _Atomic uint32_t forks;
static pthread_once_t watch_once = PTHREAD_ONCE_INIT;
static bool watching;

static void count_fork(void) {
  atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void watch(void) {
  watching = pthread_atfork(NULL, NULL, count_fork) == 0;
}

/* The claim of this process, free. */
static uint64_t unclaimed(void) {
  return (uint64_t)atomic_load_explicit(&forks, memory_order_relaxed) * 2;
}

/* ---- waiting ------------------------------------------------------------------------------------------------- */

/* Futexes rather than a condition variable: no mutex that a fork could leave locked, and no cancellation point in a
 * run. Returns when woken, if the word has another value already, or for no reason. */
static void sleep_while(_Atomic uint32_t *word, uint32_t value, uint32_t who) {
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, NULL, NULL, who);
}

static void wake(_Atomic uint32_t *word, int count, uint32_t who) {
  syscall(SYS_futex, word, FUTEX_WAKE_BITSET_PRIVATE, count, NULL, NULL, who);
}

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory"); /* longer than yield, which most cores take for a nop */
#endif
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Relaxed: whoever acts upon the value acquires when it enters, or when the phase has ended. */
static uint32_t look(cardinal_team *team) {
  return atomic_load_explicit(&team->state, memory_order_relaxed);
}

static int64_t spin_limit(cardinal_team *team) {
  if (!team->spin)
    return 0;
  return atomic_load_explicit(&team->claim, memory_order_relaxed) & 1 ? held_spin_ns : idle_spin_ns;
}

/* Waits for a place or the end; returns a state that offers one of them. */
static uint32_t await_place(cardinal_team *team) {
  const uint32_t wanted = STOP | PLACES;
  uint32_t state;
  for (;;) {
    const int64_t begin = now_ns();
    do {
      for (int i = 0; i < PAUSES_PER_LOOK; ++i) {
        state = look(team);
        if (state & wanted)
          return state;
        relax();
      }
    } while (now_ns() - begin < spin_limit(team));
    /* Sequentially consistent, as are the runner's store of the state and its look at the sleepers: either it sees this
     * one and wakes it, or this one sees the open phase. If the phase opens after that, the kernel sees that the word
     * has changed. */
    atomic_fetch_add(&team->sleepers, 1);
    state = atomic_load(&team->state);
    if (!(state & wanted))
      sleep_while(&team->state, state, MEMBERS);
    atomic_fetch_sub_explicit(&team->sleepers, 1, memory_order_relaxed);
  }
}

/* ---- members ------------------------------------------------------------------------------------------------- */

static void leave(cardinal_team *team) {
  uint32_t before = look(team), after;
  do
    after = (before & ~(uint32_t)PLACES) - 1;
  /* Release: what this member has written is there for the runner, which acquires when it sees nobody inside. */
  while (
      !atomic_compare_exchange_weak_explicit(&team->state, &before, after, memory_order_release, memory_order_relaxed));
  if (after == RUNNER_SLEEPS)
    wake(&team->state, 1, RUNNER);
}

static void *live(void *argument) {
  const member *self = argument;
  cardinal_team *team = self->team;
  char name[16];
  snprintf(name, sizeof name, "cardinal-%hu", (unsigned short)(self - team->members + 1));
  pthread_setname_np(pthread_self(), name);
  for (;;) {
    uint32_t state = await_place(team);
    if (state & STOP)
      return NULL;
    /* Acquire: the task, its argument and all that the runner has prepared. A state that came back after other phases
     * is as good as one that never changed: it offers a place in the phase that is open now. */
    if (!atomic_compare_exchange_strong_explicit(&team->state, &state, state - PLACE + 1, memory_order_acquire,
                                                 memory_order_relaxed))
      continue;
    team->task(team->argument, (state & PLACES) / PLACE);
    leave(team);
  }
}

/* Signals go to the program's own threads, except for faults, which are this thread's, and the profiler's. */
static void block_signals(sigset_t *before) {
  static const int let_through[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGPROF};
  sigset_t blocked;
  sigfillset(&blocked);
  for (size_t i = 0; i < sizeof let_through / sizeof let_through[0]; ++i)
    sigdelset(&blocked, let_through[i]);
  pthread_sigmask(SIG_BLOCK, &blocked, before);
}

static bool start(member *m) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes))
    return false;
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  int failed = pthread_create(&m->thread, &attributes, live, m);
  pthread_attr_destroy(&attributes);
  /* The program's thread-local variables lie on the stack, too, and may need a larger one. */
  if (failed == EINVAL)
    failed = pthread_create(&m->thread, NULL, live, m);
  return !failed;
}

/* Starts what is missing for `wanted` members; returns how many there are, perhaps fewer. */
static uint32_t ensure_members(cardinal_team *team, size_t wanted) {
  if (wanted > team->most_members)
    wanted = team->most_members;
  if (team->started < wanted && !team->start_failed) {
    sigset_t before;
    block_signals(&before);
    while (team->started < wanted && !team->start_failed) {
      member *m = &team->members[team->started];
      m->team = team;
      if (start(m))
        team->started++;
      else
        team->start_failed = true;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  return team->started < wanted ? team->started : (uint32_t)wanted;
}

/* ---- the runner ---------------------------------------------------------------------------------------------- */

size_t cardinal_team_bytes(uint32_t threads) {
  return sizeof(cardinal_team) + (threads - 1) * sizeof(member);
}

bool cardinal_team_init(cardinal_team *team, uint32_t threads, bool spin) {
  pthread_once(&watch_once, watch);
  if (!watching)
    return false;
  atomic_init(&team->state, 0);
  atomic_init(&team->sleepers, 0);
  atomic_init(&team->claim, unclaimed());
  atomic_init(&team->holder, 0);
  team->holds = team->started = 0;
  team->most_members = threads - 1;
  team->spin = spin;
  team->start_failed = false;
  return true;
}

void cardinal_team_stop(cardinal_team *team) {
  if (atomic_load_explicit(&team->claim, memory_order_acquire) / 2 != unclaimed() / 2)
    return; /* the threads are the parent's */
  atomic_fetch_or(&team->state, STOP);
  wake(&team->state, INT32_MAX, MEMBERS);
  for (uint32_t i = 0; i < team->started; ++i)
    pthread_join(team->members[i].thread, NULL);
}

static bool held_by_me(cardinal_team *team) {
  return atomic_load_explicit(&team->claim, memory_order_relaxed) == unclaimed() + 1 &&
         atomic_load_explicit(&team->holder, memory_order_relaxed) == (uintptr_t)pthread_self();
}

bool cardinal_team_hold(cardinal_team *team) {
  if (held_by_me(team)) {
    team->holds++;
    return true;
  }
  uint64_t found = atomic_load_explicit(&team->claim, memory_order_relaxed);
  /* Acquire: what the last holder knew of the members. */
  if (found == unclaimed() + 1 || !atomic_compare_exchange_strong_explicit(&team->claim, &found, unclaimed() + 1,
                                                                           memory_order_acquire, memory_order_relaxed))
    return false;
  if (found != unclaimed()) { /* a forked child's first hold; the members, and perhaps the holder, are the parent's */
    atomic_store_explicit(&team->state, 0, memory_order_relaxed);
    atomic_store_explicit(&team->sleepers, 0, memory_order_relaxed);
    team->started = 0;
    team->start_failed = false;
  }
  atomic_store_explicit(&team->holder, (uintptr_t)pthread_self(), memory_order_relaxed);
  team->holds = 1;
  return true;
}

void cardinal_team_release(cardinal_team *team) {
  if (!held_by_me(team) || --team->holds)
    return;
  atomic_store_explicit(&team->holder, 0, memory_order_relaxed);
  atomic_store_explicit(&team->claim, unclaimed(), memory_order_release);
}

/* Waits until no member is inside. Acquires what they have written. */
static void await_members(cardinal_team *team) {
  const int64_t limit = team->spin ? held_spin_ns : 0;
  const int64_t begin = now_ns();
  do {
    for (int i = 0; i < PAUSES_PER_LOOK; ++i) {
      if (!(atomic_load_explicit(&team->state, memory_order_acquire) & INSIDE))
        return;
      relax();
    }
  } while (now_ns() - begin < limit);
  uint32_t state = atomic_fetch_or_explicit(&team->state, RUNNER_SLEEPS, memory_order_acquire) | RUNNER_SLEEPS;
  while (state & INSIDE) {
    sleep_while(&team->state, state, RUNNER);
    state = atomic_load_explicit(&team->state, memory_order_acquire);
  }
}

void cardinal_team_run(cardinal_team *team, size_t tasks, cardinal_task task, void *argument) {
  const uint32_t places = ensure_members(team, tasks - 1);
  if (places) {
    team->task = task;
    team->argument = argument;
    /* Nobody is inside and no place is open, so nobody else writes the state. See await_place for the order. */
    atomic_store(&team->state, places * PLACE);
    if (atomic_load(&team->sleepers))
      wake(&team->state, (int)places, MEMBERS);
  }
  task(argument, 0);
  if (places && atomic_fetch_and_explicit(&team->state, ~(uint32_t)PLACES, memory_order_acquire) & INSIDE)
    await_members(team);
}
