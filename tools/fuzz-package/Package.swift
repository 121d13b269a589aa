// swift-tools-version: 6.2
import PackageDescription

// One libFuzzer program for each decoder of hostile bytes; tools/fuzz builds and runs them.
let decoders = [
  "JSON": "JSON", "DBN": "Databento", "CSV": "RowSources", "Massive": "Massive", "Delta": "DeltaLog", "Parquet": "Parquet",
]

let package = Package(
  name: "lake-fuzz",
  dependencies: [.package(name: "lake", path: "../..")],
  targets: [
    .systemLibrary(name: "CFuzzer"),
    .target(name: "FuzzDriver", dependencies: ["CFuzzer"]),
  ]
    + decoders.map { decoder, module in
      .executableTarget(
        name: "Fuzz\(decoder)",
        dependencies: ["FuzzDriver", .product(name: module, package: "lake")])
    }
)
