// Loops over 64-bit numbers, eight at a time. Only where `lake_has_wide_words`: what calls them has the
// same loop in Swift for other processors, and both are tested to agree.
#ifndef LAKE_KERNELS_H
#define LAKE_KERNELS_H

#if defined(__x86_64__)
typedef unsigned long long lake_v8 __attribute__((vector_size(64)));
typedef unsigned long long lake_v8_unaligned __attribute__((vector_size(64), aligned(8)));
typedef unsigned char lake_b8_unaligned __attribute__((vector_size(8), aligned(1)));
typedef long long lake_s8 __attribute__((vector_size(64)));
typedef long long lake_s8_unaligned __attribute__((vector_size(64), aligned(8)));
#define LAKE_WIDE __attribute__((target("avx512f,avx512dq"))) static inline

static inline int lake_has_wide_words(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
}

/// Finalises the row hashes of `count` rows (a multiple of eight), two words a row, and adds their sum to
/// the 128-bit number in `total`: what `RowHash.finalised` does, eight rows at a time.
#define LAKE_MURMUR(h)        \
  h ^= h >> 33;               \
  h *= 0xFF51AFD7ED558CCDull; \
  h ^= h >> 33;               \
  h *= 0xC4CEB9FE1A85EC53ull; \
  h ^= h >> 33;

/// The sum of row hashes so far: 128-bit numbers in eight lanes.
struct lake_hash_sum {
  lake_v8 low, high, carries;
};

LAKE_WIDE void lake_finalise_eight(lake_v8 low, lake_v8 high, struct lake_hash_sum *sum) {
  low += 0x9E3779B97F4A7C15ull;
  LAKE_MURMUR(low)
  high ^= low << 32 | low >> 32;
  LAKE_MURMUR(high)
  lake_v8 again = high;
  LAKE_MURMUR(again)
  low += again;
  sum->low += low;
  sum->high += high;
  sum->carries -= (lake_v8)(sum->low < low);
}

LAKE_WIDE void lake_add_lanes(const struct lake_hash_sum *sum, unsigned long long *total) {
  for (int lane = 0; lane < 8; lane++) {
    total[0] += sum->low[lane];
    total[1] += sum->high[lane] + sum->carries[lane] + (total[0] < sum->low[lane]);
  }
}

LAKE_WIDE void lake_finalise_rows(
    const unsigned long long *sums, long count, unsigned long long *total) {
  struct lake_hash_sum sum = {{0}, {0}, {0}};
  for (long row = 0; row < count; row += 8) {
    const lake_v8 first = *(const lake_v8_unaligned *)(sums + 2 * row);
    const lake_v8 second = *(const lake_v8_unaligned *)(sums + 2 * row + 8);
    lake_finalise_eight(
        __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14),
        __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15), &sum);
  }
  lake_add_lanes(&sum, total);
}

/// As `lake_finalise_rows`, of sums whose low and high words lie apart.
LAKE_WIDE void lake_finalise_split_rows(
    const unsigned long long *lows, const unsigned long long *highs, long count,
    unsigned long long *total) {
  struct lake_hash_sum sum = {{0}, {0}, {0}};
  for (long row = 0; row < count; row += 8) {
    lake_finalise_eight(
        *(const lake_v8_unaligned *)(lows + row), *(const lake_v8_unaligned *)(highs + row), &sum);
  }
  lake_add_lanes(&sum, total);
}
#undef LAKE_MURMUR

/// Eight 128-bit products, from four 32-bit ones each.
LAKE_WIDE void lake_multiply_wide(lake_v8 a, lake_v8 b, lake_v8 *low, lake_v8 *high) {
  const lake_v8 mask = (lake_v8){0} + 0xFFFFFFFFull;
  const lake_v8 a_low = a & mask, a_high = a >> 32, b_low = b & mask, b_high = b >> 32;
  const lake_v8 bottom = a_low * b_low, top = a_high * b_high;
  const lake_v8 middle = a_high * b_low + (bottom >> 32);
  const lake_v8 other = a_low * b_high + (middle & mask);
  *low = other << 32 | (bottom & mask);
  *high = top + (middle >> 32) + (other >> 32);
}

