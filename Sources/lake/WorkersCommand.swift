import Catalog
import Columnar
import CommandLineKit
import Downloads
import JSON
import Platform
import Query

/// Lists the running download workers, and stops them.
struct WorkersCommand: Command {
  static let spec = CommandSpec(
    name: "workers",
    summary: "Show what the workers of running downloads do, or stop one after its unit.",
    operands: [
      OperandSpec(
        "list|stop", help: "list shows them (the default); stop ends one, or a process's."),
      OperandSpec("ID", help: "Like 4711.2, or 4711 for all of that process.", isOptional: true),
    ],
    notes: [
      "A worker that is stopped finishes the unit it is at. The download goes on with the others; without any, "
        + "it ends and says what is left. The same command again goes on from there."
    ],
    examples: [
      Example("lake workers list", "what runs, how fast, and what is stalled"),
      Example("lake workers stop 4711", "end a download when its current units are stored"),
    ])

  let verb: String
  let id: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    verb = try arguments.operandChoice("list|stop")
    id = try arguments.optionalOperand("ID")
    if verb == "stop" && id == nil {
      throw UsageError(
        .missingOperand, "workers stop needs ID", remedy: "lake workers list",
        command: Self.spec.name)
    }
    if verb == "list", let id {
      throw UsageError(
        .unexpectedOperand, "unexpected argument '\(id)'", remedy: "lake workers list",
        command: Self.spec.name)
    }
  }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLake()
    if let id { return try stop(id, lake, context) }
    let workers = try WorkerStatus.all(lake)
    let now = Clock.nanoseconds()
    var table = TextTable([
      ("ID", .left), ("JOB", .left), ("FETCHES", .left), ("SINCE", .right), ("BYTES", .right),
      ("SPEED", .right), ("LAST PROGRESS", .right), ("DONE", .right), ("STATE", .left),
    ])
    for worker in workers {
      let seconds = Double(max(0, now - worker.startedAt)) / 1e9
      let silence = Double(max(0, now - worker.progressedAt)) / 1e9
      let speed = worker.unit == nil ? 0 : Double(worker.byteCount) / max(seconds, 1e-3)
      let state = state(worker, now)
      table.add([
        worker.id, worker.job, worker.unit ?? "-",
        worker.unit == nil ? "-" : Quantity.duration(seconds), Quantity.bytes(worker.byteCount),
        Quantity.bytes(Int(speed)) + "/s", Quantity.duration(silence) + " ago",
        "\(worker.unitCount)", state,
      ])
      if context.isJSON { context.print(json(worker, state: state, speed: speed)) }
    }
    if !context.isJSON && !workers.isEmpty { context.print(table) }
    var summary = Summary()
    summary.add("workers", .count(workers.count))
    summary.add("stalled", .count(workers.count { $0.isStalled(at: now) }))
    context.print(summary)
    return .done
  }

  private func state(_ worker: WorkerStatus, _ now: Int64) -> String {
    if worker.isStalled(at: now) { return worker.isStopping ? "stalled, stopping" : "stalled" }
    if worker.isStopping { return "stopping" }
    return worker.unit == nil ? "waiting" : "fetching"
  }

  private func json(_ worker: WorkerStatus, state: String, speed: Double) -> String {
    func text(_ time: Int64) -> JSONValue {
      .string(TimeText.iso(nanoseconds: time, digits: 9))
    }
    var members: [(String, JSONValue)] = [
      ("type", .string("worker")), ("id", .string(worker.id)), ("job", .string(worker.job)),
      ("state", .string(state)), ("symbols", .array(worker.symbols.map { .string($0) })),
      ("units_done", .integer(worker.unitCount)), ("bytes", .integer(worker.byteCount)),
      ("bytes_per_second", .integer(Int(speed))), ("progressed_at", text(worker.progressedAt)),
    ]
    if let unit = worker.unit { members.append(("unit", .string(unit))) }
    return JSONValue.object(JSONObject(members)).description
  }

  private func stop(_ id: String, _ lake: Lake, _ context: Context) throws -> ExitStatus {
    let told = try WorkerStatus.stop(id, in: lake)
    if told.isEmpty {
      throw UsageError(
        .badValue, "no worker '\(id)' is at work in this lake", remedy: "lake workers list",
        command: Self.spec.name)
    }
    for worker in told { context.say("told \(worker) to stop after its unit") }
    var summary = Summary()
    summary.add("stopped", .count(told.count))
    context.print(summary)
    return .done
  }
}
