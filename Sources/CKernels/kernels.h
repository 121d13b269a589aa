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

#undef LAKE_MURMUR

/// `high`, and one more where a sum's low word came out less than what was added to it.
LAKE_WIDE lake_v8 lake_carry(lake_v8 high, lake_v8 sum, lake_v8 added) {
  const unsigned char less = __builtin_ia32_ucmpq512_mask((lake_s8)sum, (lake_s8)added, 1, (unsigned char)-1);
  return (lake_v8)__builtin_ia32_selectq_512(less, (lake_s8)(high + 1), (lake_s8)high);
}

/// The high words of eight 128-bit products, from four 32-bit products each; `b_high` is `b >> 32`.
LAKE_WIDE lake_v8 lake_multiply_high(lake_v8 a, lake_v8 b, lake_v8 b_high) {
  const lake_v8 mask = (lake_v8){0} + 0xFFFFFFFFull;
  // Masked though it need not be: then the compiler takes the quicker instruction.
  b_high &= mask;
  const lake_v8 a_low = a & mask, a_high = a >> 32, b_low = b & mask;
  const lake_v8 middle = a_high * b_low + ((a_low * b_low) >> 32);
  const lake_v8 other = a_low * b_high + (middle & mask);
  return a_high * b_high + (middle >> 32) + (other >> 32);
}

/// Quotients and remainders by 1000 of `count` numbers (a multiple of eight). Returns 0 where one of them
/// is negative: then they are not right.
LAKE_WIDE int lake_split_thousands(
    const long long *values, long count, long long *quotients, long long *remainders) {
  const lake_v8 inverse = (lake_v8){0} + 0x20C49BA5E353F7CFull;
  lake_v8 all = {0};
  for (long row = 0; row < count; row += 8) {
    const lake_v8 value = *(const lake_v8_unaligned *)(values + row);
    // Granlund and Montgomery, "Division by Invariant Integers using Multiplication": by 125, of an eighth.
    const lake_v8 quotient = lake_multiply_high(value >> 3, inverse, inverse >> 32) >> 4;
    *(lake_v8_unaligned *)(quotients + row) = quotient;
    *(lake_v8_unaligned *)(remainders + row) = value - quotient * 1000;
    all |= value;
  }
  unsigned long long any = 0;
  for (int lane = 0; lane < 8; lane++) any |= all[lane];
  return any >> 63 == 0;
}

/// A column whose values go into the hashes of their rows: what `RowHash.add` needs.
struct lake_hashed_column {
  const long long *values;
  /// A byte a row, 0 where the value is null and adds nothing, else 1; or null.
  const unsigned char *validity;
  unsigned long long k0, k1, k2;
  /// `k1 >> 32` and `k2 >> 32`.
  unsigned long long k1_high, k2_high;
};

/// Hashes `count` rows (a multiple of eight), eight at a time: the sum of each row's mixes begins with the
/// 128-bit number `start`; the sum of the hashes is added to the one in `total`.
LAKE_WIDE void lake_hash_rows(
    const struct lake_hashed_column *columns, long column_count, const unsigned long long *start,
    long count, unsigned long long *total) {
  const lake_v8 zero = {0}, start_low = zero + start[0], start_high = zero + start[1];
  struct lake_hash_sum sum = {{0}, {0}, {0}};
  for (long row = 0; row < count; row += 8) {
    lake_v8 row_low = start_low, row_high = start_high;
    for (const struct lake_hashed_column *column = columns; column < columns + column_count; column++) {
      const lake_v8 k1 = zero + column->k1, k2 = zero + column->k2;
      const lake_v8 t = *(const lake_v8_unaligned *)(column->values + row) + column->k0;
      const lake_v8 u = t * k1 ^ lake_multiply_high(t, k1, zero + column->k1_high);
      lake_v8 low = u * k2 + t;
      lake_v8 high = lake_multiply_high(u, k2, zero + column->k2_high);
      high = lake_carry(high, low, t);
      if (column->validity) {
        const lake_v8 mask =
            zero - __builtin_convertvector(*(const lake_b8_unaligned *)(column->validity + row), lake_v8);
        low &= mask;
        high &= mask;
      }
      row_low += low;
      row_high += high;
      row_high = lake_carry(row_high, row_low, low);
    }
    lake_finalise_eight(row_low, row_high, &sum);
  }
  lake_add_lanes(&sum, total);
}

/// The rules of a window of eight-byte fields: see `lake_screen_rows`.
struct lake_screen {
  lake_v8 alike, clear, left, right, order, whole;
};

