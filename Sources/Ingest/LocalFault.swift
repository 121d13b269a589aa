import Compression
import Databento
import DeltaLog
import Ledger
import Parquet
import Storage
import Tables

/// Errors of this machine, such as a full disk: they affect every vendor and unit, and whatever else is bought
/// could not be stored either.
package enum LocalFault {
  /// Whether an error is one of these; wrapped errors are examined too.
  package static func isOne(_ error: any Error) -> Bool {
    switch error {
    case let error as Located: isOne(error.cause)
    case let error as PassError: error.code == .system
    case let error as ParquetError: error.code == .file
    case let error as CompressionError: error.systemError != nil
    case let error as DatabentoError: error.code == .inputOutput
    case let error as DeltaError: error.code == .storage
    case is StorageError: true
    default: false
    }
  }
}