/// Adds the mixes of a column's `count` values (a multiple of eight) to the sums of their rows: what
/// `RowHash.add` does, eight rows at a time.
///
/// `validity` has a byte a row, 0 where the value is null and adds nothing, else 1; or it is null.
LAKE_WIDE void lake_mix_rows(
    const long long *values, const unsigned char *validity, long count,
    const unsigned long long *keys, unsigned long long *lows, unsigned long long *highs) {
  const lake_v8 zero = {0}, k0 = zero + keys[0], k1 = zero + keys[1], k2 = zero + keys[2];
  for (long row = 0; row < count; row += 8) {
    const lake_v8 t = *(const lake_v8_unaligned *)(values + row) + k0;
    lake_v8 low, high;
    lake_multiply_wide(t, k1, &low, &high);
    lake_multiply_wide(low ^ high, k2, &low, &high);
    low += t;
    high -= (lake_v8)(low < t);
    if (validity) {
      const lake_v8 mask =
          zero - __builtin_convertvector(*(const lake_b8_unaligned *)(validity + row), lake_v8);
      low &= mask;
      high &= mask;
    }
    lake_v8 sum = *(const lake_v8_unaligned *)(lows + row) + low;
    *(lake_v8_unaligned *)(lows + row) = sum;
    *(lake_v8_unaligned *)(highs + row) += high - (lake_v8)(sum < low);
  }
}

/// The least and the greatest of `count` signed numbers, at least eight.
LAKE_WIDE void lake_bounds(const long long *values, long count, long long *bounds) {
  lake_s8 least = *(const lake_s8_unaligned *)values, greatest = least;
  for (long at = 8; at < count; at += 8) {
    // The last step goes over some values again.
    const lake_s8 next = *(const lake_s8_unaligned *)(values + (at + 8 <= count ? at : count - 8));
    least = __builtin_elementwise_min(least, next);
    greatest = __builtin_elementwise_max(greatest, next);
  }
  bounds[0] = least[0];
  bounds[1] = greatest[0];
  for (int lane = 1; lane < 8; lane++) {
    if (least[lane] < bounds[0]) bounds[0] = least[lane];
    if (greatest[lane] > bounds[1]) bounds[1] = greatest[lane];
  }
}

/// The differences of `count` + 1 neighbours, wrapping; returns the least of them. `count` is a multiple
/// of eight, at least eight.
LAKE_WIDE long long lake_differences(
    const long long *values, long count, unsigned long long *differences) {
  lake_s8 least = {0};
  least += 0x7FFFFFFFFFFFFFFFll;
  for (long at = 0; at < count; at += 8) {
    const lake_v8 before = *(const lake_v8_unaligned *)(values + at);
    const lake_v8 after = *(const lake_v8_unaligned *)(values + at + 1);
    const lake_s8 difference = (lake_s8)(after - before);
    *(lake_v8_unaligned *)(differences + at) = (lake_v8)difference;
    least = __builtin_elementwise_min(least, difference);
  }
  long long result = least[0];
  for (int lane = 1; lane < 8; lane++) result = least[lane] < result ? least[lane] : result;
  return result;
}
#else
static inline int lake_has_wide_words(void) { return 0; }
static inline void lake_finalise_rows(
    const unsigned long long *sums, long count, unsigned long long *total) {}
static inline void lake_finalise_split_rows(
    const unsigned long long *lows, const unsigned long long *highs, long count,
    unsigned long long *total) {}
static inline void lake_mix_rows(
    const long long *values, const unsigned char *validity, long count,
    const unsigned long long *keys, unsigned long long *lows, unsigned long long *highs) {}
static inline void lake_bounds(const long long *values, long count, long long *bounds) {}
static inline long long lake_differences(
    const long long *values, long count, unsigned long long *differences) { return 0; }
#endif
#endif