/// Adds to `seen` the bits in which a row breaks a rule.
LAKE_WIDE lake_v8 lake_screen_row(
    const unsigned char *row, unsigned char lanes, const struct lake_screen *rules, lake_v8 seen) {
  // A multiple of 8 * 125, times the inverse of 125, is its quotient by 125: small, and with no low bits.
  const lake_v8 limit = (lake_v8){0} + 0xFFFFFFFFFFFFFFFFull / 1000;
  const lake_v8 v =
      (lake_v8)__builtin_ia32_loaddqudi512_mask((const long long *)row, (lake_s8){0}, lanes);
  lake_v8 quotient = v * 0x1CAC083126E978D5ull;
  quotient = quotient >> 3 | quotient << 61;
  const lake_v8 above = (lake_v8)__builtin_ia32_permvardi512((lake_s8)v, (lake_s8)rules->left);
  const lake_v8 below = (lake_v8)__builtin_ia32_permvardi512((lake_s8)v, (lake_s8)rules->right);
  return seen | ((v ^ v << 1) & rules->alike) | (v & rules->clear) | ((above - below) & rules->order) |
         ((lake_v8)(quotient > limit) & rules->whole);
}

LAKE_WIDE struct lake_screen lake_screen_rules(const unsigned long long *rules) {
  const lake_v8_unaligned *rule = (const lake_v8_unaligned *)rules;
  return (struct lake_screen){rule[0], rule[1], rule[2], rule[3], rule[4], rule[5]};
}

LAKE_WIDE int lake_is_any(lake_v8 words) {
  unsigned long long all = 0;
  for (int lane = 0; lane < 8; lane++) all |= words[lane];
  return all != 0;
}

/// Whether one of `count` rows might break one of the rules of a window of its eight-byte fields.
///
/// `lanes` has a bit for each of the eight fields that a row has there. `rules` holds eight words each:
/// bits that must equal the one below them; bits that must be 0; the places of two fields to compare;
/// the sign bit where the second may not be greater; all bits where a field must be a multiple of 1000.
LAKE_WIDE int lake_screen_rows(
    const unsigned char *base, long stride, long count, unsigned lanes,
    const unsigned long long *rules) {
  const struct lake_screen screen = lake_screen_rules(rules);
  lake_v8 seen = {0};
  for (long row = 0; row < count; row++)
    seen = lake_screen_row(base + row * stride, (unsigned char)lanes, &screen, seen);
  return lake_is_any(seen);
}

LAKE_WIDE void lake_transpose_eight(lake_v8 *r) {
#define LAKE_PAIRS(to, from, low, high)                                              \
  to[low] = __builtin_shufflevector(from[low], from[high], 0, 8, 2, 10, 4, 12, 6, 14); \
  to[high] = __builtin_shufflevector(from[low], from[high], 1, 9, 3, 11, 5, 13, 7, 15);
#define LAKE_FOURS(to, from, low, high)                                              \
  to[low] = __builtin_shufflevector(from[low], from[high], 0, 1, 8, 9, 4, 5, 12, 13);  \
  to[high] = __builtin_shufflevector(from[low], from[high], 2, 3, 10, 11, 6, 7, 14, 15);
#define LAKE_HALVES(to, from, low, high)                                             \
  to[low] = __builtin_shufflevector(from[low], from[high], 0, 1, 2, 3, 8, 9, 10, 11);  \
  to[high] = __builtin_shufflevector(from[low], from[high], 4, 5, 6, 7, 12, 13, 14, 15);
  lake_v8 a[8], b[8];
  LAKE_PAIRS(a, r, 0, 1)
  LAKE_PAIRS(a, r, 2, 3)
  LAKE_PAIRS(a, r, 4, 5)
  LAKE_PAIRS(a, r, 6, 7)
  LAKE_FOURS(b, a, 0, 2)
  LAKE_FOURS(b, a, 1, 3)
  LAKE_FOURS(b, a, 4, 6)
  LAKE_FOURS(b, a, 5, 7)
  LAKE_HALVES(r, b, 0, 4)
  LAKE_HALVES(r, b, 1, 5)
  LAKE_HALVES(r, b, 2, 6)
  LAKE_HALVES(r, b, 3, 7)
#undef LAKE_PAIRS
#undef LAKE_FOURS
#undef LAKE_HALVES
}

LAKE_WIDE lake_v8 lake_load_lanes(const unsigned char *words, unsigned char lanes) {
  return (lake_v8)__builtin_ia32_loaddqudi512_mask((const long long *)words, (lake_s8){0}, lanes);
}

