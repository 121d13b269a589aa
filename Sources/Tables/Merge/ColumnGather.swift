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
}

/// Reads columns of rows from several files, in merged order.
struct ColumnGather {
  private let readers: [SegmentReader]

  init(_ readers: [SegmentReader]) { self.readers = readers }

  /// A column of the rows; null for rows of files that lack it.
  func column(_ field: Field, _ rows: GatheredRows) throws -> Column {
    var parts = [Column?](repeating: nil, count: readers.count)
    for (file, range) in rows.ranges { parts[file] = try read(field, file, range) }
    if rows.runs.count == 1, let part = parts[rows.runs[0].file] { return part }
    let known = parts.compactMap { $0 }
    let runs = rows.runs.map { run in
      let first = rows.ranges[run.file]?.lowerBound ?? 0
      return MergeRun(
        file: run.file, rows: run.rows.lowerBound - first..<run.rows.upperBound - first)
    }
    let storage: Column.Storage
    switch field.type.storage {
    case .integers: storage = .integers(Self.gather(parts.map(\.?.integers), runs, rows.rowCount))
    case .wide: storage = .wide(Self.gather(parts.map(\.?.wide), runs, rows.rowCount))
    case .doubles: storage = .doubles(Self.gather(parts.map(\.?.doubles), runs, rows.rowCount))
    case .bytes where known.allSatisfy({ $0.codes != nil }):
      var dictionaries = DictionaryUnion()
      let codes = parts.map { part in
        part?.codes.map { dictionaries.codes($0.codes, of: $0.dictionary) }
      }
      storage = .codes(
        Self.gather(codes, runs, rows.rowCount), dictionary: dictionaries.texts)
    case .bytes:
      try requireMemory(known, rows)
      storage = .bytes(Self.gatherTexts(parts, runs))
    }
    var validity: [UInt8]?
    if known.contains(where: { $0.validity != nil }) {
      validity = Self.gather(
        parts.map { part in
          part.map { $0.validity ?? [UInt8](repeating: 1, count: $0.count) }
        }, runs, rows.rowCount)
    }
    return Column(type: field.type, storage: storage, validity: validity)
  }

  /// The values of runs, one behind the other. Many runs are of one row.
  private static func gather<Value>(
    _ parts: [[Value]?], _ runs: [MergeRun], _ rowCount: Int
  ) -> [Value] {
    [Value](unsafeUninitializedCapacity: rowCount) { buffer, count in
      for run in runs {
        guard let part = parts[run.file] else { continue }
        part.withUnsafeBufferPointer { part in
          for row in run.rows {
            buffer.initializeElement(at: count, to: part[row])
            count += 1
          }
        }
      }
    }
  }

  private static func gatherTexts(_ parts: [Column?], _ runs: [MergeRun]) -> ByteColumn {
    var values = ByteColumn()
    for run in runs {
      guard let part = parts[run.file] else { continue }
      switch part.storage {
      case .bytes(let more):
        for row in run.rows { values.append(copying: more, row) }
      case .codes(let codes, let dictionary):
        for row in run.rows {
          if part.isNull(row) {
            values.appendEmpty()
          } else {
            values.append(copying: dictionary, Int(codes[row]))
          }
        }
      default: preconditionFailure("columns of one type have one form")
      }
    }
    return values
  }

  /// Texts that are many bytes where each stands for itself: codes of one file next to texts of another.
  private static let textByteCountMax = 1 << 30

  private func requireMemory(_ parts: [Column], _ rows: GatheredRows) throws {
    var byteCount = 0
    for part in parts {
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

/// Dictionaries of several files as one.
private struct DictionaryUnion {
  private(set) var texts = ByteColumn()
  private var known: [[UInt8]: Int32] = [:]

  /// A file's codes as those of the union.
  mutating func codes(_ codes: [Int32], of dictionary: ByteColumn) -> [Int32] {
    if dictionary.count == 0 { return [Int32](repeating: 0, count: codes.count) }
    let union = (0..<dictionary.count).map { code(of: dictionary, $0) }
    return codes.map { union[Int($0)] }
  }

  private mutating func code(of dictionary: ByteColumn, _ index: Int) -> Int32 {
    let text = Array(dictionary.bytes[dictionary.byteRange(index)])
    if let code = known[text] { return code }
    let code = Int32(texts.count)
    known[text] = code
    text.withUnsafeBytes { texts.append($0) }
    return code
  }
}

extension Column {
  fileprivate var integers: [Int64] {
    if case .integers(let values) = storage { return values }
    preconditionFailure("columns of one type have one form")
  }

  fileprivate var wide: [Int128] {
    if case .wide(let values) = storage { return values }
    preconditionFailure("columns of one type have one form")
  }

  fileprivate var doubles: [Double] {
    if case .doubles(let values) = storage { return values }
    preconditionFailure("columns of one type have one form")
  }

  fileprivate var codes: (codes: [Int32], dictionary: ByteColumn)? {
    if case .codes(let codes, let dictionary) = storage { return (codes, dictionary) }
    return nil
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
