/* SPDX-License-Identifier: BSD-3-Clause */
#define _DEFAULT_SOURCE
#include "net/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/common.h"

/* No single call reads more: Linux moves 2^31 - 4096 bytes at most. */
static const size_t max_read = (size_t)1 << 30;

static cardinal_status refuse(const char *path, cardinal_error *error) {
  return cardinal_net_fail(error, CARDINAL_IO_ERROR, "%s: %s", path, strerror(errno));
}

cardinal_status cardinal_file_open(const char *path, int *descriptor, size_t *size, cardinal_error *error) {
  /* Without O_NONBLOCK, a pipe that nobody writes to would never open. */
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0)
    return refuse(path, error);
  struct stat info;
  cardinal_status status = CARDINAL_OK;
  if (fstat(file, &info))
    status = refuse(path, error);
  else if (!S_ISREG(info.st_mode))
    status = cardinal_net_fail(error, CARDINAL_IO_ERROR, "%s: not a regular file", path);
  if (status) {
    close(file);
    return status;
  }
  /* Reading ahead starts now; it is only a hint. */
  posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED);
  *descriptor = file;
  *size = (size_t)info.st_size;
  return CARDINAL_OK;
}

void cardinal_file_close(int descriptor) {
  close(descriptor);
}

cardinal_status cardinal_file_read_at(int descriptor, const char *path, size_t offset, void *to, size_t bytes,
                                      cardinal_error *error) {
  for (size_t got = 0; got < bytes;) {
    size_t wanted = bytes - got < max_read ? bytes - got : max_read;
    ssize_t now = pread(descriptor, (char *)to + got, wanted, (off_t)(offset + got));
    if (now < 0 && errno != EINTR)
      return refuse(path, error);
    if (!now)
      return cardinal_net_fail(error, CARDINAL_IO_ERROR,
                               "%s: the file was cut short after it was opened: expected %zu bytes from byte %zu on, "
                               "found %zu",
                               path, bytes, offset, got);
    got += now > 0 ? (size_t)now : 0;
  }
  return CARDINAL_OK;
}

static cardinal_status say_too_long(const char *path, size_t most, cardinal_error *error) {
  return cardinal_net_fail(error, CARDINAL_UNSUPPORTED, "%s: the file has more than %zu bytes", path, most);
}

/* Doubling rather than trusting the size, so that pipes can be read as well. */
static cardinal_status read_stream(int descriptor, const char *path, size_t most, unsigned char **bytes, size_t *size,
                                   cardinal_error *error) {
  size_t capacity = 0;
  for (;;) {
    if (*size == capacity) {
      capacity = capacity ? 2 * capacity : 256 * 1024;
      unsigned char *grown = realloc(*bytes, capacity);
      if (!grown)
        return cardinal_net_fail(error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for the file", path);
      *bytes = grown;
    }
    size_t room = capacity - *size;
    ssize_t now = read(descriptor, *bytes + *size, room < max_read ? room : max_read);
    if (!now)
      return CARDINAL_OK;
    if (now < 0 && errno != EINTR)
      return refuse(path, error);
    *size += now > 0 ? (size_t)now : 0;
    if (*size > most)
      return say_too_long(path, most, error);
  }
}

cardinal_status cardinal_file_read_all(const char *path, size_t most, unsigned char **bytes, size_t *size,
                                       cardinal_error *error) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0)
    return refuse(path, error);
  unsigned char *made = NULL;
  size_t made_size = 0;
  struct stat info;
  cardinal_status status;
  if (fstat(descriptor, &info))
    status = refuse(path, error);
  else if (S_ISREG(info.st_mode) && (uintmax_t)info.st_size > most)
    status = say_too_long(path, most, error);
  else
    status = read_stream(descriptor, path, most, &made, &made_size, error);
  close(descriptor);
  if (status) {
    free(made);
    return status;
  }
  *bytes = made;
  *size = made_size;
  return CARDINAL_OK;
}
