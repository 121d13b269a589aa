import Columnar

extension Column {
  /// The values of some rows, in their order.
  package func rows(_ indexes: [Int]) -> Column {
    let chosen = validity.map { validity in indexes.map { validity[$0] } }
    let storage: Storage =
      switch self.storage {
      case .integers(let values): .integers(indexes.map { values[$0] })
      case .wide(let values): .wide(indexes.map { values[$0] })
      case .doubles(let values): .doubles(indexes.map { values[$0] })
      case .codes(let codes, let dictionary):
        .codes(indexes.map { codes[$0] }, dictionary: dictionary)
      case .bytes(let values): .bytes(values.rows(indexes))
      }
    return Column(type: type, storage: storage, validity: chosen)
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
