// The loop that sends records to the rows of their symbols.
#ifndef LAKE_ROUTING_H
#define LAKE_ROUTING_H

#include <string.h>

#include "prefetch.h"

/// What the rows of one symbol and date are, as far as the loop must know it.
struct lake_symbol_head {
  /// Where the next row goes, and for how many rows there is room.
  unsigned char *next;
  long room;
  long row_count;
  /// The greatest index timestamp so far, and the greatest sequence of a row with it.
  long long last_index;
  unsigned long long last_sequence;
  /// The symbol's code among the source's texts.
  unsigned code;
  /// Two rows share an index timestamp.
  unsigned char has_equal_index;
};

/// An instrument's place among the symbols of the current date: an entry of a hash table.
struct lake_instrument {
  unsigned id;
  unsigned slot;
  /// The code of the symbol that it was asked for by.
  unsigned requested;
  unsigned char is_used;
};

/// The first slot to look for an instrument in.
static inline unsigned lake_instrument_slot(unsigned id, unsigned mask) {
  return (id * 0x9E3779B1u >> 16) & mask;
}

/// How records become rows, and where they go.
struct lake_routing {
  long record_byte_count, row_byte_count;
  /// Where a record has its index timestamp and its sequence, of 0, 2, 4 or 8 bytes.
  long index_offset, sequence_offset, sequence_byte_count;
  /// Whether a row ends with its record's place in the source.
  int has_ordinal;
  /// Whether records must come by time, then instrument, then publisher.
  int watches_order;
  /// Rows at which a symbol has a full row group.
  long full_row_count;
  /// The index timestamps of the current date.
  unsigned long long day_start, day_end;
  struct lake_instrument *instruments;
  unsigned instrument_mask;
  /// The symbols of the date; each begins with its head.
  unsigned char *symbols;
  long symbol_byte_count;
  /// The record before, where the order is watched.
  unsigned long long last_time, last_tie;
  /// The symbol whose row group became full, or -1.
  long full_slot;
};

#if defined(__x86_64__)
typedef unsigned long long lake_u2_unaligned __attribute__((vector_size(16), aligned(1)));
#endif

/// Copies a record, which has 16 bytes at least: the last step goes over some bytes again.
__attribute__((always_inline)) static inline void lake_copy_record(
    unsigned char *to, const unsigned char *from, long byte_count) {
#if defined(__x86_64__)
  for (long at = 0; at < byte_count; at += 16) {
    const long start = at + 16 <= byte_count ? at : byte_count - 16;
    *(lake_u2_unaligned *)(to + start) = *(const lake_u2_unaligned *)(from + start);
  }
#else
  memcpy(to, from, (size_t)byte_count);
#endif
}

static inline unsigned long long lake_load(const unsigned char *bytes, long byte_count) {
  unsigned long long word = 0;
  switch (byte_count) {
    case 2: memcpy(&word, bytes, 2); break;
    case 4: memcpy(&word, bytes, 4); break;
    case 8: memcpy(&word, bytes, 8); break;
    default: break;
  }
  return word;
}

/// Stores a record among the rows of its symbol, if nothing about it needs a closer look.
///
/// Returns whether it did.
__attribute__((always_inline)) static inline int lake_route_row(
    struct lake_routing *r, const unsigned char *record, long long ordinal) {
  const unsigned long long time = lake_load(record + r->index_offset, 8);
  if (time < r->day_start || time >= r->day_end) return 0;
  unsigned id;
  memcpy(&id, record + 4, 4);
  const unsigned long long tie = (unsigned long long)id << 16 | lake_load(record + 2, 2);
  if (r->watches_order && (time < r->last_time || (time == r->last_time && tie < r->last_tie))) return 0;
  unsigned at = lake_instrument_slot(id, r->instrument_mask);
  while (r->instruments[at].id != id && r->instruments[at].is_used) at = (at + 1) & r->instrument_mask;
  const struct lake_instrument *instrument = r->instruments + at;
  if (!instrument->is_used) return 0;
  struct lake_symbol_head *head =
      (struct lake_symbol_head *)(r->symbols + instrument->slot * r->symbol_byte_count);
  const long long index = (long long)time;
  const unsigned long long sequence = lake_load(record + r->sequence_offset, r->sequence_byte_count);
  if (head->room == 0) return 0;
  if (index <= head->last_index) {
    if (index < head->last_index || sequence < head->last_sequence) return 0;
    head->has_equal_index = 1;
  }
  head->last_index = index;
  head->last_sequence = sequence;
  unsigned char *place = head->next;
  head->next = place + r->row_byte_count;
  head->room--;
  // By the time of the symbol's next row its memory is there.
  lake_prefetch_write(place + 2 * r->row_byte_count);
  lake_copy_record(place, record, r->record_byte_count);
  unsigned char *rest = place + r->record_byte_count;
  memcpy(rest, &head->code, 4);
  memcpy(rest + 4, &instrument->requested, 4);
  if (r->has_ordinal) memcpy(rest + 8, &ordinal, 8);
  r->last_time = time;
  r->last_tie = tie;
  if (++head->row_count == r->full_row_count) r->full_slot = instrument->slot;
  return 1;
}

/// Stores records one after the other, until one needs a closer look, or until a row group is full.
///
/// `ordinal` is the first record's place in the source. Returns how many were stored.
static inline long lake_route_rows(
    struct lake_routing *r, const unsigned char *records, long count, long long ordinal) {
  // A copy: nothing that is written can change it, as far as the compiler knows.
  struct lake_routing routing = *r;
  routing.full_slot = -1;
  long row = 0;
  while (row < count && routing.full_slot < 0) {
    if (!lake_route_row(&routing, records + row * routing.record_byte_count, ordinal + row)) break;
    row++;
  }
  *r = routing;
  return row;
}
#endif
