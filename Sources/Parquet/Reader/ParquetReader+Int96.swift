import Columnar

extension ParquetReader {
  /// How the times of an INT96 column can be stored in a new file. Reads all of them.
  ///
  /// - Parameter portion: Rows that are read at once.
  func int96Form(leaf: Int, portion: Int) throws(ParquetError) -> Int96Form {
    var reach = Int96Reach()
    for rowGroup in 0..<rowGroupCount {
      do throws(ParquetError) {
        let cursor = try LeafCursor(
          reader: self, rowGroup: rowGroup, leaf: leaf,
          as: leaves[leaf].retyped(.binary(fixed: 12)), oversizeScale: nil)
        let rowCount = rowCount(rowGroup: rowGroup)
        for start in stride(from: 0, to: rowCount, by: portion) {
          let rows = try cursor.take(rows: Swift.min(portion, rowCount - start))
          reach.take(rows.values)
        }
      } catch {
        throw located(error, rowGroup, leaf)
      }
    }
    return reach.form
  }
}

extension Int96Reach {
  /// Adds stored times, none of which is null.
  fileprivate mutating func take(_ column: Column) {
    let (text, codes): (ByteColumn, [Int32]?)
    switch column.storage {
    case .bytes(let values): (text, codes) = (values, nil)
    case .codes(let values, let dictionary): (text, codes) = (dictionary, values)
    case .integers, .wide, .doubles: return
    }
    text.bytes.withUnsafeBytes { bytes in
      for index in codes?.map(Int.init) ?? Array(0..<text.count) {
        take(UnsafeRawBufferPointer(rebasing: bytes[text.byteRange(index)]))
      }
    }
  }
}
