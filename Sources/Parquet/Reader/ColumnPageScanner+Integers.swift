import Columnar

extension ColumnPageScanner {
  /// Decodes exactly `rows` rows of a column of integers into the caller's buffer.
  ///
  /// Whole pages without nulls, as most are, are decoded there directly.
  ///
  /// - Parameters:
  ///   - target: Room for `rows` values. A null's value is 0.
  ///   - validity: Room for `rows` bytes, which are written only where some row is null: 1 for a
  ///     value, 0 for a null.
  /// - Returns: Whether some row is null.
  /// - Throws: `ParquetError.request` if the column is not one of integers.
  public func readIntegers(
    rows: Int, into target: UnsafeMutablePointer<Int64>, validity: UnsafeMutablePointer<UInt8>
  ) throws(ParquetError) -> Bool {
    do throws(ParquetError) {
      if leaf.type.storage != .integers {
        throw ParquetError(.request, "a column of \(leaf.type.name), expected integers")
      }
      var hasNulls = false
      var done = 0
      while done < rows {
        let (taken, isValid) = try readPart(
          rows - done, into: target + done, validity: validity + done)
        if isValid && hasNulls { (validity + done).update(repeating: 1, count: taken) }
        if !isValid && !hasNulls { validity.update(repeating: 1, count: done) }
        hasNulls = hasNulls || !isValid
        done += taken
      }
      return hasNulls
    } catch {
      throw located(error)
    }
  }

  /// Decodes what the current page has of the next `rows` rows.
  ///
  /// - Returns: The number of rows, and whether all have values; `validity` is written only if not.
  private func readPart(
    _ rows: Int, into target: UnsafeMutablePointer<Int64>, validity: UnsafeMutablePointer<UInt8>
  ) throws(ParquetError) -> (rowCount: Int, isValid: Bool) {
    guard let page = try nextPage() else { throw endsEarly(rows) }
    let inPage = page.valueCount - pendingDone
    let taken = Swift.min(inPage, rows)
    let first = pendingDone
    if partial == nil {
      if first == 0 && taken == inPage, try decodeIntegers(page, into: target) {
        advance(taken, of: inPage)
        return (taken, true)
      }
      partial = try decodeAside(page)
    }
    let aside = partial
    advance(taken, of: inPage)
    guard let aside, case .integers(let values) = aside.storage else {
      throw ParquetError(.request, "a column of \(leaf.type.name), expected integers")
    }
    values.withUnsafeBufferPointer { values in
      if let base = values.baseAddress { target.update(from: base + first, count: taken) }
    }
    guard let valid = aside.validity else { return (taken, true) }
    valid.withUnsafeBufferPointer { valid in
      if let base = valid.baseAddress { validity.update(from: base + first, count: taken) }
    }
    return (taken, false)
  }
}
