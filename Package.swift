// swift-tools-version: 6.2
import PackageDescription

// Every Swift target builds with the same strictness. Reasons: docs/decisions/0001-package.md.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  // SE-0335, SE-0409, SE-0444
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // A property of `Operands` hands out a `MutableSpan` of memory that the interpreter owns.
  .enableExperimentalFeature("Lifetimes"),
]

let testSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

let cSettings: [CSetting] = [
  .define("NDEBUG", .when(configuration: .release))
]

let package = Package(
  name: "TFLiteRuntime",
  products: [
    .library(name: "TFLiteRuntime", targets: ["TFLiteRuntime"]),
    // With what a custom operator is written in.
    .library(name: "Kernels", targets: ["Kernels", "TensorTypes"]),
    .library(name: "Delegates", targets: ["Delegates"]),
    .library(name: "TensorFlowLite", targets: ["TensorFlowLite"]),
    // Decoding and resizing PNG and JPEG pictures.
    .library(name: "ImageFiles", targets: ["ImageFiles"]),
    .library(name: "OperatorLibraries", targets: ["OperatorLibraries"]),
    .executable(name: "tflite", targets: ["tflite"]),
  ],
  traits: [
    .default(enabledTraits: ["Server"]),
    .trait(
      name: "Server", description: "`tflite serve`, with its HTTP and gRPC packages; by far most of a first build."),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    // Only InferenceServer uses these.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
  ],
  targets: [
    // Leaves.
    .target(name: "FlatBuffers", swiftSettings: swiftSettings),
    .target(name: "CKernels", cSettings: cSettings),
    .systemLibrary(
      name: "CPThreadPool", providers: [.apt(["libpthreadpool-dev"])]),
    .systemLibrary(
      name: "CXNNPack", providers: [.apt(["libxnnpack-dev", "libpthreadpool-dev"])]),
    .target(name: "TensorTypes", dependencies: ["FlatBuffers"], swiftSettings: swiftSettings),

    // The runtime.
    .target(
      name: "Kernels", dependencies: ["TensorTypes", "FlatBuffers", "CKernels", "CPThreadPool"],
      swiftSettings: swiftSettings),
    .target(
      name: "TFLiteRuntime", dependencies: ["TensorTypes", "FlatBuffers", "Kernels", "CKernels"],
      swiftSettings: swiftSettings),
    .target(
      name: "Delegates", dependencies: ["TFLiteRuntime", "TensorTypes", "FlatBuffers", "Kernels", "CXNNPack"],
      swiftSettings: swiftSettings),

    // Source compatible with TensorFlowLiteSwift.
    .target(
      name: "TensorFlowLite", dependencies: ["TFLiteRuntime", "Delegates", "Kernels", "TensorTypes", "FlatBuffers"],
      swiftSettings: swiftSettings),

    // Operators in shared libraries.
    .target(name: "COperatorInterface", cSettings: cSettings),
    .target(
      name: "OperatorLibraries", dependencies: ["Kernels", "TensorTypes", "FlatBuffers", "COperatorInterface"],
      swiftSettings: swiftSettings),

    // The command line.
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CImageCodecs", cSettings: cSettings, linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    // Files and compressed data; structures of C headers that packages of the server have modules for too.
    .target(name: "SystemInterface", dependencies: ["FlatBuffers", "CZlib"], swiftSettings: swiftSettings),
    .target(name: "TensorFiles", dependencies: ["SystemInterface", "CZlib"], swiftSettings: swiftSettings),
    .target(name: "ImageFiles", dependencies: ["CImageCodecs"], swiftSettings: swiftSettings),
    .target(name: "JSONText", swiftSettings: swiftSettings),
    .target(
      name: "TensorConversion", dependencies: ["TFLiteRuntime", "TensorTypes", "TensorFiles", "JSONText"],
      swiftSettings: swiftSettings),
    .target(
      name: "RecordStream",
      dependencies: ["TFLiteRuntime", "TensorTypes", "TensorFiles", "TensorConversion", "JSONText"],
      swiftSettings: swiftSettings),
    .target(
      name: "Comparison", dependencies: ["TFLiteRuntime", "TensorTypes"], swiftSettings: swiftSettings),
    .target(
      name: "Evaluation",
      dependencies: [
        "TFLiteRuntime", "TensorTypes", "TensorConversion", "TensorFiles", "ImageFiles", "SystemInterface",
      ],
      swiftSettings: swiftSettings),
    // The inference server. Generated code is kept apart: it does not follow the package's settings.
    .target(
      name: "InferenceProtocol",
      dependencies: [
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protos"], swiftSettings: [.swiftLanguageMode(.v6)]),
    .target(
      name: "EventLoops",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: swiftSettings),
    // Apart from the server for its imports, which bring such modules.
    .target(
      name: "CompressedMessages",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "InferenceServer",
      dependencies: [
        "InferenceProtocol", "EventLoops", "CompressedMessages", "TFLiteRuntime", "TensorTypes", "FlatBuffers",
        "Kernels", "Delegates", "JSONText", "SystemInterface", "TensorConversion",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Tracing", package: "swift-distributed-tracing"),
      ],
      swiftSettings: swiftSettings),

    .executableTarget(
      name: "tflite",
      dependencies: [
        "TFLiteRuntime", "TensorTypes", "FlatBuffers", "Kernels", "Delegates", "OperatorLibraries", "TensorConversion",
        "Comparison", "Evaluation", "TensorFiles", "ImageFiles", "RecordStream",
        .target(name: "InferenceServer", condition: .when(traits: ["Server"])),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Server"])),
      ],
      swiftSettings: swiftSettings),

    .executableTarget(
      name: "ClassifyDigits", dependencies: ["TFLiteRuntime", "Delegates"], path: "Examples/ClassifyDigits",
      swiftSettings: [.swiftLanguageMode(.v6)]),

    .executableTarget(
      name: "ClassifyImage", dependencies: ["TFLiteRuntime", "Delegates", "ImageFiles", "TensorTypes"],
      path: "Examples/ClassifyImage", swiftSettings: [.swiftLanguageMode(.v6)]),

    .executableTarget(
      name: "CustomOperator", dependencies: ["TFLiteRuntime", "Kernels", "TensorTypes", "FlatBuffers"],
      path: "Examples/CustomOperator", exclude: ["make_model.py", "scale_and_shift.tflite"],
      swiftSettings: [.swiftLanguageMode(.v6)]),

    .executableTarget(
      name: "StreamingAudio", dependencies: ["TFLiteRuntime", "TensorTypes"], path: "Examples/StreamingAudio",
      exclude: ["make_model.py", "dial_tones.tflite"], swiftSettings: [.swiftLanguageMode(.v6)]),

    .executableTarget(
      name: "LanguageModel", dependencies: ["TFLiteRuntime", "TensorTypes"], path: "Examples/LanguageModel",
      exclude: ["make_model.py", "rhyme.tflite"], swiftSettings: [.swiftLanguageMode(.v6)]),

    // Tests. Test code may use unsafe pointers without marking each use.
    .target(
      name: "KernelTestSupport", dependencies: ["Kernels", "TensorTypes", "FlatBuffers"],
      path: "Tests/KernelTestSupport",
      swiftSettings: testSettings),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "TensorTypes", "FlatBuffers", "KernelTestSupport"],
      swiftSettings: testSettings),
    .target(
      name: "CKernelsChecks", dependencies: ["CKernels"], path: "Tests/CKernelsTests/Checks", cSettings: cSettings),
    .testTarget(
      name: "CKernelsTests", dependencies: ["CKernels", "CKernelsChecks"],
      exclude: ["Checks", "Emulated", "Sanitized"], swiftSettings: testSettings),
    .testTarget(
      name: "CorpusTests",
      dependencies: ["TFLiteRuntime", "TensorTypes", "Delegates", "TensorConversion", "TensorFiles"],
      exclude: ["record_decode_tokens.py", "decode_tokens.json"], swiftSettings: testSettings),
    .testTarget(
      name: "DelegatesTests",
      dependencies: [
        "Delegates", "TFLiteRuntime", "Kernels", "TensorTypes", "FlatBuffers", "KernelTestSupport", "ModelTestSupport",
      ],
      swiftSettings: testSettings),
    .testTarget(
      name: "ComparisonTests",
      dependencies: ["Comparison", "TFLiteRuntime", "Kernels", "TensorTypes", "FlatBuffers", "ModelTestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "EvaluationTests",
      dependencies: ["Evaluation", "TFLiteRuntime", "TensorTypes", "TensorFiles", "ModelTestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "RecordStreamTests",
      dependencies: [
        "RecordStream", "TFLiteRuntime", "TensorTypes", "TensorFiles", "TensorConversion", "JSONText",
        "ModelTestSupport",
      ],
      swiftSettings: testSettings),
    .testTarget(name: "TensorFilesTests", dependencies: ["TensorFiles"], swiftSettings: testSettings),
    .testTarget(
      name: "InferenceServerTests",
      dependencies: [
        "InferenceServer", "InferenceProtocol", "CompressedMessages", "TFLiteRuntime", "TensorTypes", "JSONText",
        "ModelTestSupport", "KernelTestSupport",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCInProcessTransport", package: "grpc-swift-2"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Client", "Models"], swiftSettings: testSettings),
    .testTarget(name: "ImageFilesTests", dependencies: ["ImageFiles"], swiftSettings: testSettings),
    .target(name: "ModelTestSupport", path: "Tests/ModelTestSupport", swiftSettings: testSettings),
    .testTarget(
      name: "ModelTests", dependencies: ["TFLiteRuntime", "Kernels", "TensorTypes", "FlatBuffers", "ModelTestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "OperatorLibrariesTests",
      dependencies: [
        "OperatorLibraries", "TFLiteRuntime", "Kernels", "TensorTypes", "ModelTestSupport",
      ],
      exclude: ["Libraries"], swiftSettings: testSettings),
    .testTarget(name: "PlanningTests", dependencies: ["TFLiteRuntime"], swiftSettings: testSettings),
    .testTarget(
      name: "FixtureTests",
      dependencies: ["TFLiteRuntime", "TensorTypes", "Delegates", "TensorConversion", "TensorFiles"],
      swiftSettings: testSettings),
    .testTarget(
      name: "ServicesTests", dependencies: ["TFLiteRuntime", "Kernels", "TensorTypes", "ModelTestSupport"],
      swiftSettings: testSettings),
    .testTarget(
      name: "TensorFlowLiteTests",
      dependencies: ["TensorFlowLite", "TFLiteRuntime", "Delegates", "Kernels", "TensorTypes", "ModelTestSupport"],
      exclude: ["Models"], swiftSettings: testSettings),
    // Programs written for TensorFlowLiteSwift, in the language mode that they have.
    .testTarget(
      name: "TensorFlowLiteClientTests", dependencies: ["TensorFlowLite"],
      swiftSettings: [.swiftLanguageMode(.v5), .treatAllWarnings(as: .error)]),
    // Stands in for malloc in the test program, to count.
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(
      name: "TFLiteRuntimeTests",
      dependencies: [
        "TFLiteRuntime", "Kernels", "TensorTypes", "FlatBuffers", "Delegates", "TensorConversion", "TensorFiles",
        "KernelTestSupport", "ModelTestSupport", "AllocationCounter",
      ],
      swiftSettings: testSettings),
  ]
)
