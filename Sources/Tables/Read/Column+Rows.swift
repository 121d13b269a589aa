import Columnar

extension Column {
  /// The values of some rows, in their order.
  package func rows(_ places: [Int]) -> Column {
    let chosen = validity.map { validity in places.map { validity[$0] } }
    let storage: Storage =
      switch self.storage {
      case .integers(let values): .integers(places.map { values[$0] })
      case .wide(let values): .wide(places.map { values[$0] })
      case .doubles(let values): .doubles(places.map { values[$0] })
      case .codes(let codes, let dictionary):
        .codes(places.map { codes[$0] }, dictionary: dictionary)
      case .bytes(let values): .bytes(values.rows(places))
      }
    return Column(type: type, storage: storage, validity: chosen)
  }
}

extension ByteColumn {
  fileprivate func rows(_ places: [Int]) -> ByteColumn {
    var result = ByteColumn()
    bytes.withUnsafeBytes { bytes in
      for place in places {
        result.append(UnsafeRawBufferPointer(rebasing: bytes[byteRange(place)]))
      }
    }
    return result
  }
}
