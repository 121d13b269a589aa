import Catalog
import CommandLineKit
import Databento
import HTTP
import JSON
import Massive
import Platform
import Query

/// Checks the vendors' keys and addresses without buying anything.
struct VendorsCommand: Command {
  static let spec = CommandSpec(
    name: "vendors",
    summary: "Check the keys of the data vendors and what they open; nothing is bought.",
    operands: [
      OperandSpec("check", help: "The only thing to do."),
      OperandSpec("VENDOR", help: "databento or massive; both when not given.", isOptional: true),
    ],
    notes: [
      "Keys are looked for in the environment (DATABENTO_API_KEY; MASSIVE_API_KEY, else POLYGON_API_KEY), in the file "
        + "that lake.yaml names, and in a '.env' beside lake.yaml or in this folder. They are never shown. A '.env' "
        + "that others can read is refused.",
      "Ends with status 1 when a key is not accepted, or none is found.",
    ],
    examples: [
      Example("lake vendors check", "which keys are found, and which datasets they open"),
      Example("lake vendors check databento", "one vendor only"),
    ])

  private let vendors: [Vendor]
  private let isOne: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    _ = try arguments.operandChoice("check")
    guard let name = try arguments.optionalOperand("VENDOR") else {
      vendors = Vendor.allCases
      isOne = false
      return
    }
    let known = Vendor.allCases.map(\.rawValue)
    guard let vendor = Vendor(rawValue: name) else {
      throw UsageError(
        .badValue, "VENDOR is '\(name)', expected databento or massive",
        remedy: NearestNames.question(name, among: known), command: Self.spec.name)
    }
    vendors = [vendor]
    isOne = true
  }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLakeIfAny()
    let findings = vendors.map { VendorFinding($0, lake: lake, context: context) }
    for finding in findings {
      if context.isJSON { context.print(finding.json) }
      // A missing key is an error only if the vendor was named.
      if let error = finding.error, finding.key != nil || !finding.isWithoutKey || isOne {
        context.report(error)
      }
    }
    try context.checkInterruption()
    if context.isJSON {
      var summary = Summary()
      summary.add("vendors", .count(findings.count))
      summary.add("keys", .count(findings.count { $0.key != nil }))
      summary.add("accepted", .count(findings.count { $0.answer != nil }))
      context.print(summary)
    } else {
      show(findings, in: context)
    }
    let hasFailed = findings.contains { $0.error != nil && !$0.isWithoutKey }
    return hasFailed || findings.allSatisfy({ $0.answer == nil }) ? .findings : .done
  }

  private func show(_ findings: [VendorFinding], in context: Context) {
    var table = TextTable([
      ("VENDOR", .left), ("KEY", .left), ("ADDRESS", .left), ("ANSWER", .left),
    ])
    for finding in findings {
      table.add([
        finding.vendor.rawValue, finding.key ?? "none", finding.url,
        finding.answer ?? (finding.key == nil ? "not asked" : "no use, see above"),
      ])
    }
    context.print(table)
    if findings.allSatisfy({ $0.key == nil && $0.isWithoutKey }), !isOne {
      context.say(
        "no key is set: export \(findings[0].vendor.keyVariables[0])=…, or write it into a '.env' "
          + "beside lake.yaml (chmod 600)")
    }
  }
}

/// The result of checking one vendor.
private struct VendorFinding {
  let vendor: Vendor
  let url: String
  /// Source of the key.
  var key: String?
  /// What the key gives access to, as text.
  var answer: String?
  var datasets: [String] = []
  var error: (any Error)?

  /// Whether there is no key at all, as opposed to an unsafe or malformed one.
  var isWithoutKey: Bool { key == nil && (error as? CatalogError)?.code == .noKey }

  init(_ vendor: Vendor, lake: Lake?, context: Context) {
    self.vendor = vendor
    let fallback = context.environment[vendor.urlVariable].flatMap { $0.isEmpty ? nil : $0 }
    url = AddressText.redacted(
      address:
        lake?.config.vendor(vendor).url ?? fallback ?? vendor.standardURL)
    do {
      let access = try context.openVendor(vendor, lake: lake)
      key = access.key.origin
      try ask(access)
    } catch {
      self.error = error
    }
  }

  private mutating func ask(_ access: VendorAccess) throws {
    switch vendor {
    case .databento:
      let client = DatabentoClient(http: access.http, baseURL: access.baseURL, key: access.key)
      datasets = try client.listDatasets().map { access.http.redactor.redact($0) }
      let names = datasets.joined(separator: ", ")
      answer = "\(datasets.count) dataset\(datasets.count == 1 ? "" : "s"): \(names)"
    case .massive:
      let client = MassiveClient(http: access.http, baseURL: access.baseURL, key: access.key)
      answer =
        "key accepted; the market is "
        + access.http.redactor.redact(try client.marketStatus())
    }
  }

  var json: String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "vendor")
    json.member("vendor", vendor.rawValue)
    json.member("url", url)
    json.member("key_found", key != nil)
    json.member("key_origin", key)
    json.member("accepted", answer != nil)
    json.member("datasets", datasets)
    json.member("answer", answer)
    json.endObject()
    return json.string
  }
}
