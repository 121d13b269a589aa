// Preloaded into the program: of the calls of the system that it makes, one of so many ends with EINTR and no effect.
//
//   EINTR_EVERY=N   of N calls of each kind the first, by each thread (2: every call once, as it is asked again)
//   EINTR_CALLS=a,b only these; all if not set
//   EINTR_TALLY=FILE a byte for each call that was interrupted
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int every(void) {
  static int value = -1;
  if (value < 0) value = getenv("EINTR_EVERY") ? atoi(getenv("EINTR_EVERY")) : 0;
  return value;
}

static int is_named(const char *name) {
  const char *names = getenv("EINTR_CALLS");
  if (!names || !*names) return 1;
  size_t length = strlen(name);
  for (const char *at = names; (at = strstr(at, name)); at += length)
    if ((at == names || at[-1] == ',') && (!at[length] || at[length] == ',')) return 1;
  return 0;
}

static int interrupts(const char *name, unsigned *count) {
  if (every() < 1 || (*count)++ % every() || !is_named(name)) return 0;
  const char *tally = getenv("EINTR_TALLY");
  if (tally) {
    int file = (int)syscall(SYS_openat, AT_FDCWD, tally, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file >= 0) {
      syscall(SYS_write, file, "x", 1);
      syscall(SYS_close, file);
    }
  }
  errno = EINTR;
  return 1;
}

#define CALL(type, failure, name, parameters, arguments)            \
  type name parameters {                                            \
    static type(*real) parameters;                                  \
    static __thread unsigned count;                                 \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);  \
    if (interrupts(#name, &count)) return failure;                  \
    return real arguments;                                          \
  }

CALL(ssize_t, -1, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
CALL(ssize_t, -1, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
CALL(ssize_t, -1, pread, (int fd, void *bytes, size_t size, off_t at), (fd, bytes, size, at))
CALL(ssize_t, -1, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
CALL(int, -1, fsync, (int fd), (fd))
CALL(int, -1, fdatasync, (int fd), (fd))
CALL(int, -1, ftruncate, (int fd, off_t size), (fd, size))
CALL(int, -1, flock, (int fd, int operation), (fd, operation))
CALL(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(int, -1, rmdir, (const char *path), (path))
CALL(int, -1, unlink, (const char *path), (path))
CALL(int, -1, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
CALL(int, -1, link, (const char *from, const char *to), (from, to))
CALL(int, -1, rename, (const char *from, const char *to), (from, to))
CALL(int, -1, access, (const char *path, int mode), (path, mode))
CALL(int, -1, stat, (const char *path, struct stat *status), (path, status))
CALL(int, -1, lstat, (const char *path, struct stat *status), (path, status))
CALL(int, -1, fstat, (int fd, struct stat *status), (fd, status))
CALL(int, -1, fstatat, (int folder, const char *path, struct stat *status, int flags), (folder, path, status, flags))
CALL(DIR *, NULL, opendir, (const char *path), (path))
CALL(struct dirent *, NULL, readdir, (DIR *folder), (folder))

// Swift's runtime reads the arguments from /proc, and starts without them where it cannot.
FILE *fopen(const char *path, const char *mode) {
  static FILE *(*real)(const char *, const char *);
  static __thread unsigned count;
  if (!real) real = (FILE * (*)(const char *, const char *))dlsym(RTLD_NEXT, "fopen");
  return strncmp(path, "/proc/", 6) && interrupts("fopen", &count) ? NULL : real(path, mode);
}

// Linux closes the descriptor all the same.
int close(int fd) {
  static int (*real)(int);
  static __thread unsigned count;
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "close");
  int result = real(fd);
  return interrupts("close", &count) ? -1 : result;
}

int open(const char *path, int flags, ...) {
  static int (*real)(const char *, int, ...);
  static __thread unsigned count;
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  return interrupts("open", &count) ? -1 : real(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  static int (*real)(int, const char *, int, ...);
  static __thread unsigned count;
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (!real) real = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
  return interrupts("openat", &count) ? -1 : real(folder, path, flags, mode);
}
