// Asking for memory before it is needed.
#ifndef LAKE_PREFETCH_H
#define LAKE_PREFETCH_H

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
#endif
