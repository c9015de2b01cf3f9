// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "HTTPService",
  dependencies: [
    // Without the trait Server, since this is a server of its own.
    .package(name: "TFLiteRuntime", path: "../..", traits: []),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
  ],
  targets: [
    .executableTarget(
      name: "HTTPService",
      dependencies: [
        .product(name: "TFLiteRuntime", package: "TFLiteRuntime"),
        .product(name: "Delegates", package: "TFLiteRuntime"),
        .product(name: "ImageFiles", package: "TFLiteRuntime"),
        .product(name: "Hummingbird", package: "hummingbird"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)])
  ]
)
