import Bytes
import Columnar
import Databento

/// The DBN decoders as a fuzz target: they may refuse bytes, but must not crash, hang or take memory out of
/// proportion.
public enum DBNFuzz {
  /// Parses `bytes` as a file (and, where that fails, as records of each version), prints what is
  /// found in every form and resolves its symbols.
  ///
  /// - Returns: Records found.
  @discardableResult
  public static func run(_ bytes: UnsafeRawBufferPointer) -> Int {
    do throws(DBNError) {
      let (metadata, offset) = try DBNMetadata.parse(bytes)
      _ = metadata.json(isRaw: false)
      _ = try? metadata.serialized()
      return scan(
        UnsafeRawBufferPointer(rebasing: bytes[offset...]), metadata: metadata,
        version: metadata.version, tsOut: metadata.tsOut)
    } catch {
      _ = error.placeText
    }
    return (1...DBNFields.versionMax).reduce(0) { count, version in
      count + scan(bytes, metadata: nil, version: version, tsOut: version == 2)
    }
  }

  private static func scan(
    _ bytes: UnsafeRawBufferPointer, metadata: DBNMetadata?, version: Int, tsOut: Bool
  ) -> Int {
    var scanner = DBNScanner(
      version: version, tsOut: tsOut, schema: metadata?.schema, byteOffset: 0)
    var runs: [RecordRun] = []
    do throws(DBNError) {
      let consumed = try scanner.scan(bytes, runs: &runs)
      try scanner.finish(remaining: bytes.count - consumed)
    } catch {
      _ = error.placeText
    }
    guard let base = bytes.baseAddress else { return 0 }
    format(runs, base, metadata: metadata, version: version, tsOut: tsOut)
    resolve(runs, base, metadata: metadata, version: version)
    return scanner.recordCount
  }

  private static func format(
    _ runs: [RecordRun], _ base: UnsafeRawPointer, metadata: DBNMetadata?, version: Int,
    tsOut: Bool
  ) {
    for format in DBNTextOptions.Format.allCases {
      for isRaw in [true, false] {
        var options = DBNTextOptions()
        options.format = format
        options.isRaw = isRaw
        let formatter = TextFormatter(version: version, tsOut: tsOut, options: options)
        var names = PrintedSymbols(metadata: metadata)
        let out = ByteBuffer()
        for run in runs {
          if run.kind == .symbolMapping { names.observe(base + run.start, version: version) }
          formatter.append(run, of: base, names: names, to: out)
          out.removeAll()
        }
      }
    }
  }

  private static func resolve(
    _ runs: [RecordRun], _ base: UnsafeRawPointer, metadata: DBNMetadata?, version: Int
  ) {
    var resolver = SymbolResolver(metadata: metadata)
    for run in runs {
      for index in 0..<run.count {
        let record = UnsafeRawBufferPointer(
          start: base + run.start + index * run.stride, count: run.stride)
        if run.kind == .definition { resolver.observe(definition: record, version: version) }
        if run.kind == .symbolMapping {
          resolver.observe(symbolMapping: record, version: version)
        }
        let id = base.loadLE(run.start + index * run.stride + 4, as: UInt32.self)
        let time = base.loadLE(run.start + index * run.stride + 8, as: UInt64.self)
        _ = resolver.resolve(instrumentID: id, day: Int(time / UInt64(CivilDate.nanosecondsPerDay)))
      }
    }
  }
}
