/// The program that wrote a file, to recognize its known faults.
struct WriterVersion: Hashable {
  /// Lower case; empty if unknown.
  var program: String
  /// Major, minor and patch; zeros if unknown.
  var version: [Int]

  /// - Parameter createdBy: As `parquet-mr version 1.2.8 (build …)`.
  init(createdBy: String?) {
    let words = (createdBy ?? "").lowercased().split(separator: " ")
    program = words.first.map(String.init) ?? ""
    var numbers: [Int] = []
    if words.count > 2, words[1] == "version" {
      for part in words[2].split(separator: ".").prefix(3) {
        // A patch may have a suffix: `1.2.9-SNAPSHOT`.
        guard let number = Int(part.prefix { $0.isWholeNumber }) else { break }
        numbers.append(number)
      }
    }
    version = numbers + Array(repeating: 0, count: 3 - numbers.count)
  }

  /// parquet-mr before 1.2.9 leaves the header of a dictionary page out of its chunk's sizes (PARQUET-816,
  /// IMPALA-694).
  var forgetsDictionaryHeader: Bool {
    program == "parquet-mr" && version.lexicographicallyPrecedes([1, 2, 9])
  }

  /// parquet-mr before 1.9 may count only half of a repeated column's values in its footer.
  var miscountsRepeated: Bool {
    program == "parquet-mr" && version.lexicographicallyPrecedes([1, 9, 0])
  }

  /// Impala includes empty pages in a chunk's size that it does not write.
  var countsUnwrittenPages: Bool { program == "impala" }

  /// parquet-cpp before it was merged into Arrow compresses pages of version 2 that it marks as uncompressed
  /// (ARROW-10353).
  var compressesUnsaid: Bool { program == "parquet-cpp" }

  /// Whether it is this program, whose page indexes are correct.
  var isOurs: Bool { program == "lake" }
}
