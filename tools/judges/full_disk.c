// A disk that fills up, for one process: preloaded, it refuses to write beyond FULL_DISK_BYTES bytes below
// FULL_DISK_ROOT, as a file system without space does. FULL_DISK_ONLY narrows that to paths that hold a text.
// FULL_DISK_TALLY names a file that gets the number of bytes that were written.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long written;

static int counts(const char *path) {
  const char *root = getenv("FULL_DISK_ROOT"), *only = getenv("FULL_DISK_ONLY");
  return root && strncmp(path, root, strlen(root)) == 0 && (!only || strstr(path, only));
}

// How many of `count` bytes still fit into the file; -1 where none do.
static ssize_t room(int descriptor, size_t count) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return (ssize_t)count;
  path[length] = 0;
  if (!counts(path)) return (ssize_t)count;
  const char *most = getenv("FULL_DISK_BYTES");
  long before = atomic_fetch_add(&written, (long)count);
  if (!most || before + (long)count <= atol(most)) return (ssize_t)count;
  return before < atol(most) ? atol(most) - before : -1;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  static ssize_t (*next)(int, const void *, size_t);
  if (!next) next = dlsym(RTLD_NEXT, "write");
  ssize_t fits = count ? room(descriptor, count) : 0;
  if (fits >= 0) return next(descriptor, bytes, (size_t)fits);
  errno = ENOSPC;
  return -1;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  static ssize_t (*next)(int, const void *, size_t, off_t);
  if (!next) next = dlsym(RTLD_NEXT, "pwrite");
  ssize_t fits = count ? room(descriptor, count) : 0;
  if (fits >= 0) return next(descriptor, bytes, (size_t)fits, offset);
  errno = ENOSPC;
  return -1;
}

// A folder takes a block of its own.
int mkdir(const char *path, mode_t mode) {
  static int (*next)(const char *, mode_t);
  if (!next) next = dlsym(RTLD_NEXT, "mkdir");
  const char *most = getenv("FULL_DISK_BYTES");
  if (most && counts(path) && atomic_load(&written) > atol(most)) {
    struct stat status;
    errno = stat(path, &status) == 0 ? EEXIST : ENOSPC;
    return -1;
  }
  return next(path, mode);
}

__attribute__((destructor)) static void tell(void) {
  const char *tally = getenv("FULL_DISK_TALLY");
  FILE *file = tally ? fopen(tally, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", atomic_load(&written));
  fclose(file);
}
