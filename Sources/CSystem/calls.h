// System calls that a signal may cut short (EINTR) are asked again here, once for all: no caller has to
// think of it, and none may call the system's own (tools/tidy.py).
#ifndef LAKE_CALLS_H
#define LAKE_CALLS_H
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAKE_AGAIN(type, call) \
  type result; \
  do result = (call); while (result == -1 && errno == EINTR); \
  return result

static inline int lake_open(const char *path, int flags, int mode) { LAKE_AGAIN(int, open(path, flags, mode)); }
static inline int lake_openat(int folder, const char *path, int flags, int mode) {
  LAKE_AGAIN(int, openat(folder, path, flags, mode));
}
/// Never asked again: Linux has closed the descriptor even where it reports an interruption, and another
/// thread may have got its number since.
static inline int lake_close(int descriptor) {
  int result = close(descriptor);
  return result == -1 && errno == EINTR ? 0 : result;
}
static inline long lake_read(int descriptor, void *bytes, size_t count) {
  LAKE_AGAIN(long, read(descriptor, bytes, count));
}
static inline long lake_write(int descriptor, const void *bytes, size_t count) {
  LAKE_AGAIN(long, write(descriptor, bytes, count));
}
static inline long lake_pread(int descriptor, void *bytes, size_t count, long offset) {
  LAKE_AGAIN(long, pread(descriptor, bytes, count, offset));
}
static inline long lake_pwrite(int descriptor, const void *bytes, size_t count, long offset) {
  LAKE_AGAIN(long, pwrite(descriptor, bytes, count, offset));
}
static inline int lake_fsync(int descriptor) { LAKE_AGAIN(int, fsync(descriptor)); }
static inline int lake_fdatasync(int descriptor) { LAKE_AGAIN(int, fdatasync(descriptor)); }
static inline int lake_ftruncate(int descriptor, long count) { LAKE_AGAIN(int, ftruncate(descriptor, count)); }
static inline int lake_flock(int descriptor, int operation) { LAKE_AGAIN(int, flock(descriptor, operation)); }
static inline int lake_fcntl_lock(int descriptor, int command, struct flock *range) {
  LAKE_AGAIN(int, fcntl(descriptor, command, range));
}
static inline int lake_mkdir(const char *path, unsigned mode) { LAKE_AGAIN(int, mkdir(path, mode)); }
static inline int lake_rmdir(const char *path) { LAKE_AGAIN(int, rmdir(path)); }
static inline int lake_unlink(const char *path) { LAKE_AGAIN(int, unlink(path)); }
static inline int lake_unlinkat(int folder, const char *path, int flags) {
  LAKE_AGAIN(int, unlinkat(folder, path, flags));
}
static inline int lake_link(const char *from, const char *to) { LAKE_AGAIN(int, link(from, to)); }
static inline int lake_rename(const char *from, const char *to) { LAKE_AGAIN(int, rename(from, to)); }
static inline int lake_fchmod(int descriptor, unsigned mode) { LAKE_AGAIN(int, fchmod(descriptor, mode)); }
static inline int lake_access(const char *path, int mode) { LAKE_AGAIN(int, access(path, mode)); }
static inline int lake_stat(const char *path, struct stat *status) { LAKE_AGAIN(int, stat(path, status)); }
static inline int lake_lstat(const char *path, struct stat *status) { LAKE_AGAIN(int, lstat(path, status)); }
static inline int lake_fstat(int descriptor, struct stat *status) { LAKE_AGAIN(int, fstat(descriptor, status)); }
static inline int lake_fstatat(int folder, const char *path, struct stat *status, int flags) {
  LAKE_AGAIN(int, fstatat(folder, path, status, flags));
}
/// NULL with errno where the folder cannot be opened.
static inline DIR *lake_opendir(const char *path) {
  DIR *folder;
  do folder = opendir(path); while (!folder && errno == EINTR);
  return folder;
}
/// NULL at the end, with errno 0, or with the error that ended it.
static inline struct dirent *lake_readdir(DIR *folder) {
  struct dirent *entry;
  do {
    errno = 0;
    entry = readdir(folder);
  } while (!entry && errno == EINTR);
  return entry;
}
static inline long lake_readlink(const char *path, char *bytes, size_t count) {
  LAKE_AGAIN(long, readlink(path, bytes, count));
}
static inline char *lake_realpath(const char *path) {
  char *result;
  do result = realpath(path, NULL); while (!result && errno == EINTR);
  return result;
}
static inline FILE *lake_fopen(const char *path, const char *mode) {
  FILE *file;
  do file = fopen(path, mode); while (!file && errno == EINTR);
  return file;
}
/// NULL where the system knows no such alphabet.
static inline void *lake_iconv_open(const char *to, const char *from) {
  iconv_t handle = iconv_open(to, from);
  return handle == (iconv_t)-1 ? NULL : handle;
}
static inline void lake_iconv_close(void *handle) { iconv_close((iconv_t)handle); }
/// Converts the bytes from `*taken` on; 0, or errno where it stopped before their end.
static inline int lake_iconv(void *handle, void *bytes, size_t count, long *taken, void *out, size_t room,
                             long *written) {
  char *from = (char *)bytes + *taken, *to = (char *)out + *written;
  size_t left = count - (size_t)*taken, free = room - (size_t)*written;
  size_t result = iconv((iconv_t)handle, &from, &left, &to, &free);
  *taken = from - (char *)bytes;
  *written = to - (char *)out;
  return result == (size_t)-1 ? errno : 0;
}
#endif
