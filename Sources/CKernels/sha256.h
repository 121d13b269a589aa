// One block of SHA-256 by the processor's own instructions.
#ifndef LAKE_SHA256_H
#define LAKE_SHA256_H

#if defined(__x86_64__)
#include <cpuid.h>

typedef int lake_v4 __attribute__((vector_size(16)));
typedef int lake_v4_unaligned __attribute__((vector_size(16), aligned(1)));
typedef char lake_b16 __attribute__((vector_size(16)));

static inline int lake_has_sha256(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 29);
}

/// Four words of the message.
#define LAKE_SHA_WORDS(i) lake_sha256_words(bytes + 16 * (i))
/// Four rounds.
#define LAKE_SHA_ROUNDS(i, words)                             \
  sum = words + *(const lake_v4 *)(constants + 4 * (i));      \
  second = __builtin_ia32_sha256rnds2(second, first, sum);    \
  sum = __builtin_shufflevector(sum, sum, 2, 3, 0, 0);        \
  first = __builtin_ia32_sha256rnds2(first, second, sum);
/// The next four words in place of those 16 back, and their rounds.
#define LAKE_SHA_STEP(i, a, b, c, d)                                                  \
  a = __builtin_ia32_sha256msg1(a, b) + __builtin_shufflevector(c, d, 1, 2, 3, 4);    \
  a = __builtin_ia32_sha256msg2(a, d);                                                \
  LAKE_SHA_ROUNDS(i, a)

__attribute__((target("ssse3"))) static inline lake_v4 lake_sha256_words(
    const unsigned char *bytes) {
  const lake_b16 part = (lake_b16) * (const lake_v4_unaligned *)bytes;
  return (lake_v4)__builtin_shufflevector(
      part, part, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

#define LAKE_SHA __attribute__((target("sha,sse4.1,ssse3")))

/// Takes 64 bytes into the two halves of the state: f e b a and h g d c by the letters of FIPS 180-4,
/// section 6.2.2.
LAKE_SHA __attribute__((always_inline)) static inline void lake_sha256_block(
    lake_v4 *first_half, lake_v4 *second_half, const unsigned char *bytes) {
  static const unsigned constants[64] __attribute__((aligned(16))) = {
      0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
      0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
      0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
      0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
      0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
      0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
      0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
      0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2};
  const lake_v4 first_before = *first_half, second_before = *second_half;
  lake_v4 first = first_before, second = second_before, sum;
  // Written out: the schedule of the words must stay just before the rounds that need it.
  lake_v4 w0 = LAKE_SHA_WORDS(0), w1 = LAKE_SHA_WORDS(1), w2 = LAKE_SHA_WORDS(2), w3 = LAKE_SHA_WORDS(3);
  LAKE_SHA_ROUNDS(0, w0)
  LAKE_SHA_ROUNDS(1, w1)
  LAKE_SHA_ROUNDS(2, w2)
  LAKE_SHA_ROUNDS(3, w3)
  LAKE_SHA_STEP(4, w0, w1, w2, w3)
  LAKE_SHA_STEP(5, w1, w2, w3, w0)
  LAKE_SHA_STEP(6, w2, w3, w0, w1)
  LAKE_SHA_STEP(7, w3, w0, w1, w2)
  LAKE_SHA_STEP(8, w0, w1, w2, w3)
  LAKE_SHA_STEP(9, w1, w2, w3, w0)
  LAKE_SHA_STEP(10, w2, w3, w0, w1)
  LAKE_SHA_STEP(11, w3, w0, w1, w2)
  LAKE_SHA_STEP(12, w0, w1, w2, w3)
  LAKE_SHA_STEP(13, w1, w2, w3, w0)
  LAKE_SHA_STEP(14, w2, w3, w0, w1)
  LAKE_SHA_STEP(15, w3, w0, w1, w2)
  *first_half = first + first_before;
  *second_half = second + second_before;
}

/// Takes `count` blocks of 64 bytes into `state`: the two halves of it, one after the other.
LAKE_SHA static inline void lake_sha256_blocks(
    unsigned *state, const unsigned char *bytes, long count) {
  lake_v4 first = *(const lake_v4 *)state, second = *(const lake_v4 *)(state + 4);
  for (long block = 0; block < count; block++) lake_sha256_block(&first, &second, bytes + 64 * block);
  *(lake_v4 *)state = first;
  *(lake_v4 *)(state + 4) = second;
}
#undef LAKE_SHA_WORDS
#undef LAKE_SHA_ROUNDS
#undef LAKE_SHA_STEP
#else
static inline int lake_has_sha256(void) { return 0; }
static inline void lake_sha256_blocks(unsigned *state, const unsigned char *bytes, long count) {}
#endif
#endif
