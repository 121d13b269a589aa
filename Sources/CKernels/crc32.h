// CRC-32 by carry-less multiplication.
#ifndef LAKE_CRC32_H
#define LAKE_CRC32_H

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
