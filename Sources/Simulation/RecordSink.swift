import Bytes
import Columnar
import Databento

/// Writes one file; records are built in place in a buffer.
final class RecordSink {
  private static let flushByteCount = 1 << 20

  let kind: RecordKind
  let stride: Int
  private let rtype: UInt8
  private(set) var recordCount = 0
  private let writer: DBNWriter
  private let template: [UInt8]
  private let buffer = ByteBuffer(capacity: flushByteCount + DBNFields.recordByteCountMax)

  init(kind: RecordKind, writer: DBNWriter) {
    self.kind = kind
    rtype = kind.rtype
    self.writer = writer
    template = DBNFields.template(kind, version: writer.metadata.version, tsOut: false)
    stride = template.count
  }

  /// Appends a record with the template's content, to be filled in immediately.
  @inline(__always)
  func append() throws -> UnsafeMutableRawPointer {
    if buffer.count >= Self.flushByteCount { try flush() }
    let record = buffer.base + buffer.count
    template.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { record.copyMemory(from: base, byteCount: stride) }
    }
    buffer.count &+= stride
    recordCount &+= 1
    return record
  }

  /// Appends a copy of a record, with this file's length and type.
  @inline(__always)
  func append(copying source: UnsafeRawPointer) throws {
    if buffer.count >= Self.flushByteCount { try flush() }
    let record = buffer.base + buffer.count
    record.copyMemory(from: source, byteCount: stride)
    record.storeLE(UInt8(truncatingIfNeeded: stride / 4), 0)
    record.storeLE(rtype, 1)
    buffer.count &+= stride
    recordCount &+= 1
  }

  func finish() throws {
    try flush()
    try writer.finish()
  }

  private func flush() throws {
    try writer.write(buffer.bytes)
    buffer.removeAll()
  }
}
