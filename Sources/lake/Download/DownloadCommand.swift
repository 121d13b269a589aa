import Catalog
import CommandLineKit
import Platform
import Query

/// Downloads market data from a vendor, unless it is in the lake already.
struct DownloadCommand: JobCommand {
  static let spec = CommandSpec(
    name: "download",
    summary: "Fetch from a vendor what is not in the lake yet, day by day, and never pay twice.",
    operands: [
      OperandSpec(
        "VENDOR", help: "databento, massive, or the name of a download in lake.yaml.",
        isOptional: true),
      OperandSpec(
        "KIND", help: "Of massive: bars, options, indices or news.", isOptional: true),
    ],
    flags: DownloadFlags.all,
    notes: [
      "What is asked for less what the coverage ledger knows is fetched, in units of a day (bars of Databento: a month). "
        + "Each unit is stored whole or not at all: run the same command again after any failure, and it goes on.",
      "Rows that files brought only claim their interval: Databento's count of records, which is free, says whether they are "
        + "all; then nothing is bought. Else, and of Massive, which has no such count, the interval is fetched and takes their "
        + "place; rows that the vendor lacks go to quarantine.",
      "Before Databento's data is bought, its price is shown; --plan stops there. --max-usd, and "
        + "usd_max and usd_month_max of lake.yaml, refuse what costs more.",
      "Keys come from DATABENTO_API_KEY, and MASSIVE_API_KEY or POLYGON_API_KEY, or a '.env' file; never from a flag. "
        + "Exit status: 0 done, 1 some units failed or are not in the plan, 2 the job failed.",
    ],
    examples: [
      Example(
        "lake download databento --dataset GLBX.MDP3 --schema ohlcv-1s --symbols ES.c.0 "
          + "--stype-in continuous --start 2024-01-01 --end 2024-02-29 --max-usd 20",
        "two months of bars"),
      Example(
        "lake download databento --dataset XNAS.ITCH --schema ohlcv-1d,mbp-1 --symbols SPY "
          + "--start 2024-01-02 --end 2024-01-02 --plan", "compare records, bytes and price"),
      Example(
        "lake download massive bars --symbols SPY,QQQ --start 2025-03-01 --end 2025-03-31",
        "minute bars of stocks"),
      Example("lake download --all", "every download of lake.yaml"),
    ])

  let target: String?
  let kind: String?
  let flags: DownloadFlags
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    target = try arguments.optionalOperand("VENDOR")
    kind = try arguments.optionalOperand("KIND")
    flags = try DownloadFlags(arguments)
    label = arguments.value(FlagSpec.label.name)
    if target == nil && !flags.isAll {
      throw UsageError(
        .missingOperand, "download needs VENDOR or the name of a download",
        remedy: "lake download databento …, lake download massive …, or lake download --all",
        command: Self.spec.name)
    }
    if let kind, target != Vendor.massive.rawValue {
      throw UsageError(
        .unexpectedOperand, "unexpected argument '\(kind)'",
        remedy: "only massive has kinds: lake download massive bars", command: Self.spec.name)
    }
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    let orders = try orders(lake)
    if !flags.isDryRun { recorder.begin(in: lake) }
    if orders.count == 1 { return try run(orders[0], lake, context, recorder) }
    var status = ExitStatus.done
    for order in orders {
      if context.isInterrupted { return .interrupted }
      context.say("download \(order.title)")
      do {
        status = status.worse(try run(order, lake, context, recorder))
      } catch {
        // The next order may have another vendor or key.
        context.report(error)
        status = status.worse(.failed)
      }
    }
    return status
  }

  private func run(
    _ order: DownloadOrder, _ lake: Lake, _ context: Context, _ recorder: JobRecorder
  ) throws -> ExitStatus {
    switch order.vendor {
    case .databento: try DatabentoJob(order, lake: lake, context: context, recorder).run()
    case .massive: try MassiveJob(order, lake: lake, context: context, recorder).run()
    }
  }

  /// The orders: from the flags, or from entries of lake.yaml.
  private func orders(_ lake: Lake) throws -> [DownloadOrder] {
    if flags.isAll {
      let entries = lake.config.downloads
      if entries.isEmpty {
        throw UsageError(
          .badValue, "lake.yaml has no downloads", remedy: "write some below 'downloads:'",
          command: Self.spec.name)
      }
      return entries.map { DownloadOrder($0, flags) }
    }
    switch target {
    case Vendor.databento.rawValue: return [DownloadOrder(.databento, kind: nil, flags)]
    case Vendor.massive.rawValue:
      let kinds = DownloadConfig.kinds
      guard let kind, kinds.contains(kind) else {
        throw UsageError(
          kind == nil ? .missingOperand : .badValue,
          kind.map { "massive has no '\($0)'" } ?? "download massive needs KIND",
          remedy: kind.flatMap { NearestNames.question($0, among: kinds) }
            ?? "lake download massive " + kinds.joined(separator: "|"), command: Self.spec.name)
      }
      return [DownloadOrder(.massive, kind: kind, flags)]
    default:
      return [DownloadOrder(try lake.config.requireDownload(named: target ?? ""), flags)]
    }
  }
}
