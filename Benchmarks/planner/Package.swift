// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "planner-benchmark",
  dependencies: [.package(name: "TFLiteRuntime", path: "../..")],
  targets: [
    .executableTarget(
      name: "planner-benchmark",
      dependencies: [.product(name: "TFLiteRuntime", package: "TFLiteRuntime")],
      swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error)])
  ]
)
