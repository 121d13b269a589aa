import Columnar

/// The meaning of a column's or group's values: parquet.thrift, `LogicalType`.
public enum LogicalType: Hashable, Sendable {
  case string, map, list, enumeration
  case decimal(scale: Int32, precision: Int32)
  case date
  case time(isAdjustedToUTC: Bool, unit: TimeUnit)
  case timestamp(isAdjustedToUTC: Bool, unit: TimeUnit)
  case integer(bitWidth: Int8, isSigned: Bool)
  /// Only nulls.
  case unknown
  case json, bson, uuid, float16
  case variant(version: Int8?)
  case geometry(crs: String?)
  case geography(crs: String?, algorithm: Int32?)
  /// A type newer than this reader: its values are read as the physical type.
  case other(id: Int16)

  /// The name in the format's spelling.
  public var name: String {
    switch self {
    case .string: "STRING"
    case .map: "MAP"
    case .list: "LIST"
    case .enumeration: "ENUM"
    case .decimal(let scale, let precision): "DECIMAL(\(precision),\(scale))"
    case .date: "DATE"
    case .time(let utc, let unit): "TIME(\(unit.thriftName)\(utc ? ",UTC" : ""))"
    case .timestamp(let utc, let unit): "TIMESTAMP(\(unit.thriftName)\(utc ? ",UTC" : ""))"
    case .integer(let width, let signed): "INTEGER(\(width),\(signed ? "signed" : "unsigned"))"
    case .unknown: "UNKNOWN"
    case .json: "JSON"
    case .bson: "BSON"
    case .uuid: "UUID"
    case .float16: "FLOAT16"
    case .variant: "VARIANT"
    case .geometry: "GEOMETRY"
    case .geography: "GEOGRAPHY"
    case .other(let id): "LOGICAL_TYPE_\(id)"
    }
  }
}

extension TimeUnit {
  var thriftName: String {
    switch self {
    case .milliseconds: "MILLIS"
    case .microseconds: "MICROS"
    case .nanoseconds: "NANOS"
    }
  }
}

