import Columnar

/// The rows of one column in memory, in the same form as in `Column`.
public struct ColumnSource {
  /// The values, in the caller's memory.
  public enum Values {
    case integers(UnsafePointer<Int64>)
    case wide(UnsafePointer<Int128>)
    case doubles(UnsafePointer<Double>)
    /// Row `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
    case bytes(offsets: UnsafePointer<Int32>, bytes: UnsafePointer<UInt8>)
    /// Row `i` is entry `codes[i]` of the dictionary. A null row's code is ignored, but must be valid (or 0).
    case codes(UnsafePointer<Int32>, dictionary: ByteColumn)
    /// All rows are null.
    case allNull
  }

  /// The values, whose memory must stay valid while they are encoded.
  public var values: Values
  /// One byte per row: 1 for a value, 0 for a null. nil if no row is null.
  public var validity: UnsafePointer<UInt8>?
  /// First rows of the runs of equal values, for integers or codes without nulls; consecutive runs differ. Then
  /// only the first value of each run is read. nil if unknown. Only for columns with `mayHaveRuns`, and at most
  /// `ValueRuns.countMax` runs.
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
          // Empty strings have no bytes, but need a pointer.
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
