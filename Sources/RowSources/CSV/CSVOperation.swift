/// What to do with one column of a CSV file, with all that the row loop needs at hand. Plain data:
/// the loop reaches it through a pointer.
struct CSVOperation {
  enum Kind: UInt8 {
    /// Decimals and integers of up to 64 bits.
    case number
    /// ISO times.
    case isoTime
    /// Whole epochs.
    case epochTime
    case text
    /// Everything else: read by the complete conversions.
    case general
    /// Not read.
    case skip
  }

  var kind = Kind.skip
  /// Bytes of the field in the row: 1, 2, 4, 8.
  var width: UInt8 = 8
  var nullMask: UInt8 = 0
  var nullOffset: Int = 0
  var offset: Int = 0
  /// Decimals of a number; those that the field keeps.
  var scale: Int = 0
  /// Range of the stored value.
  var low: Int64 = 0
  var high: Int64 = 0
  /// Where a null has to be refused.
  var isRequired = false

  /// For whole epochs: nanoseconds in a unit.
  var unit: Int64 = 1
  /// The first ten bytes of the last date, and the nanoseconds at its start.
  var dateWord: UInt64 = 0
  var dateRest: UInt16 = 0
  var dayStart: Int64 = 0
  /// Local seconds for which `zoneOffset` is known to be right.
  var zoneLow: Int64 = 0
  var zoneHigh: Int64 = 0
  var zoneOffset: Int64 = 0
  /// Smallest step that the table keeps, in nanoseconds.
  var step: Int64 = 1

  /// The last text (up to 8 bytes, zero-padded), and its code.
  var textWord: UInt64 = .max
  var textLength: Int = -1
  var textCode: UInt32 = 0
}

/// A short text whose code is known: an entry of a small table that forgets.
struct CSVKnownText {
  static let count = 512
  /// Leaves as many bits of a 64-bit product as `count` has.
  static let shift: UInt64 = 55

  /// The text, padded with zeros; 0 is no text.
  var key: UInt64
  var code: UInt32
}
