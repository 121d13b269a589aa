import Columnar

/// The rows of one column in memory, in the form that `Column` has.
public struct ColumnSource {
  /// The values, in the caller's memory.
  public enum Values {
    case integers(UnsafePointer<Int64>)
    case wide(UnsafePointer<Int128>)
    case doubles(UnsafePointer<Double>)
    /// Row `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
    case bytes(offsets: UnsafePointer<Int32>, bytes: UnsafePointer<UInt8>)
    /// Row `i` is entry `codes[i]` of the dictionary. A null row's code means nothing, but must be
    /// one of the dictionary (or 0).
    case codes(UnsafePointer<Int32>, dictionary: ByteColumn)
    /// No row has a value.
    case allNull
  }

  /// The values, which must stay where they are while they are encoded.
  public var values: Values
  /// One byte a row: 1 where there is a value, 0 where it is null. nil when no row is null.
  public var validity: UnsafePointer<UInt8>?
  /// Where runs of equal values begin that integers or codes without nulls consist of, each other than
  /// the one before it: then no value but the first of each is looked at. nil where it is not known.
  /// Only for columns that `mayHaveRuns`, and no more than `ValueRuns.countMax`.
  public var runStarts: [Int]?

  /// The rows of a column.
  public init(
    _ values: Values, validity: UnsafePointer<UInt8>? = nil, runStarts: [Int]? = nil
  ) {
    self.values = values
    self.validity = validity
    self.runStarts = runStarts
  }
}

extension Column {
  /// Calls `body` with the rows `rows` as a source; the pointers are valid during the call.
  func withSource<R>(
    rows: Range<Int>, _ body: (ColumnSource) throws(ParquetError) -> R
  ) throws(ParquetError) -> R {
    let result: Result<R, ParquetError>
    if let validity {
      result = validity.withUnsafeBufferPointer { validity in
        withValues(rows, validity.baseAddress.map { $0 + rows.lowerBound }, body)
      }
    } else {
      result = withValues(rows, nil, body)
    }
    return try result.get()
  }

  private func withValues<R>(
    _ rows: Range<Int>, _ validity: UnsafePointer<UInt8>?,
    _ body: (ColumnSource) throws(ParquetError) -> R
  ) -> Result<R, ParquetError> {
    func call(_ values: ColumnSource.Values?) -> Result<R, ParquetError> {
      Result { () throws(ParquetError) -> R in
        try body(ColumnSource(values ?? .allNull, validity: validity))
      }
    }
    let first = rows.lowerBound
    switch storage {
    case .integers(let values):
      return values.withUnsafeBufferPointer { call($0.baseAddress.map { .integers($0 + first) }) }
    case .wide(let values):
      return values.withUnsafeBufferPointer { call($0.baseAddress.map { .wide($0 + first) }) }
    case .doubles(let values):
      return values.withUnsafeBufferPointer { call($0.baseAddress.map { .doubles($0 + first) }) }
    case .codes(let codes, let dictionary):
      return codes.withUnsafeBufferPointer {
        call($0.baseAddress.map { .codes($0 + first, dictionary: dictionary) })
      }
    case .bytes(let column):
      return column.offsets.withUnsafeBufferPointer { offsets in
        column.bytes.withUnsafeBufferPointer { bytes in
          // Empty strings need no bytes, but a pointer all the same.
          var none: UInt8 = 0
          return withUnsafePointer(to: &none) { nothing in
            call(
              offsets.baseAddress.map {
                .bytes(offsets: $0 + first, bytes: bytes.baseAddress ?? nothing)
              })
          }
        }
      }
    }
  }
}
