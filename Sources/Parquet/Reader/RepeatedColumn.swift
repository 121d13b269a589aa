import Columnar

/// A column chunk of any nesting, read whole: the levels of its entries, and the values of those
/// that have one. For columns of logs and checkpoints, where rows of `Value` would be too slow.
public struct RepeatedColumn: Sendable {
  /// One an entry; 0 where a row begins.
  public internal(set) var repetitionLevels: [UInt8] = []
  /// One an entry; the leaf's `maxDefinitionLevel` where there is a value.
  public internal(set) var definitionLevels: [UInt8] = []
  /// The values that are there, without gaps.
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
