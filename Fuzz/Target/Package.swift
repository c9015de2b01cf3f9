// swift-tools-version: 6.2
import PackageDescription

// A package of its own: its programs only link in the instrumented build that ../run makes. Reasons: ../../docs/decisions/0006-fuzzing.md.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "Fuzz",
  dependencies: [.package(name: "TFLiteRuntime", path: "../..")],
  targets: [
    .target(
      name: "ModelMutator", dependencies: [.product(name: "TFLiteRuntime", package: "TFLiteRuntime")],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "fuzz-models",
      dependencies: [
        "ModelMutator", .product(name: "TFLiteRuntime", package: "TFLiteRuntime"),
        .product(name: "Delegates", package: "TFLiteRuntime"),
      ],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "fuzz-caches",
      dependencies: [
        .product(name: "TFLiteRuntime", package: "TFLiteRuntime"),
        .product(name: "Delegates", package: "TFLiteRuntime"),
      ],
      swiftSettings: swiftSettings),
  ]
)