/// Turns `count` rows of `words` eight-byte words, at most 32, that lie `stride` bytes apart into columns of
/// words. The memory of each is as long as `count` rounded up to eight.
///
/// `varying` gets, for each word, the bits in which some row differs from the first. Returns a bit for each
/// word, set where some row has the word's sentinel.
LAKE_WIDE unsigned lake_turn_rows(
    const unsigned char *base, long stride, long words, long count, unsigned long long *const *columns,
    const unsigned long long *sentinels, unsigned long long *varying) {
  unsigned hits = 0;
  for (long word = 0; word < words; word += 8) {
    const long lanes = words - word < 8 ? words - word : 8;
    const unsigned char mask = (unsigned char)((1 << lanes) - 1);
    const unsigned char *fields = base + 8 * word;
    const lake_v8 first = lake_load_lanes(fields, mask);
    const lake_v8 sentinel = lake_load_lanes((const unsigned char *)(sentinels + word), mask);
    lake_v8 different = {0};
    lake_s8 missing = {0};
    for (long row = 0; row < count; row += 8) {
      lake_v8 r[8];
      // The loops are unrolled, so that all eight words stay in registers.
#pragma clang loop unroll(full)
      for (long lane = 0; lane < 8; lane++) {
        // What is beyond the last row is not looked at.
        r[lane] = lake_load_lanes(fields + (row + lane < count ? row + lane : count - 1) * stride, mask);
        different |= r[lane] ^ first;
        missing |= r[lane] == sentinel;
      }
      lake_transpose_eight(r);
#pragma clang loop unroll(full)
      for (long lane = 0; lane < 8; lane++)
        if (lane < lanes) *(lake_v8_unaligned *)(columns[word + lane] + row) = r[lane];
    }
    for (long lane = 0; lane < lanes; lane++) {
      varying[word + lane] = different[lane];
      if (missing[lane]) hits |= 1u << (word + lane);
    }
  }
  return hits;
}

/// The `bits` above the lowest `shift` ones of `count` words, as 64-bit numbers. The memory of both is
/// as long as `count` rounded up to eight.
///
/// Returns whether one of them is `sentinel`, after it has been extended.
LAKE_WIDE int lake_cut_words(
    const unsigned long long *words, long count, int shift, int bits, int is_signed,
    long long sentinel, long long *out) {
  const int up = 64 - shift - bits, down = 64 - bits;
  const lake_s8 missing = (lake_s8){0} + sentinel;
  lake_s8 hits = {0};
  long row = 0;
  for (; row + 8 <= count; row += 8) {
    const lake_v8 word = *(const lake_v8_unaligned *)(words + row) << up;
    const lake_s8 value = is_signed ? (lake_s8)word >> down : (lake_s8)(word >> down);
    *(lake_s8_unaligned *)(out + row) = value;
    hits |= value == missing;
  }
  long long any = 0;
  for (int lane = 0; lane < 8; lane++) any |= hits[lane];
  for (; row < count; row++) {
    const unsigned long long word = words[row] << up;
    out[row] = is_signed ? (long long)word >> down : (long long)(word >> down);
    any |= out[row] == sentinel;
  }
  return any != 0;
}

/// Four bytes at `shift` of `count` words. The memory of both is as long as `count` rounded up to eight.
///
/// Returns how many of them are `sentinel`.
LAKE_WIDE long lake_cut_codes(
    const unsigned long long *words, long count, int shift, int sentinel, int *out) {
  typedef int lake_i8 __attribute__((vector_size(32)));
  typedef int lake_i8_unaligned __attribute__((vector_size(32), aligned(4)));
  const lake_i8 missing = (lake_i8){0} + sentinel;
  lake_i8 hits = {0};
  long row = 0;
  for (; row + 8 <= count; row += 8) {
    const lake_v8 word = *(const lake_v8_unaligned *)(words + row) >> shift;
    const lake_i8 code = __builtin_convertvector(word, lake_i8);
    *(lake_i8_unaligned *)(out + row) = code;
    hits -= code == missing;
  }
  long sum = 0;
  for (int lane = 0; lane < 8; lane++) sum += hits[lane];
  for (; row < count; row++) {
    out[row] = (int)(words[row] >> shift);
    sum += out[row] == sentinel;
  }
  return sum;
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
struct lake_hashed_column {
  const long long *values;
  const unsigned char *validity;
  unsigned long long k0, k1, k2;
  unsigned long long k1_high, k2_high;
};
static inline void lake_hash_rows(
    const struct lake_hashed_column *columns, long column_count, const unsigned long long *start,
    long count, unsigned long long *total) {}
static inline unsigned lake_turn_rows(
    const unsigned char *base, long stride, long words, long count, unsigned long long *const *columns,
    const unsigned long long *sentinels, unsigned long long *varying) { return 0; }
static inline int lake_cut_words(
    const unsigned long long *words, long count, int shift, int bits, int is_signed,
    long long sentinel, long long *out) { return 1; }
static inline long lake_cut_codes(
    const unsigned long long *words, long count, int shift, int sentinel, int *out) { return 0; }
static inline int lake_split_thousands(
    const long long *values, long count, long long *quotients, long long *remainders) { return 0; }
static inline int lake_screen_rows(
    const unsigned char *base, long stride, long count, unsigned lanes,
    const unsigned long long *rules) { return 1; }
static inline void lake_bounds(const long long *values, long count, long long *bounds) {}
static inline long long lake_differences(
    const long long *values, long count, unsigned long long *differences) { return 0; }
#endif
#endif
