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
/// Asks for the cache line at an address that will be read, or written, shortly.
static inline void lake_prefetch_read(const void *address) { __builtin_prefetch(address, 0, 2); }
#if defined(__x86_64__)
// Written out: without -mprfchw the compiler takes the instruction for reading, after which a line that
// another processor has read must still be asked for. Processors that lack it pass over it.
static inline void lake_prefetch_write(void *address) {
  __asm__ volatile("prefetchw %0" : : "m"(*(char *)address));
}
#else
static inline void lake_prefetch_write(void *address) { __builtin_prefetch(address, 1, 3); }
#endif

/// Folds `count` bytes (a multiple of 64, at least 64) into 16 whose CRC-32 from state 0 is that of
/// all of them from `state`, by carry-less multiplication. Only where `lake_has_crc_folding`.
///
/// Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction".
#if defined(__x86_64__)
typedef long long lake_v2 __attribute__((vector_size(16)));
typedef long long lake_v2_unaligned __attribute__((vector_size(16), aligned(1)));

static inline int lake_has_crc_folding(void) { return __builtin_cpu_supports("pclmul"); }

__attribute__((target("pclmul"))) static inline void lake_crc_fold(
    const unsigned char *bytes, long count, unsigned state, unsigned char *folded) {
  const lake_v2 by64 = {0x0154442bd4, 0x01c6e41596};
  const lake_v2 by16 = {0x01751997d0, 0x00ccaa009e};
  lake_v2 lane[4];
  for (int i = 0; i < 4; i++) lane[i] = *(const lake_v2_unaligned *)(bytes + 16 * i);
  lane[0] ^= (lake_v2){(long long)state, 0};
  for (long at = 64; at < count; at += 64) {
    for (int i = 0; i < 4; i++) {
      lake_v2 low = __builtin_ia32_pclmulqdq128(lane[i], by64, 0x00);
      lake_v2 high = __builtin_ia32_pclmulqdq128(lane[i], by64, 0x11);
      lane[i] = low ^ high ^ *(const lake_v2_unaligned *)(bytes + at + 16 * i);
    }
  }
  lake_v2 sum = lane[0];
  for (int i = 1; i < 4; i++) {
    lake_v2 low = __builtin_ia32_pclmulqdq128(sum, by16, 0x00);
    lake_v2 high = __builtin_ia32_pclmulqdq128(sum, by16, 0x11);
    sum = low ^ high ^ lane[i];
  }
  *(lake_v2_unaligned *)folded = sum;
}
#else
static inline int lake_has_crc_folding(void) { return 0; }
static inline void lake_crc_fold(
    const unsigned char *bytes, long count, unsigned state, unsigned char *folded) {}
#endif
#endif
