import Columnar

extension Column {
  /// The values of some rows, in their order.
  ///
  /// - Parameter indexes: Each of them a row of the column.
  package func rows(_ indexes: [Int]) -> Column {
    let storage: Storage =
      switch self.storage {
      case .integers(let values): .integers(values.chosen(indexes))
      case .wide(let values): .wide(values.chosen(indexes))
      case .doubles(let values): .doubles(values.chosen(indexes))
      case .codes(let codes, let dictionary): .codes(codes.chosen(indexes), dictionary: dictionary)
      case .bytes(let values): .bytes(values.rows(indexes))
      }
    return Column(type: type, storage: storage, validity: validity?.chosen(indexes))
  }
}

extension Array {
  /// The elements at some indexes, which must be the array's own: only a debug build checks each.
  fileprivate func chosen(_ indexes: [Int]) -> [Element] {
    withUnsafeBufferPointer { values in
      indexes.withUnsafeBufferPointer { indexes in
        [Element](unsafeUninitializedCapacity: indexes.count) { buffer, count in
          for position in 0..<indexes.count {
            buffer.initializeElement(at: position, to: values[indexes[position]])
          }
          count = indexes.count
        }
      }
    }
  }
}

extension ByteColumn {
  fileprivate func rows(_ indexes: [Int]) -> ByteColumn {
    var result = ByteColumn()
    bytes.withUnsafeBytes { bytes in
      for index in indexes {
        result.append(UnsafeRawBufferPointer(rebasing: bytes[byteRange(index)]))
      }
    }
    return result
  }
}
