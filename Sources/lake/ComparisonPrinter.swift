import CommandLineKit
import JSON
import Platform
import Query

/// Prints what a comparison found.
struct ComparisonPrinter {
  private let report: ComparisonReport
  private let operands: [String]
  private let tolerance: Double
  private let grouping: [ComparisonGrouping]
  private let elapsed: Double

  init(
    _ report: ComparisonReport, operands: [String], tolerance: Double,
    grouping: [ComparisonGrouping], elapsed: Double
  ) {
    self.report = report
    self.operands = operands
    self.tolerance = tolerance
    self.grouping = grouping
    self.elapsed = elapsed
  }

  func print(in context: Context) {
    if context.isJSON { printObjects(in: context) } else { printTables(in: context) }
    var summary = Summary()
    summary.add("a", .text(operands[0]))
    summary.add("b", .text(operands[1]))
    summary.add("rows_a", label: "rows of a", .count(report.leftCount))
    summary.add("rows_b", label: "rows of b", .count(report.rightCount))
    summary.add("paired", label: "rows of both", .count(report.pairedCount))
    summary.add("equal", label: "equal in every column", .count(report.equalCount))
    summary.add("beyond", label: "beyond the tolerance", .count(report.beyondCount))
    summary.add("missing", label: "only in a", .count(report.missingCount))
    summary.add("extra", label: "only in b", .count(report.extraCount))
    summary.add("key", label: "paired by", .text(report.keyNames.joined(separator: ", ")))
    if !report.onlyLeft.isEmpty {
      summary.add("columns_a", label: "columns only of a", .texts(report.onlyLeft))
    }
    if !report.onlyRight.isEmpty {
      summary.add("columns_b", label: "columns only of b", .texts(report.onlyRight))
    }
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    context.print(summary)
  }

  private func printTables(in context: Context) {
    var list = TextTable([
      ("COLUMN", .left), ("EQUAL", .right), ("WITHIN", .right), ("BEYOND", .right),
      ("LARGEST", .right),
    ])
    for column in report.columns {
      list.add([
        column.name, Quantity.count(column.equalCount), Quantity.count(column.withinCount),
        Quantity.count(column.beyondCount), Self.percent(column.largest),
      ])
    }
    context.print(list)
    if !grouping.isEmpty { printGroups(in: context) }
    for column in report.columns {
      for row in column.worst {
        context.printText(
          "\(column.name)  \(row.key)  a=\(row.left) b=\(row.right)"
            + (row.difference.map { "  " + Self.percent($0) } ?? ""))
      }
    }
    for key in report.missing { context.printText("only in a  \(key)") }
    for key in report.extra { context.printText("only in b  \(key)") }
  }

  private func printGroups(in context: Context) {
    var list = TextTable(
      grouping.map { ($0.rawValue.uppercased(), .left) } + [
        ("PAIRED", .right), ("BEYOND", .right), ("ONLY A", .right), ("ONLY B", .right),
      ])
    for group in report.groups {
      list.add(
        group.names + [
          Quantity.count(group.pairedCount), Quantity.count(group.beyondCount),
          Quantity.count(group.missingCount), Quantity.count(group.extraCount),
        ])
    }
    context.print(list)
  }

  /// A share, with the digits that matter.
  private static func percent(_ share: Double) -> String {
    if share == 0 { return "0" }
    let percent = share * 100
    if percent < 0.001 { return "< 0.001 %" }
    let text = "\((percent * 1000).rounded() / 1000)"
    return (text.hasSuffix(".0") ? String(text.dropLast(2)) : text) + " %"
  }

  private func printObjects(in context: Context) {
    func print(_ members: [(String, JSONValue)]) {
      context.print(JSONValue.object(JSONObject(members)).description)
    }
    for column in report.columns {
      print([
        ("type", .string("column")), ("column", .string(column.name)),
        ("equal", .integer(Int64(column.equalCount))),
        ("within", .integer(Int64(column.withinCount))),
        ("beyond", .integer(Int64(column.beyondCount))), ("largest", .number("\(column.largest)")),
      ])
      for row in column.worst {
        var members: [(String, JSONValue)] = [
          ("type", .string("row")), ("column", .string(column.name)), ("key", .string(row.key)),
          ("a", .string(row.left)), ("b", .string(row.right)),
        ]
        if let difference = row.difference {
          members.append(("difference", .number("\(difference)")))
        }
        print(members)
      }
    }
    for (side, keys) in [("a", report.missing), ("b", report.extra)] {
      for key in keys {
        print([("type", .string("only")), ("side", .string(side)), ("key", .string(key))])
      }
    }
    for group in report.groups {
      var members: [(String, JSONValue)] = [("type", .string("group"))]
      for (part, name) in zip(grouping, group.names) {
        members.append((part.rawValue, .string(name)))
      }
      members += [
        ("paired", .integer(Int64(group.pairedCount))),
        ("beyond", .integer(Int64(group.beyondCount))),
        ("missing", .integer(Int64(group.missingCount))),
        ("extra", .integer(Int64(group.extraCount))),
      ]
      print(members)
    }
  }
}
