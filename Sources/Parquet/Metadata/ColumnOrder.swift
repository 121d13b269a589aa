extension ColumnOrder: ThriftReadable, ThriftWritable {
  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var order = ColumnOrder.unknown
    while let type = try reader.nextField(&id) {
      switch id {
      case 1: order = .typeDefined
      case 2: order = .ieee754Total
      default: break
      }
      try reader.skip(type)
    }
    self = order
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    switch self {
    case .typeDefined, .unknown: writer.emptyStructure(1)
    case .ieee754Total: writer.emptyStructure(2)
    }
    writer.endStruct()
  }
}
