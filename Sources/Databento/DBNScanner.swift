// Splits a stream of records into runs of one kind. A run has a fixed stride, so that later stages need not
// parse headers; in a homogeneous file a run is as long as the block.

/// Consecutive records of one kind.
public struct RecordRun: Hashable, Sendable {
  /// What the records are.
  public var kind: RecordKind
  /// Offset of the first record in the bytes that were scanned.
  public var start: Int
  /// Number of records.
  public var count: Int
  /// Bytes from one record to the next.
  public var stride: Int

  /// Consecutive records of one kind.
  public init(kind: RecordKind, start: Int, count: Int, stride: Int) {
    self.kind = kind
    self.start = start
    self.count = count
    self.stride = stride
  }

  /// The run of one of its records.
  func single(_ index: Int) -> RecordRun {
    RecordRun(kind: kind, start: start + index * stride, count: 1, stride: stride)
  }
}

/// Finds the records in decompressed bytes and checks each one's length and type.
public struct DBNScanner: Sendable {
  /// Offset in the stream of the bytes to be scanned next.
  public private(set) var byteOffset: Int
  /// Records found so far.
  public private(set) var recordCount = 0

  private let version: Int
  private let tsOut: Bool
  private let schema: RecordKind?
  /// By record type: the kind; nil for invalid types.
  private let kinds: [RecordKind?]
  /// By record type: bytes of a record.
  private let strides: [Int]

  /// - Parameters:
  ///   - version: Version of the format, 1…3.
  ///   - tsOut: Whether each record is followed by its sending time.
  ///   - schema: The file's schema; tells `tbbo` from `mbp-1`.
  ///   - byteOffset: Offset of the first record in the stream, for messages.
  public init(version: Int, tsOut: Bool, schema: RecordKind? = nil, byteOffset: Int) {
    self.version = version
    self.tsOut = tsOut
    self.schema = schema
    self.byteOffset = byteOffset
    kinds = (0...255).map { RecordKind(rtype: UInt8($0), schema: schema) }
    strides = kinds.map {
      $0.map { DBNFields.recordByteCount($0, version: version, tsOut: tsOut) } ?? 0
    }
  }

  /// A scanner for the records that follow this header.
  public init(metadata: DBNMetadata, byteOffset: Int) {
    self.init(
      version: metadata.version, tsOut: metadata.tsOut, schema: metadata.schema,
      byteOffset: byteOffset)
  }

  /// Finds the whole records in `bytes`.
  ///
  /// - Parameter runs: Emptied and filled; offsets are relative to `bytes`.
  /// - Returns: Bytes consumed; the rest is the beginning of a record, to be passed again with more.
  /// - Throws: `.corrupt` at the first malformed record; `runs` then has the ones before it.
  public mutating func scan(
    _ bytes: UnsafeRawBufferPointer, runs: inout [RecordRun]
  ) throws(DBNError) -> Int {
    runs.removeAll(keepingCapacity: true)
    guard let base = bytes.baseAddress else { return 0 }
    var offset = 0
    var failure: DBNError?
    while bytes.count - offset >= 2 {
      let rtype = base.loadUnaligned(fromByteOffset: offset + 1, as: UInt8.self)
      let length = Int(base.loadUnaligned(fromByteOffset: offset, as: UInt8.self)) * 4
      guard let kind = kinds[Int(rtype)], strides[Int(rtype)] == length else {
        failure = problem(
          rtype: rtype, length: length, at: offset,
          in: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        break
      }
      let count = countRun(base + offset, room: bytes.count - offset, stride: length)
      if count == 0 { break }
      runs.append(RecordRun(kind: kind, start: offset, count: count, stride: length))
      recordCount += count
      offset += count * length
    }
    byteOffset += offset
    if let failure { throw failure }
    return offset
  }

  /// Ends the stream.
  ///
  /// - Parameter remaining: Bytes that `scan` left.
  /// - Throws: `.truncated` unless it ended between two records.
  public func finish(remaining: Int) throws(DBNError) {
    guard remaining == 0 else {
      var error = DBNError(
        .truncated,
        "the file ends in the middle of a record, after \(remaining) of its bytes",
        at: byteOffset + remaining, remedy: "download the file again")
      error.place.record = recordCount
      throw error
    }
  }

  private func problem(
    rtype: UInt8, length: Int, at offset: Int, in rest: UnsafeRawBufferPointer
  ) -> DBNError {
    let hex = "0x" + (rtype < 16 ? "0" : "") + String(rtype, radix: 16, uppercase: true)
    var error = DBNError(.corrupt, "", at: byteOffset + offset)
    if DBNMetadata.isPrelude(rest) {
      error.message = "a second DBN header begins among the records"
      error.remedy = "pass the files one by one; joined files are not read"
    } else if length < 16 {
      error.message =
        "impossible record length of \(length) bytes; the shortest record has a header of 16"
    } else if let kind = kinds[Int(rtype)] {
      error.message =
        "a record of type \(hex) (\(kind.rtypeName)) is \(length) bytes long; DBN version \(version)"
        + " has \(strides[Int(rtype)])" + (tsOut ? ", sending time included" : "")
    } else {
      error.message = "unknown record type \(hex)"
    }
    error.place.record = recordCount
    return error
  }
}

/// Number of records at `start` with the first one's length and type, within `room` bytes.
private func countRun(_ start: UnsafeRawPointer, room: Int, stride: Int) -> Int {
  let key = start.loadUnaligned(as: UInt16.self)
  let last = room - stride
  var offset = 0
  while offset <= last, start.loadUnaligned(fromByteOffset: offset, as: UInt16.self) == key {
    offset &+= stride
  }
  return offset / stride
}
