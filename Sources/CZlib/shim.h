#include <zlib.h>
// Macros that carry sizeof are not imported.
static inline int lake_inflateInit2(z_stream *s, int bits) { return inflateInit2(s, bits); }
static inline int lake_deflateInit2(z_stream *s, int level, int bits) {
  return deflateInit2(s, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
}
