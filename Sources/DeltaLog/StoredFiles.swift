import Columnar
import Parquet

/// The live files in one row group of a sealed checkpoint, decoded when one of them is needed.
final class StoredFiles: Sendable {
  let details: CheckpointDetails
  /// Number of files.
  let count: Int
  private let rowGroup: CheckpointRowGroup
  /// Bounds over the values of all partition columns; nil if there are none.
  private let bounds: ColumnStatistics?
  private let decoded = Deferred<[AddFile]>()

  init(_ rowGroup: CheckpointRowGroup, count: Int) {
    self.rowGroup = rowGroup
    self.count = count
    details = CheckpointDetails(rowGroup)
    bounds = rowGroup.statistics("add.partitionValues.key_value.value")
  }

  /// Whether the files were decoded.
  var isRead: Bool { decoded.isRead }

  /// Why the files or their members could not be decoded; nil if nothing failed.
  var failure: ParquetError? { decoded.failure ?? details.failure }

  /// Whether some file may have this value in a partition column.
  func mayHold(partitionValue value: String) -> Bool {
    // Text bounds are bounds of bytes.
    let value = Array(value.utf8)
    if case .bytes(let low)? = bounds?.minimum, value.lexicographicallyPrecedes(low) {
      return false
    }
    if case .bytes(let high)? = bounds?.maximum, high.lexicographicallyPrecedes(value) {
      return false
    }
    return true
  }

  /// The error for a checkpoint that names a file twice.
  func twice(_ file: AddFile) -> DeltaError {
    CheckpointReader.corrupt(ParquetError.twice("the file '\(file.path)'"), rowGroup.name)
  }

  /// In log order.
  func files() throws(DeltaError) -> [AddFile] {
    do throws(ParquetError) {
      return try decoded.get { () throws(ParquetError) in try rowGroup.files(details) } ?? []
    } catch {
      throw CheckpointReader.corrupt(error, rowGroup.name)
    }
  }
}