extension LogicalType: ThriftReadable, ThriftWritable {
  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var result: LogicalType?
    while let type = try reader.nextField(&id) {
      if result == nil && type == .structure {
        result = try Self.member(id, &reader)
      } else {
        try reader.skip(type)
      }
    }
    self = result ?? .other(id: 0)
  }

  private static func member(
    _ member: Int16, _ reader: inout ThriftReader
  ) throws(ParquetError) -> LogicalType {
    switch member {
    case 5: return try decimal(&reader)
    case 7, 8:
      let (isUTC, unit) = try timeParameters(&reader)
      guard let unit else { return .other(id: member) }
      return member == 7
        ? .time(isAdjustedToUTC: isUTC, unit: unit)
        : .timestamp(isAdjustedToUTC: isUTC, unit: unit)
    case 10: return try integer(&reader)
    case 16, 17, 18: return try extended(member, &reader)
    default: break
    }
    try reader.skip(.structure)
    switch member {
    case 1: return .string
    case 2: return .map
    case 3: return .list
    case 4: return .enumeration
    case 6: return .date
    case 11: return .unknown
    case 12: return .json
    case 13: return .bson
    case 14: return .uuid
    case 15: return .float16
    default: return .other(id: member)
    }
  }

  private static func decimal(_ reader: inout ThriftReader) throws(ParquetError) -> LogicalType {
    try reader.enter()
    var id: Int16 = 0
    var scale: Int32 = 0
    var precision: Int32 = 0
    while let type = try reader.nextField(&id) {
      switch id {
      case 1: scale = try reader.readI32(type) ?? scale
      case 2: precision = try reader.readI32(type) ?? precision
      default: try reader.skip(type)
      }
    }
    return .decimal(scale: scale, precision: precision)
  }

  private static func timeParameters(
    _ reader: inout ThriftReader
  ) throws(ParquetError) -> (isUTC: Bool, unit: TimeUnit?) {
    try reader.enter()
    var id: Int16 = 0
    var isUTC = false
    var unit: TimeUnit?
    while let type = try reader.nextField(&id) {
      switch id {
      case 1: isUTC = try reader.readBool(type) ?? isUTC
      case 2 where type == .structure:
        try reader.enter()
        var member: Int16 = 0
        while let type = try reader.nextField(&member) {
          switch member {
          case 1: unit = .milliseconds
          case 2: unit = .microseconds
          case 3: unit = .nanoseconds
          default: break
          }
          try reader.skip(type)
        }
      default: try reader.skip(type)
      }
    }
    return (isUTC, unit)
  }

  private static func integer(_ reader: inout ThriftReader) throws(ParquetError) -> LogicalType {
    try reader.enter()
    var id: Int16 = 0
    var width: Int8 = 64
    var isSigned = true
    while let type = try reader.nextField(&id) {
      switch id {
      case 1: width = try reader.readI8(type) ?? width
      case 2: isSigned = try reader.readBool(type) ?? isSigned
      default: try reader.skip(type)
      }
    }
    guard [8, 16, 32, 64].contains(width) else {
      throw reader.corrupt("an integer type of \(width) bits")
    }
    return .integer(bitWidth: width, isSigned: isSigned)
  }

  private static func extended(
    _ member: Int16, _ reader: inout ThriftReader
  ) throws(ParquetError) -> LogicalType {
    try reader.enter()
    var id: Int16 = 0
    var version: Int8?
    var crs: String?
    var algorithm: Int32?
    while let type = try reader.nextField(&id) {
      switch (member, id) {
      case (16, 1): version = try reader.readI8(type)
      case (17, 1), (18, 1): crs = try reader.readString(type)
      case (18, 2): algorithm = try reader.readI32(type)
      default: try reader.skip(type)
      }
    }
    switch member {
    case 16: return .variant(version: version)
    case 17: return .geometry(crs: crs)
    default: return .geography(crs: crs, algorithm: algorithm)
    }
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    switch self {
    case .string: writer.emptyStructure(1)
    case .map: writer.emptyStructure(2)
    case .list: writer.emptyStructure(3)
    case .enumeration: writer.emptyStructure(4)
    case .decimal(let scale, let precision):
      writer.field(5, .structure)
      writer.beginStruct()
      writer.i32(1, scale)
      writer.i32(2, precision)
      writer.endStruct()
    case .date: writer.emptyStructure(6)
    case .time(let isUTC, let unit): Self.writeTime(7, isUTC, unit, to: &writer)
    case .timestamp(let isUTC, let unit): Self.writeTime(8, isUTC, unit, to: &writer)
    case .integer(let width, let isSigned):
      writer.field(10, .structure)
      writer.beginStruct()
      writer.i8(1, width)
      writer.bool(2, isSigned)
      writer.endStruct()
    case .unknown: writer.emptyStructure(11)
    case .json: writer.emptyStructure(12)
    case .bson: writer.emptyStructure(13)
    case .uuid: writer.emptyStructure(14)
    case .float16: writer.emptyStructure(15)
    case .variant(let version):
      writer.field(16, .structure)
      writer.beginStruct()
      writer.i8(1, version)
      writer.endStruct()
    case .geometry(let crs): Self.writeGeo(17, crs, nil, to: &writer)
    case .geography(let crs, let algorithm): Self.writeGeo(18, crs, algorithm, to: &writer)
    case .other(let id): if id != 0 { writer.emptyStructure(id) }
    }
    writer.endStruct()
  }

  private static func writeTime(
    _ id: Int16, _ isUTC: Bool, _ unit: TimeUnit, to writer: inout ThriftWriter
  ) {
    writer.field(id, .structure)
    writer.beginStruct()
    writer.bool(1, isUTC)
    writer.field(2, .structure)
    writer.beginStruct()
    switch unit {
    case .milliseconds: writer.emptyStructure(1)
    case .microseconds: writer.emptyStructure(2)
    case .nanoseconds: writer.emptyStructure(3)
    }
    writer.endStruct()
    writer.endStruct()
  }

  private static func writeGeo(
    _ id: Int16, _ crs: String?, _ algorithm: Int32?, to writer: inout ThriftWriter
  ) {
    writer.field(id, .structure)
    writer.beginStruct()
    writer.string(1, crs)
    writer.i32(2, algorithm)
    writer.endStruct()
  }
}
