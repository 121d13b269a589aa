import Platform

// Texts may be long, and a dictionary's may come again with every row: what rows would take at
// once is known before memory is taken for it.

extension RowText {
  /// Bytes of rows that are formatted at once, where a row is not longer itself.
  static let portionByteCountMax = 64 << 20
  /// Bytes of one row, by what its values can take at most.
  static let rowByteCountMax = 1 << 33
  /// Bytes of rows without long texts that are formatted at once.
  static let unitByteCountMax = 1 << 30

  /// Whether the rows taken up last may be formatted at once.
  var isOnePortion: Bool {
    textBound <= Self.portionByteCountMax && bound <= Self.unitByteCountMax
  }

  /// Makes room to format one row at a time of those taken up.
  func reserveRow(_ pick: RowPick) throws {
    if isOnePortion { return try reserve(bound) }
    var longest = 0
    for index in 0..<pick.count { longest = max(longest, byteCountMax(row: pick.row(index))) }
    try reserve(longest)
  }

  /// Formats the rows taken up in portions, each of which is handed to `body` as it is in `out`.
  ///
  /// - Parameter body: Answers whether to go on.
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

  /// Bytes of a column's longest text; 0 of other columns.
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
