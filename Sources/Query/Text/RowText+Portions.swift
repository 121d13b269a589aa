import Platform

// Texts may be long, and a dictionary's text may repeat in every row: the size of the output is computed before
// memory is taken for it.

extension RowText {
  /// Bytes of rows formatted at once, unless a single row is longer.
  static let portionByteCountMax = 64 << 20
  /// Most bytes of one row, as an upper bound by its values.
  static let rowByteCountMax = 1 << 33
  /// Bytes of rows without long texts formatted at once.
  static let unitByteCountMax = 1 << 30

  /// Whether the current rows may be formatted at once.
  var isOnePortion: Bool {
    textBound <= Self.portionByteCountMax && bound <= Self.unitByteCountMax
  }

  /// Makes room to format the current rows one at a time.
  func reserveRow(_ pick: RowPick) throws {
    if isOnePortion { return try reserve(bound) }
    var longest = 0
    for index in 0..<pick.count { longest = max(longest, byteCountMax(row: pick.row(index))) }
    try reserve(longest)
  }

  /// Formats the current rows in portions, each of which is passed to `body` in `out`.
  ///
  /// - Parameter body: Returns whether to go on.
  func formatPortions(
    _ pick: RowPick, _ body: (RowPick) throws -> Bool
  ) throws {
    var start = 0
    while start < pick.count {
      var byteCount = byteCountMax(row: pick.row(start))
      var end = start + 1
      while end < pick.count {
        let more = byteCountMax(row: pick.row(end))
        if byteCount + more > Self.portionByteCountMax { break }
        byteCount += more
        end += 1
      }
      try reserve(byteCount)
      let portion = RowPick(
        rows: pick.rows.map { $0 + start }, first: pick.first + start, count: end - start)
      if try !body(portion) { return }
      start = end
    }
  }

  /// The most bytes that one row can take.
  private func byteCountMax(row: Int) -> Int {
    var byteCount = 3 + textSlackByteCount
    for (index, reading) in taken.enumerated() {
      let vector = reading.main
      let at = vector.isConstant ? 0 : row
      var text = 0
      switch vector.form {
      case .codes:
        if vector.isConstant || vector.validity.map({ $0[row] != 0 }) ?? true,
          let values = vector.values
        {
          text = vector.entry(Int(values.load(fromByteOffset: at * 4, as: Int32.self))).count
        }
      case .bytes: text = vector.entry(at).count
      case .integers, .wide, .doubles, .null: break
      }
      byteCount += prefixByteCount(index) + 2 + 96 + TextEscape.escapedByteCountMax(text)
    }
    return byteCount
  }

  /// Bytes of a column's longest text; 0 for columns without text.
  static func longest(_ vector: ColumnVector) -> Int {
    var longest = 0
    switch vector.form {
    case .codes:
      for entry in 0..<vector.entryCount { longest = max(longest, vector.entry(entry).count) }
    case .bytes:
      for row in 0..<(vector.isConstant ? 1 : vector.rowCount) {
        longest = max(longest, vector.entry(row).count)
      }
    case .integers, .wide, .doubles, .null: break
    }
    return longest
  }

  /// Makes room for rows of `byteCount` bytes.
  func reserve(_ byteCount: Int) throws {
    if byteCount > out.capacity { try Self.checkRoom(byteCount) }
    out.reserve(byteCount)
  }

  static func checkRoom(_ byteCount: Int) throws {
    if byteCount > rowByteCountMax {
      throw QueryError(
        .badData, "texts of up to \(byteCount) bytes in a row, \(rowByteCountMax) are allowed",
        remedy: "leave the column out with --columns")
    }
    if !MemoryRoom.has(byteCount) {
      throw QueryError(
        .badData, "texts of up to \(byteCount) bytes in a row, and there is not memory for them",
        remedy: "leave the column out with --columns, or allow more memory")
    }
  }
}
