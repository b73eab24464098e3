/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE
#include "tools/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/process.h"

/* "what: why", or "why" alone. */
static bool fail(outfile *file, const char *what, int why) {
  snprintf(file->problem, sizeof file->problem, "%s%s%s", what ? what : "", what && why ? ": " : "",
           why ? strerror(why) : "");
  return false;
}

static bool is_stdout(const struct stat *info) {
  struct stat out;
  return !S_ISCHR(info->st_mode) && !fstat(STDOUT_FILENO, &out) && out.st_dev == info->st_dev &&
         out.st_ino == info->st_ino;
}

static bool take_stream(outfile *file, int descriptor) {
  file->stream = fdopen(descriptor, "wb");
  if (file->stream)
    return true;
  int why = errno;
  close(descriptor);
  return fail(file, NULL, why);
}

/* Devices, pipes, sockets. */
static bool open_directly(outfile *file) {
  int descriptor = open(file->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
  return descriptor < 0 ? fail(file, NULL, errno) : take_stream(file, descriptor);
}

/* The file aside gets what the old one had, or what a new one would have. */
static bool take_over_mode(outfile *file, int descriptor, const struct stat *old) {
  mode_t mode = old ? old->st_mode & 07777 : 0666;
  if (!old) {
    mode_t mask = umask(0);
    umask(mask);
    mode &= ~mask;
  } else if (fchown(descriptor, old->st_uid, old->st_gid) && errno != EPERM) {
    return fail(file, NULL, errno);
  }
  /* After the owner, since a change of it clears bits of the mode. */
  return !fchmod(descriptor, mode) || fail(file, NULL, errno);
}

static bool open_aside(outfile *file, const struct stat *old) {
  static const char suffix[] = ".XXXXXX";
  file->target = old ? realpath(file->path, NULL) : strdup(file->path);
  if (!file->target)
    return fail(file, NULL, errno);
  if (old && access(file->target, W_OK))
    return fail(file, NULL, errno);
  file->temporary = malloc(strlen(file->target) + sizeof suffix);
  if (!file->temporary)
    return fail(file, NULL, errno);
  stpcpy(stpcpy(file->temporary, file->target), suffix);
  int descriptor = process_make_temporary(file->temporary);
  if (descriptor < 0) {
    int why = errno;
    free(file->temporary);
    file->temporary = NULL;
    return fail(file, old ? "no file can be made beside it" : NULL, why);
  }
  if (take_over_mode(file, descriptor, old))
    return take_stream(file, descriptor);
  close(descriptor);
  return false;
}

bool outfile_open(outfile *file, const char *path) {
  *file = (outfile){.path = strdup(path)};
  if (!file->path)
    return fail(file, NULL, errno);
  struct stat info, link;
  if (stat(path, &info)) {
    if (errno != ENOENT)
      return fail(file, NULL, errno);
    if (!lstat(path, &link))
      return fail(file, "a symbolic link to a file that doesn't exist", 0);
    return open_aside(file, NULL);
  }
  if (S_ISDIR(info.st_mode))
    return fail(file, NULL, EISDIR);
  if (is_stdout(&info))
    return fail(file, "the standard output goes there already", 0);
  return S_ISREG(info.st_mode) ? open_aside(file, &info) : open_directly(file);
}

bool outfile_write(outfile *file, const void *bytes, size_t count) {
  return fwrite(bytes, 1, count, file->stream) == count || fail(file, "can't be written", errno);
}

bool outfile_flush(outfile *file) {
  errno = 0;
  return (!ferror(file->stream) && !fflush(file->stream)) || fail(file, "can't be written", errno);
}

bool outfile_finish(outfile *file) {
  bool written = outfile_flush(file);
  if (written && file->temporary && fsync(fileno(file->stream)))
    written = fail(file, "can't be written", errno);
  bool closed = !fclose(file->stream);
  file->stream = NULL;
  if (written && !closed)
    written = fail(file, "can't be written", errno);
  if (!written || !file->temporary)
    return written;
  if (rename(file->temporary, file->target))
    return fail(file, "can't be put in its place", errno);
  process_keep(file->temporary);
  free(file->temporary);
  file->temporary = NULL;
  return true;
}

void outfile_abandon(outfile *file) {
  if (file->stream)
    fclose(file->stream);
  if (file->temporary) {
    unlink(file->temporary);
    process_keep(file->temporary);
  }
  free(file->temporary);
  free(file->target);
  free(file->path);
  file->stream = NULL;
  file->path = file->target = file->temporary = NULL;
}
