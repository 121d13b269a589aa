import Bytes
import Columnar

extension RowHash {
  /// Adds a column of any form to the rows' sums.
  ///
  /// - Parameter sums: Two words per row.
  package func add(_ column: Column, sums: inout [UInt64]) {
    let words = Self.words(column)
    sums.withUnsafeMutableBufferPointer { sums in
      words.withUnsafeBufferPointer { words in
        guard let sums = sums.baseAddress, let base = words.baseAddress else { return }
        if let validity = column.validity {
          validity.withUnsafeBufferPointer {
            add(base, count: words.count, validity: $0.baseAddress, sums: sums)
          }
        } else {
          add(base, count: words.count, validity: nil, sums: sums)
        }
      }
    }
  }

  /// The canonical 64 bits of each value; the word of a null is meaningless.
  package static func words(_ column: Column) -> [Int64] {
    switch column.storage {
    case .integers(let values): return values
    case .wide(let values): return values.map { Int64(bitPattern: RowHash.wide($0)) }
    case .doubles(let values): return values.map { Int64(bitPattern: RowHash.double($0)) }
    case .bytes(let values):
      return values.bytes.withUnsafeBytes { bytes in
        (0..<values.count).map { row in
          let text = UnsafeRawBufferPointer(rebasing: bytes[values.byteRange(row)])
          return Int64(bitPattern: RowHash.text(text))
        }
      }
    case .codes(let codes, let dictionary):
      let hashes = dictionary.bytes.withUnsafeBytes { bytes in
        (0..<dictionary.count).map { code in
          let text = UnsafeRawBufferPointer(rebasing: bytes[dictionary.byteRange(code)])
          return Int64(bitPattern: RowHash.text(text))
        }
      }
      return codes.map { Int($0) < hashes.count ? hashes[Int($0)] : 0 }
    }
  }
}
