// swift-tools-version: 6.2
import PackageDescription

// One libFuzzer program for each decoder of hostile bytes; tools/fuzz builds and runs them. What they call is
// FuzzTargets, a target of the package of lake itself, whose tests run it too.
let package = Package(
  name: "lake-fuzz",
  dependencies: [.package(name: "lake", path: "../..")],
  targets: [
    .systemLibrary(name: "CFuzzer"),
    .target(name: "FuzzDriver", dependencies: ["CFuzzer"]),
  ]
    + ["JSON", "DBN", "CSV", "Massive", "Delta", "Parquet"].map { decoder in
      .executableTarget(
        name: "Fuzz\(decoder)",
        dependencies: ["FuzzDriver", .product(name: "FuzzTargets", package: "lake")])
    }
)
