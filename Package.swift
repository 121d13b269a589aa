// swift-tools-version: 6.2
import PackageDescription

// The rooms, lowest first. An arrow may only point to a room above it in this file.
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
  name: "lake",
  products: [
    .executable(name: "lake", targets: ["lake"]),
    // For tools/fuzz-package.
    .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
  ],
  targets: [
    .systemLibrary(name: "CKernels"),
    .systemLibrary(name: "CSystem"),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CBrotli", providers: [.apt(["libbrotli-dev"])]),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(name: "Platform", dependencies: ["CSystem"], swiftSettings: strict),
    .target(name: "Bytes", dependencies: ["CKernels"], swiftSettings: strict),
    .target(name: "Columnar", dependencies: ["Bytes"], swiftSettings: strict),
    .target(
      name: "Compression",
      dependencies: ["Platform", "Bytes", "CZstd", "CLZ4", "CZlib", "CBrotli", "CSystem"],
      swiftSettings: strict),
    .target(name: "JSON", dependencies: ["Platform"], swiftSettings: strict),
    .target(
      name: "Parquet",
      dependencies: ["Platform", "Bytes", "Compression", "Columnar", "CKernels", "CSystem"],
      swiftSettings: strict),
    .target(name: "Storage", dependencies: ["Platform", "CSystem"], swiftSettings: strict),
    .target(
      name: "DeltaLog",
      dependencies: ["Platform", "Bytes", "Columnar", "JSON", "Parquet", "Storage", "CSystem"],
      swiftSettings: strict),
    .target(
      name: "HTTP", dependencies: ["Platform", "Bytes", "Columnar", "JSON", "CCurl", "CSystem"],
      swiftSettings: strict),
    .target(
      name: "Market", dependencies: ["Platform", "Bytes", "Columnar", "CSystem"],
      swiftSettings: strict),
    .target(
      name: "Databento",
      dependencies: [
        "Platform", "Bytes", "Compression", "Columnar", "JSON", "Market", "HTTP", "CSystem",
      ],
      swiftSettings: strict),
    .target(
      name: "Massive", dependencies: ["Platform", "Bytes", "Columnar", "JSON", "Market", "HTTP"],
      swiftSettings: strict),
    .target(
      name: "Simulation",
      dependencies: [
        "Platform", "Bytes", "Columnar", "Market", "Databento", "CSystem",
      ],
      swiftSettings: strict),
    .target(
      name: "Catalog",
      dependencies: [
        "Platform", "Bytes", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog", "Market", "HTTP",
        "CYAML", "CSystem",
      ],
      swiftSettings: strict),
    .target(
      name: "Tables",
      dependencies: [
        "Platform", "Bytes", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog", "Market",
        "Catalog", "CSystem",
      ],
      swiftSettings: strict),
    .target(
      name: "Ledger",
      dependencies: [
        "Platform", "Bytes", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog", "Market",
        "Catalog", "Tables", "CSystem",
      ],
      swiftSettings: strict),
    .target(
      name: "RowSources",
      dependencies: [
        "Platform", "Bytes", "Compression", "Columnar", "JSON", "Parquet", "DeltaLog", "Market",
        "Databento", "Massive", "Catalog", "Tables", "CZlib", "CSystem",
      ],
      swiftSettings: strict),
    .target(
      name: "Ingest",
      dependencies: [
        "Platform", "Bytes", "Compression", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog",
        "Market", "Databento", "Massive", "Catalog", "Tables", "Ledger", "RowSources", "CKernels",
        "CSystem",
      ],
      swiftSettings: strict),
    .target(
      name: "Export",
      dependencies: [
        "Platform", "Bytes", "Compression", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog",
        "Market", "Databento", "Catalog", "Tables", "Ledger", "Ingest",
      ],
      swiftSettings: strict),
    .target(
      name: "Downloads",
      dependencies: [
        "Platform", "Bytes", "Compression", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog",
        "Market", "HTTP", "Databento", "Massive", "Catalog", "Tables", "Ledger", "RowSources",
        "Ingest", "CSystem",
      ],
      swiftSettings: strict),
    .target(
      name: "Passes",
      dependencies: [
        "Platform", "Bytes", "Compression", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog",
        "Market", "Catalog", "Tables", "Ledger",
      ],
      swiftSettings: strict),
    .target(
      name: "Query",
      dependencies: [
        "Platform", "Bytes", "Compression", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog",
        "Market", "Catalog", "CSystem",
      ],
      swiftSettings: strict),
    .target(name: "CommandLineKit", dependencies: ["Platform", "CSystem"], swiftSettings: strict),
    .executableTarget(
      name: "lake",
      dependencies: [
        "Platform", "Bytes", "Compression", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog",
        "Market", "HTTP", "Databento", "Massive", "Catalog", "Tables", "Ledger", "RowSources",
        "Simulation", "Ingest", "Export", "Downloads", "Passes", "Query", "CommandLineKit",
        "CSystem",
      ],
      swiftSettings: strict),
    .target(name: "TestSupport", dependencies: ["Storage", "HTTP"], path: "Tests/TestSupport"),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Bytes", "Columnar", "JSON", "Parquet", "DeltaLog", "Market", "Databento", "Massive",
        "RowSources", "TestSupport",
      ],
      path: "tools/fuzz-package/FuzzTargets"),
    .testTarget(name: "PlatformTests", dependencies: ["Platform", "TestSupport"]),
    .testTarget(name: "BytesTests", dependencies: ["Bytes", "TestSupport"]),
    .testTarget(
      name: "CompressionTests", dependencies: ["Compression", "Bytes", "CSystem", "TestSupport"]),
    .testTarget(name: "ColumnarTests", dependencies: ["Columnar", "TestSupport"]),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),
    .testTarget(name: "MarketTests", dependencies: ["Market", "Columnar", "TestSupport"]),
    .testTarget(
      name: "ParquetTests",
      dependencies: ["Parquet", "Compression", "Columnar", "Bytes", "FuzzTargets", "TestSupport"]),
    .testTarget(
      name: "DeltaLogTests",
      dependencies: [
        "DeltaLog", "Storage", "JSON", "Parquet", "Columnar", "Platform", "FuzzTargets",
        "TestSupport",
      ]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "Platform", "TestSupport"]),
    .testTarget(name: "HTTPTests", dependencies: ["HTTP", "TestSupport"]),
    .testTarget(
      name: "DatabentoTests",
      dependencies: [
        "Databento", "HTTP", "Compression", "Columnar", "Market", "Platform", "Bytes",
        "FuzzTargets", "TestSupport",
      ]),
    .testTarget(
      name: "SimulationTests",
      dependencies: ["Simulation", "Databento", "Columnar", "Market", "TestSupport"]),
    .testTarget(
      name: "MassiveTests",
      dependencies: ["Massive", "Columnar", "JSON", "Market", "HTTP", "Bytes", "TestSupport"]),
    .testTarget(
      name: "CatalogTests",
      dependencies: [
        "Catalog", "Columnar", "Databento", "DeltaLog", "HTTP", "Market", "Storage", "TestSupport",
      ]),
    .testTarget(
      name: "TablesTests",
      dependencies: [
        "Tables", "Catalog", "DeltaLog", "Parquet", "Columnar", "Storage", "Platform", "Bytes",
        "TestSupport",
      ]),
    .target(
      name: "LakeTestSupport",
      dependencies: [
        "Bytes", "Columnar", "Parquet", "DeltaLog", "Databento", "Catalog", "Ingest", "TestSupport",
      ],
      path: "Tests/LakeTestSupport"),
    .testTarget(
      name: "LedgerTests",
      dependencies: [
        "Platform", "Bytes", "JSON", "Parquet", "DeltaLog", "Market", "Databento", "Catalog",
        "Tables", "Ledger", "LakeTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "RowSourcesTests",
      dependencies: ["Columnar", "Parquet", "Market", "RowSources", "FuzzTargets", "TestSupport"]),
    .testTarget(
      name: "IngestTests",
      dependencies: [
        "Bytes", "Columnar", "JSON", "Parquet", "Storage", "DeltaLog", "Databento", "Catalog",
        "Tables", "Ledger", "RowSources", "Ingest", "CKernels", "LakeTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "ExportTests",
      dependencies: [
        "Bytes", "Columnar", "Databento", "Catalog", "Tables", "Ingest", "Export", "Passes",
        "LakeTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "DownloadsTests",
      dependencies: [
        "Platform", "JSON", "Market", "Databento", "Catalog", "Tables", "Ledger", "RowSources",
        "Ingest", "Downloads", "LakeTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "PassesTests",
      dependencies: [
        "Bytes", "Columnar", "Parquet", "DeltaLog", "Catalog", "Tables", "Ledger", "Ingest",
        "Passes", "LakeTestSupport", "TestSupport",
      ]),
    .testTarget(
      name: "EngineTests",
      dependencies: ["Passes", "Tables", "Catalog", "DeltaLog", "Bytes", "TestSupport"]),
    .testTarget(
      name: "QueryTests",
      dependencies: [
        "Query", "Catalog", "Compression", "Columnar", "Market", "Parquet", "DeltaLog", "Storage",
        "Platform", "Bytes", "TestSupport",
      ]),
    .testTarget(
      name: "CommandLineKitTests", dependencies: ["CommandLineKit", "Platform", "TestSupport"]),
    .testTarget(name: "lakeTests", dependencies: ["TestSupport"]),
  ]
)
