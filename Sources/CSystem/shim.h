// What Glibc's Swift module does not export: allocator tuning, renameat2, processor affinity,
// variadic calls. No feature macros here: they would change the system headers' declarations
// against the Glibc module's.
#ifndef LAKE_CSYSTEM_H
#define LAKE_CSYSTEM_H
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

extern long syscall(long number, ...);

static inline int lake_mallopt(int param, int value) { return mallopt(param, value); }
static inline int lake_errno(void) { return errno; }
/// Whether the process's address space has a limit.
static inline int lake_has_memory_limit(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}
static inline int lake_rename_noreplace(const char *from, const char *to) {
  long result;
  do result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1 /* RENAME_NOREPLACE */);
  while (result == -1 && errno == EINTR);
  return (int)result;
}
/// Columns and rows of the terminal behind `fd`; 0 where it is none.
static inline int lake_terminal_columns(int fd) {
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}
/// Processors that this process may run on; 1 where the system does not say.
static inline int lake_processor_count(void) {
  unsigned long set[128] = {0};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof set, set);
  int count = 0;
  for (long word = 0; word < bytes / (long)sizeof(long); word++)
    count += __builtin_popcountl(set[word]);
  return count < 1 ? 1 : count;
}
#endif
