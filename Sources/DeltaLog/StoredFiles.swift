import Columnar
import Parquet

/// The live files of one row group of a sealed checkpoint, decoded when somebody asks for one of them.
final class StoredFiles: Sendable {
  let details: CheckpointDetails
  /// How many there are.
  let count: Int
  private let rowGroup: CheckpointRowGroup
  /// Bounds of the values of all partition columns together; nil where there are none.
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

  /// Why they could not be decoded, or what they say of themselves; nil while nothing failed.
  var failure: ParquetError? { decoded.failure ?? details.failure }

  /// Whether some file may have this value in a partition column.
  func mayHold(partitionValue value: String) -> Bool {
    // Bounds of text are of its bytes.
    let value = Array(value.utf8)
    if case .bytes(let low)? = bounds?.minimum, value.lexicographicallyPrecedes(low) {
      return false
    }
    if case .bytes(let high)? = bounds?.maximum, high.lexicographicallyPrecedes(value) {
      return false
    }
    return true
  }

  /// What is wrong where the checkpoint names a file twice.
  func twice(_ file: AddFile) -> DeltaError {
    CheckpointReader.corrupt(ParquetError.twice("the file '\(file.path)'"), rowGroup.name)
  }

  /// In the order of the log.
  func files() throws(DeltaError) -> [AddFile] {
    do throws(ParquetError) {
      return try decoded.get { () throws(ParquetError) in try rowGroup.files(details) } ?? []
    } catch {
      throw CheckpointReader.corrupt(error, rowGroup.name)
    }
  }
}
