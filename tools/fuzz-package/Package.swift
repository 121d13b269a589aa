// swift-tools-version: 6.2
import PackageDescription

// One libFuzzer program for each decoder of hostile bytes; tools/fuzz builds and runs them.
let decoders = ["JSON": "JSON"]

let package = Package(
  name: "lake-fuzz",
  dependencies: [.package(name: "lake", path: "../..")],
  targets: [.systemLibrary(name: "CFuzzer")]
    + decoders.map { decoder, module in
      .executableTarget(
        name: "Fuzz\(decoder)", dependencies: ["CFuzzer", .product(name: module, package: "lake")])
    }
)
