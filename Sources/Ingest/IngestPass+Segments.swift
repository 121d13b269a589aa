import Columnar
import Parquet
import Platform
import Tables

extension IngestPass {
  /// Makes the assembler of segments of `target` for one source.
  func assembler(
    _ plan: RowPlan, target: TableTarget, lookup: StoredLookup, pool: WorkPool,
    gathersSymbols: Bool = false
  ) throws -> SegmentAssembler {
    let keyColumns = target.schema.keyColumns
    if options.overlap == .append && !keyColumns.isEmpty {
      throw PassError(
        .usage, "the table '\(target.name)' has a key, and --overlap append would store it twice",
        remedy:
          "leave --overlap out: equal rows are left out, others with a known key are quarantined")
    }
    var writerOptions = WriterOptions()
    // Symbol and index, and a second number if rows are sorted by one.
    writerOptions.sortingColumns = target.schema.sortingColumns(
      plan.order.sequence == nil ? 2 : 3)
    return SegmentAssembler(
      plan: plan,
      settings: SegmentAssembler.Settings(
        stagingDirectory: run.directory, filePrefix: nextFilePrefix(), options: writerOptions,
        merge: StoredMerge.Settings(
          keyColumns: keyColumns, policy: options.overlap, budget: options.memoryByteCount,
          memory: mergeMemory),
        stored: lookup, syncer: syncer, gathersSymbols: gathersSymbols),
      pool: pool)
  }

  /// Makes the sink that sorts one source's rows for `assembler`.
  func sink(
    _ plan: RowPlan, _ assembler: SegmentAssembler, texts: StringTable, mayClose: Bool
  ) -> RowSink {
    RowSink(
      plan: plan, texts: texts, spillDirectory: run.directory, mayClose: mayClose,
      mayEncodeEarly: { sink, partition, slot in
        try assembler.mayEncodeEarly(partition, slot: slot, texts: sink.texts.values)
      },
      encodeEarly: { sink, partition, slot, run in
        try assembler.encodeEarly(
          partition, slot: slot, run: run, texts: sink.texts.values, rowPool: sink.pool)
      },
      close: { sink, partition in
        assembler.close(partition, texts: sink.texts.values, rowPool: sink.pool)
      })
  }
}
