import Bytes

extension CSVHeader {
  /// The header of a file that was looked at: the rows begin behind so many lines, and their columns have names.
  static func beginRows(
    _ window: ByteWindow, _ start: Int, _ end: Int, _ line: Int, _ inferred: InferredReading,
    notes: [String]
  ) throws -> CSVHeader {
    var (at, number) = (start, line)
    while number <= inferred.lineCount, at < end {
      if window.base.loadLE(at, as: UInt8.self) == 0x0A { number += 1 }
      at += 1
    }
    if number <= inferred.lineCount {
      throw SourceError(
        .noHeader, "the rows begin on line \(inferred.lineCount + 1), too far from the beginning",
        remedy: "remove what stands above the header")
    }
    var header = CSVHeader(
      delimiter: inferred.delimiter, names: inferred.names, samples: [], dataStart: at,
      dataLine: number)
    header.notes = notes + inferred.notes
    header.sample(window, end, takesShort: true)
    return header
  }
}
