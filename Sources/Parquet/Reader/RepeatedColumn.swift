import Columnar

/// A column chunk of any nesting, read whole: the levels of its entries and the values. For columns of logs and
/// checkpoints, for which rows of `Value` would be too slow.
public struct RepeatedColumn: Sendable {
  /// One per entry; 0 where a row begins.
  public internal(set) var repetitionLevels: [UInt8] = []
  /// One per entry; the leaf's `maxDefinitionLevel` if there is a value.
  public internal(set) var definitionLevels: [UInt8] = []
  /// The values, without gaps.
  public internal(set) var values: Column
}

extension ParquetReader {
  /// Reads all entries of a column chunk.
  public func readRepeated(rowGroup: Int, leaf: Int) throws(ParquetError) -> RepeatedColumn {
    guard leaves.indices.contains(leaf) else {
      throw ParquetError(
        .request, "no column \(leaf), the file has \(leaves.count)", place: .init(path: name))
    }
    do throws(ParquetError) {
      let cursor = try LeafCursor(reader: self, rowGroup: rowGroup, leaf: leaf)
      return try cursor.takeAll()
    } catch {
      throw located(error, rowGroup, leaf)
    }
  }
}
