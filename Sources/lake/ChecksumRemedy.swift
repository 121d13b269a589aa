import Parquet

/// The remedy for checksum errors in commands with the flag `--no-checksum`.
enum ChecksumRemedy {
  /// - Throws: The error of `body`; a checksum error gets the flag added to its remedies.
  static func offered<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch var error as ParquetError where error.code == .checksum {
      error.remedy =
        "restore the file: its bytes were changed; --no-checksum reads them as they are"
      throw error
    }
  }
}
