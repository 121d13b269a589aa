import Columnar

/// The rows of a future row group, and the files that they are read from.
struct GatheredRows {
  private(set) var runs: [MergeRun] = []
  private(set) var rowCount = 0
  /// By file: the rows between its first and its last one, all of which are taken.
  private(set) var ranges: [Int: Range<Int>] = [:]

  mutating func append(_ run: MergeRun) {
    if let last = runs.last, last.file == run.file, last.rows.upperBound == run.rows.lowerBound {
      runs[runs.count - 1].rows = last.rows.lowerBound..<run.rows.upperBound
    } else {
      runs.append(run)
    }
    rowCount += run.rows.count
    ranges[run.file] =
      ranges[run.file].map { $0.lowerBound..<run.rows.upperBound } ?? run.rows
  }

  mutating func removeAll() { self = GatheredRows() }
}

/// Reads columns of rows from several files, in merged order.
struct ColumnGather {
  private let readers: [SegmentReader]

  init(_ readers: [SegmentReader]) { self.readers = readers }

  /// A column of the rows; null for rows of files that lack it.
  func column(_ field: Field, _ rows: GatheredRows) throws -> Column {
    var parts: [Int: Column] = [:]
    for (file, range) in rows.ranges { parts[file] = try read(field, file, range) }
    if rows.runs.count == 1, let part = parts[rows.runs[0].file] { return part }
    var result = Column(type: field.type, storage: storage(field, parts.values))
    if case .bytes = result.storage { try requireMemory(parts, rows) }
    let isAnyNull = parts.values.contains { $0.validity != nil }
    var validity: [UInt8] = []
    if isAnyNull { validity.reserveCapacity(rows.rowCount) }
    var dictionaries = DictionaryUnion()
    for run in rows.runs {
      guard let part = parts[run.file], let range = rows.ranges[run.file] else { continue }
      let chosen =
        run.rows.lowerBound - range.lowerBound..<run.rows.upperBound - range.lowerBound
      Self.append(part, chosen, file: run.file, to: &result, &dictionaries, rows.rowCount)
      if isAnyNull {
        if let own = part.validity {
          validity.append(contentsOf: own[chosen])
        } else {
          validity.append(contentsOf: repeatElement(1, count: chosen.count))
        }
      }
    }
    if case .codes(let codes, _) = result.storage {
      result.storage = .codes(codes, dictionary: dictionaries.texts)
    }
    result.validity = isAnyNull ? validity : nil
    return result
  }

  /// Texts that are many bytes where each stands for itself: codes of one file next to texts of another.
  private static let textByteCountMax = 1 << 30

  private func requireMemory(_ parts: [Int: Column], _ rows: GatheredRows) throws {
    var byteCount = 0
    for part in parts.values {
      switch part.storage {
      case .bytes(let values): byteCount = byteCount.adding(clamped: values.bytes.count)
      case .codes(let codes, let dictionary) where dictionary.count > 0:
        for code in codes {
          byteCount = byteCount.adding(clamped: dictionary.byteRange(Int(code)).count)
        }
      default: break
      }
    }
    guard byteCount <= Self.textByteCountMax else {
      throw PassError(
        .input, "texts of \(rows.rowCount) rows of a column take more than 1 GiB",
        remedy: "leave these files as they are: lake query reads them")
    }
  }

  /// Texts stay codes where all parts have them as such.
  private func storage(_ field: Field, _ parts: some Collection<Column>) -> Column.Storage {
    switch field.type.storage {
    case .integers: return .integers([])
    case .wide: return .wide([])
    case .doubles: return .doubles([])
    case .bytes:
      let areCodes = parts.allSatisfy {
        if case .codes = $0.storage { true } else { false }
      }
      return areCodes ? .codes([], dictionary: ByteColumn()) : .bytes(ByteColumn())
    }
  }

