/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  MOST_TEMPORARIES = 8
};

/* Read by the handler of signals, hence no other structure; NULL is a free place. */
static const char *volatile temporaries[MOST_TEMPORARIES];

static const int ending_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ};
enum {
  ENDING_SIGNALS = sizeof ending_signals / sizeof ending_signals[0]
};

static void remove_and_end(int signal_number) {
  for (int i = 0; i < MOST_TEMPORARIES; i++)
    if (temporaries[i])
      unlink(temporaries[i]);
  /* The handler is gone by now (SA_RESETHAND), so this ends the process the way its parent expects. */
  raise(signal_number);
}

void process_start(void) {
  /* The wrong direction on purpose: a program whose output is closed is to notice, not to write into nothing. */
  for (int descriptor = 0; descriptor <= 2; descriptor++)
    if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF)
      (void)!open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);

  struct sigaction action = {.sa_handler = remove_and_end, .sa_flags = SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < ENDING_SIGNALS; i++) {
    struct sigaction before;
    /* What the parent ignores stays ignored: that is how nohup works. */
    if (!sigaction(ending_signals[i], NULL, &before) && before.sa_handler == SIG_DFL)
      sigaction(ending_signals[i], &action, NULL);
  }
}

int process_make_temporary(char *path) {
  int place = 0;
  while (place < MOST_TEMPORARIES && temporaries[place])
    place++;
  if (place == MOST_TEMPORARIES) {
    errno = EMFILE;
    return -1;
  }
  /* No signal may come between the file's making and the note of its name. */
  sigset_t ending, before;
  sigemptyset(&ending);
  for (int i = 0; i < ENDING_SIGNALS; i++)
    sigaddset(&ending, ending_signals[i]);
  sigprocmask(SIG_BLOCK, &ending, &before);
  int descriptor = mkostemp(path, O_CLOEXEC);
  int why = errno;
  if (descriptor >= 0)
    temporaries[place] = path;
  sigprocmask(SIG_SETMASK, &before, NULL);
  errno = why;
  return descriptor;
}

void process_keep(const char *path) {
  for (int i = 0; i < MOST_TEMPORARIES; i++)
    if (temporaries[i] == path)
      temporaries[i] = NULL;
}
