import Parquet

/// What helps against a wrong checksum in commands that have the flag `--no-checksum`.
enum ChecksumRemedy {
  /// - Throws: What `body` throws; a wrong checksum with the flag among its remedies.
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
