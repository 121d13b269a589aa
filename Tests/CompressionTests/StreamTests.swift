import CSystem
import Foundation
import TestSupport
import Testing

@testable import Compression

// Foundation has its own.
private typealias InputStream = Compression.InputStream
private typealias OutputStream = Compression.OutputStream

/// Reads a stream to its end in portions.
private func readAll(_ stream: InputStream, portion: Int = 4096) throws -> [UInt8] {
  var all: [UInt8] = []
  var portionBytes = [UInt8](repeating: 0, count: portion)
  while true {
    let count = try portionBytes.withUnsafeMutableBytes { try stream.read(into: $0) }
    if count == 0 { return all }
    all += portionBytes[..<count]
  }
}

/// Bytes in a pipe, written in pieces by another thread.
private func piped(_ bytes: [UInt8], piece: Int) throws -> InputStream {
  var ends: [Int32] = [0, 0]
  try #require(Glibc.pipe(&ends) == 0)
  let writing = ends[1]
  Thread.detachNewThread {
    for start in stride(from: 0, to: bytes.count, by: piece) {
      let part = Array(bytes[start..<min(start + piece, bytes.count)])
      if Glibc.write(writing, part, part.count) < 0 { break }
    }
    close(writing)
  }
  return try InputStream(fileDescriptor: ends[0], path: "pipe", ownsDescriptor: true)
}

private func write(_ bytes: [UInt8], to path: String) {
  #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
}

private func contents(_ path: String) -> [UInt8] {
  FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
}

private let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]

@Suite struct StreamTests {
  private let folder = TemporaryFolder("lake-compression")

  /// The same text in each stream format.
  private func forms(_ plain: [UInt8]) throws -> [(format: StreamFormat, bytes: [UInt8])] {
    let half = plain.count / 2
    let (head, tail) = (Array(plain[..<half]), Array(plain[half...]))
    return [
      (.raw, plain), (.zstd, try zstdFrame(plain)), (.gzip, try gzipMember(plain)),
      (.zstd, try skippable + zstdFrame(head) + skippable + zstdFrame(tail) + skippable),
      (.gzip, try gzipMember(head) + gzipMember(tail) + [0, 0, 0]),
    ]
  }

  @Test func anyFormReadsAsTheSameTextInAnyPortions() throws {
    var cases = 0
    for count in boundarySizes + [1 << 20, 3_000_000] {
      let plain = sample(count)
      for (index, (format, bytes)) in try forms(plain).enumerated() {
        let path = "\(folder.path)/\(count)-\(index)"
        write(bytes, to: path)
        for portion in count < 5000 ? [1, 7, 4096] : [100_000, 1 << 22] {
          let stream = try InputStream(path: path)
          #expect(stream.path == path)
          #expect(stream.format == format)
          #expect(stream.fileByteCount == bytes.count)
          #expect(try readAll(stream, portion: portion) == plain, "\(format), \(count) bytes")
          #expect(stream.compressedOffset == bytes.count)
          cases += 1
        }
      }
    }
    print("\(cases) cases")
  }

  @Test func pipesMayBringTheFirstBytesOneByOne() throws {
    let plain = sample(3000)
    for (format, bytes) in try forms(plain) + forms([]) + forms([7]) {
      for piece in [1, 3, 1000] {
        let stream = try piped(bytes, piece: piece)
        #expect(stream.format == format)
        #expect(stream.fileByteCount == nil)
        let expected = bytes.count < 200 ? nil : plain
        let found = try readAll(stream, portion: 500)
        #expect(expected == nil || found == expected)
        #expect(found.count == (expected ?? found).count)
      }
    }
  }

  @Test func everyPrefixOfACompressedStreamIsCutOffAtItsEnd() throws {
    let plain = sample(400)
    for (format, bytes) in [
      (StreamFormat.zstd, try zstdFrame(plain)), (.gzip, try gzipMember(plain)),
    ] {
      for count in 4..<bytes.count {
        let stream = try piped(Array(bytes[..<count]), piece: 4096)
        #expect(stream.format == format)
        let error = errorOf { _ = try readAll(stream, portion: 64) }
        #expect(error?.code == .truncated, "\(format), \(count) of \(bytes.count) bytes")
        #expect(error?.placeText == "pipe, byte \(count)")
        #expect(error?.remedy == "fetch the file again: it is not whole")
      }
    }
  }

  @Test func aSecondFrameCutOffIsFoundToo() throws {
    let plain = sample(100)
    for one in [try zstdFrame(plain), try gzipMember(plain)] {
      for count in 5..<one.count {
        let stream = try piped(one + one[..<count], piece: 4096)
        #expect(errorOf { _ = try readAll(stream) }?.code == .truncated)
      }
    }
    let inSkippable = try piped(zstdFrame(plain) + skippable[..<10], piece: 4096)
    #expect(errorOf { _ = try readAll(inSkippable) }?.code == .truncated)
  }

  @Test func bytesThatAreNoFrameAreAnErrorAtTheirOffset() throws {
    let frame = try zstdFrame(sample(100))
    let error = errorOf { _ = try readAll(try piped(frame + Array("garbage".utf8), piece: 4096)) }
    #expect(error?.message == "bytes after the last zstd frame are no frame")
    #expect(error?.offset == frame.count)
    let member = try gzipMember(sample(100))
    let other = errorOf { _ = try readAll(try piped(member + Array("garbage".utf8), piece: 4096)) }
    #expect(other?.code == .corrupt)
    var damaged = frame
    damaged[4] |= 0x08
    #expect(errorOf { _ = try readAll(try piped(damaged, piece: 4096)) }?.code == .corrupt)
    var wrongSum = member
    wrongSum[member.count - 7] ^= 1
    #expect(errorOf { _ = try readAll(try piped(wrongSum, piece: 4096)) }?.code == .corrupt)
  }