  private static func append(
    _ part: Column, _ rows: Range<Int>, file: Int, to result: inout Column,
    _ dictionaries: inout DictionaryUnion, _ rowCount: Int
  ) {
    // Moved out while it grows, so that the array is not copied.
    let storage = result.storage
    result.storage = .integers([])
    switch (storage, part.storage) {
    case (.integers(var values), .integers(let more)):
      values.reserveCapacity(rowCount)
      values.append(contentsOf: more[rows])
      result.storage = .integers(values)
    case (.wide(var values), .wide(let more)):
      values.reserveCapacity(rowCount)
      values.append(contentsOf: more[rows])
      result.storage = .wide(values)
    case (.doubles(var values), .doubles(let more)):
      values.reserveCapacity(rowCount)
      values.append(contentsOf: more[rows])
      result.storage = .doubles(values)
    case (.codes(var codes, let none), .codes(let more, let dictionary)):
      let taken = more[rows]
      codes.reserveCapacity(rowCount)
      let union = dictionaries.codes(of: dictionary, file: file)
      for code in taken { codes.append(union.isEmpty ? 0 : union[Int(code)]) }
      result.storage = .codes(codes, dictionary: none)
    case (.bytes(var values), .bytes(let more)):
      for row in rows { values.append(copying: more, row) }
      result.storage = .bytes(values)
    case (.bytes(var values), .codes(let codes, let dictionary)):
      for row in rows {
        if part.isNull(row) {
          values.appendEmpty()
        } else {
          values.append(copying: dictionary, Int(codes[row]))
        }
      }
      result.storage = .bytes(values)
    default: preconditionFailure("columns of one type have one form")
    }
  }

  /// The column's values of some rows of one file.
  func read(_ field: Field, _ file: Int, _ rows: Range<Int>) throws -> Column {
    let reader = readers[file]
    var whole: Column?
    for span in reader.spans(of: rows) {
      let column = try reader.column(field, span)
      whole = whole.map { $0.appending(column) } ?? column
    }
    return whole ?? Column(nulls: 0, of: field.type)
  }
}

/// The dictionaries of several files, merged into one.
private struct DictionaryUnion {
  private(set) var texts = ByteColumn()
  private var known: [[UInt8]: Int32] = [:]
  private var codes: [Int: [Int32]] = [:]

  /// Maps codes of a file's dictionary to codes of the merged one.
  mutating func codes(of dictionary: ByteColumn, file: Int) -> [Int32] {
    if let ready = codes[file] { return ready }
    var result: [Int32] = []
    for code in 0..<dictionary.count {
      let text = Array(dictionary.bytes[dictionary.byteRange(code)])
      if let code = known[text] {
        result.append(code)
      } else {
        let code = Int32(texts.count)
        known[text] = code
        text.withUnsafeBytes { texts.append($0) }
        result.append(code)
      }
    }
    codes[file] = result
    return result
  }
}

extension ByteColumn {
  fileprivate mutating func append(copying other: ByteColumn, _ index: Int) {
    other.bytes.withUnsafeBytes {
      append(UnsafeRawBufferPointer(rebasing: $0[other.byteRange(index)]))
    }
  }
}

extension Column {
  /// A column of nulls.
  package init(nulls rowCount: Int, of type: ColumnType) {
    let storage: Storage =
      switch type.storage {
      case .integers: .integers([Int64](repeating: 0, count: rowCount))
      case .wide: .wide([Int128](repeating: 0, count: rowCount))
      case .doubles: .doubles([Double](repeating: 0, count: rowCount))
      case .bytes:
        .codes([Int32](repeating: 0, count: rowCount), dictionary: ByteColumn([""]))
      }
    self.init(
      type: type, storage: storage, validity: [UInt8](repeating: 0, count: rowCount))
  }

  /// This column's rows followed by those of another column of the same type.
  func appending(_ other: Column) -> Column {
    let storage: Storage
    switch (self.storage, other.storage) {
    case (.integers(let one), .integers(let two)): storage = .integers(one + two)
    case (.wide(let one), .wide(let two)): storage = .wide(one + two)
    case (.doubles(let one), .doubles(let two)): storage = .doubles(one + two)
    default: storage = .bytes(texts(self).appending(texts(other)))
    }
    var both: [UInt8]?
    if validity != nil || other.validity != nil {
      both =
        (validity ?? [UInt8](repeating: 1, count: count))
        + (other.validity ?? [UInt8](repeating: 1, count: other.count))
    }
    return Column(type: type, storage: storage, validity: both)
  }

  private func texts(_ column: Column) -> ByteColumn {
    switch column.storage {
    case .bytes(let values): return values
    case .codes(let codes, let dictionary):
      var values = ByteColumn()
      for row in codes.indices {
        if column.isNull(row) || dictionary.count == 0 {
          values.appendEmpty()
        } else {
          values.append(copying: dictionary, Int(codes[row]))
        }
      }
      return values
    default: return ByteColumn()
    }
  }
}

extension ByteColumn {
  fileprivate func appending(_ other: ByteColumn) -> ByteColumn {
    var result = self
    for index in 0..<other.count { result.append(copying: other, index) }
    return result
  }
}