  @Test func randomDamageEndsInBytesOrAnError() throws {
    let seed: UInt64 = 41
    var random = SeededGenerator(seed: seed)
    for (_, bytes) in try forms(sample(500)).dropFirst() {
      for _ in 0..<300 {
        var damaged = bytes
        damaged[Int.random(in: 4..<bytes.count, using: &random)] ^= UInt8.random(
          in: 1...255, using: &random)
        do { _ = try readAll(try piped(damaged, piece: 4096)) } catch {
          #expect(error is CompressionError, "seed \(seed): \(error)")
        }
      }
    }
  }

  @Test func readingIntoNothingReadsNothing() throws {
    let stream = try piped([1, 2, 3], piece: 3)
    #expect(try stream.read(into: UnsafeMutableRawBufferPointer(start: nil, count: 0)) == 0)
    #expect(try readAll(stream) == [1, 2, 3])
  }

  @Test func whatIsNoFileIsAClearError() throws {
    let missing = errorOf { _ = try InputStream(path: "\(folder.path)/missing") }
    #expect(missing?.systemError == ENOENT)
    #expect(missing?.remedy == "check the path: 'ls' shows what is there")
    let isFolder = errorOf { _ = try InputStream(path: folder.path) }
    #expect(isFolder?.systemError == EISDIR)
    #expect(isFolder?.remedy == "name the files in it, like 'folder/*'")
    let closed = errorOf {
      _ = try InputStream(fileDescriptor: -1, path: "closed", ownsDescriptor: false)
    }
    #expect(closed?.systemError == EBADF)
  }

  private func open(
    _ path: String, _ format: StreamFormat, level: Int? = nil
  ) throws -> OutputStream {
    try OutputStream(
      fileDescriptor: lake_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600), path: path,
      ownsDescriptor: true, format: format, level: level)
  }

  @Test func whatIsWrittenReadsBack() throws {
    var cases = 0
    for format in [StreamFormat.raw, .zstd, .gzip] {
      for count in boundarySizes + [(1 << 20) - 1, 1 << 20, 5_000_000] {
        let plain = sample(count)
        let path = "\(folder.path)/written"
        let stream = try open(path, format, level: count % 2 == 0 ? nil : 1)
        #expect(stream.format == format)
        // In uneven pieces, with a flush in between.
        for cut in [0..<(count / 3), (count / 3)..<(count / 3), (count / 3)..<count] {
          try stream.write(Array(plain[cut]))
          if count % 3 == 0 { try stream.flush() }
        }
        try stream.finish()
        try stream.finish()
        let stored = contents(path)
        #expect(stream.writtenByteCount == stored.count)
        #expect(stored.withUnsafeBytes { InputStream.sniff($0) } == format || count < 4)
        #expect(try readAll(try InputStream(path: path), portion: 1 << 20) == plain)
        cases += 1
      }
    }
    print("\(cases) cases")
  }

  @Test func aFlushMakesWhatWasWrittenReadable() throws {
    for format in [StreamFormat.raw, .zstd, .gzip] {
      let path = "\(folder.path)/flushed"
      let stream = try open(path, format)
      try stream.write(Array("begun".utf8))
      #expect(stream.writtenByteCount == 0)
      try stream.flush()
      let reader = try InputStream(path: path)
      var first = [UInt8](repeating: 0, count: 5)
      let count = try first.withUnsafeMutableBytes { try reader.read(into: $0) }
      #expect(Array(first[..<count]) == Array("begun".utf8), "\(format)")
      try stream.write(Array(", ended".utf8))
      try stream.finish()
      #expect(try readAll(try InputStream(path: path)) == Array("begun, ended".utf8))
    }
  }

  @Test func aFrameThatNeedsMoreThanIsAllowedIsNotCalledDamaged() throws {
    // Magic, a window of 2^30, one raw block of a byte; then the same with a dictionary id.
    let window: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 20 << 3, 9, 0, 0, 0x61]
    let dictionary: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x01, 0, 7, 9, 0, 0, 0x61]
    for (bytes, said, remedy) in [
      (window, "window of more than 128 MiB", "--long=31"), (dictionary, "dictionary", "-D"),
    ] {
      let error = errorOf { _ = try readAll(try piped(bytes, piece: 100)) }
      #expect(error?.message.contains(said) == true)
      #expect(error?.remedy?.contains(remedy) == true)
      #expect(error?.code == .unreadable)
    }
  }

  @Test func aFullDeviceIsReported() throws {
    for format in [StreamFormat.raw, .zstd, .gzip] {
      let stream = try open("/dev/full", format)
      let error = errorOf {
        try stream.write(sample(100))
        try stream.finish()
      }
      #expect(error?.systemError == ENOSPC)
      #expect(error?.remedy == "free some space, or write elsewhere")
    }
    let large = try open("/dev/full", .raw)
    #expect(errorOf { try large.write([UInt8](repeating: 1, count: 1 << 20)) }?.code == .file)
  }
}
