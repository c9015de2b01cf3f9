import Foundation
import GRPCCore
import GRPCInProcessTransport
import InferenceProtocol
import InferenceServer
import SwiftProtobuf
import Testing

/// The gRPC service through its client, in this process.
struct GRPCTests {
  private typealias Client = Inference_GRPCInferenceService.Client<InProcessTransport.Client>

  private func serving(
    token: BearerToken? = nil, _ body: @escaping @Sendable (Client) async throws -> Void
  ) async throws {
    try await connected(token: token) { client, _ in try await body(Client(wrapping: client)) }
  }

  private func connected(
    token: BearerToken? = nil,
    _ body: @escaping @Sendable (GRPCClient<InProcessTransport.Client>, InferenceServer) async throws -> Void
  ) async throws {
    let folder = try TestRepository()
    try folder.add("m", TestModels.addRelu)
    try folder.add("s", TestModels.sameStrings)
    try folder.add("count", TestModels.counting)
    var options = ServerOptions(repository: folder.path)
    options.logger = TestRepository.quiet
    options.token = token
    let server = try InferenceServer(options)
    await server.service.repository.loadAll()
    let transport = InProcessTransport()
    let grpc = server.grpcServer(transport: transport.server)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await grpc.serve() }
      try await withGRPCClient(transport: transport.client) { client in
        try await body(client, server)
      }
      grpc.beginGracefulShutdown()
      try await group.waitForAll()
    }
    withExtendedLifetime(folder) {}
  }

  private static func request(_ values: [Float], id: String = "") -> Inference_ModelInferRequest {
    .with {
      $0.modelName = "m"
      $0.id = id
      $0.inputs = [
        .with {
          $0.name = "x"
          $0.datatype = "FP32"
          $0.shape = [Int64(values.count / 4), 4]
          $0.contents.fp32Contents = values
        }
      ]
    }
  }

  private static func floats(_ data: Data) -> [Float] {
    [UInt8](data).withUnsafeBytes { buffer in
      (0..<buffer.count / 4).map { buffer.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  @Test func health() async throws {
    try await serving { client in
      #expect(try await client.serverLive(.init()).live)
      #expect(try await client.serverReady(.init()).ready)
      #expect(try await client.modelReady(.with { $0.name = "m" }).ready)
      #expect(try await !client.modelReady(.with { $0.name = "x" }).ready)
      #expect(try await client.serverMetadata(.init()).name == "tflite")
      let metadata = try await client.modelMetadata(.with { $0.name = "m" })
      #expect(
        metadata.versions == ["1"] && metadata.inputs[0].shape == [-1, 4] && metadata.outputs[0].datatype == "FP32")
      #expect(try await client.modelConfig(.with { $0.name = "m" }).config.input[0].dataType == .typeFp32)
      #expect(try await client.modelStatistics(.with { $0.name = "m" }).modelStats.count == 1)
      #expect(try await client.repositoryIndex(.init()).models.map(\.name) == ["count", "m", "s"])
    }
  }

  @Test func infersTypedAndRaw() async throws {
    try await serving { client in
      let typed = try await client.modelInfer(Self.request([1, 2, 3, -9], id: "i"))
      #expect(typed.id == "i" && typed.modelVersion == "1" && typed.outputs[0].shape == [1, 4])
      #expect(Self.floats(typed.rawOutputContents[0]) == [2, 4, 6, 0])
      var raw = Self.request([1, 2, 3, -9])
      raw.inputs[0].clearContents()
      raw.rawInputContents = [[Float]([1, 2, 3, -9]).withUnsafeBytes { Data($0) }]
      #expect(Self.floats(try await client.modelInfer(raw).rawOutputContents[0]) == [2, 4, 6, 0])
      let strings = try await client.modelInfer(
        .with {
          $0.modelName = "s"
          $0.inputs = ["a", "b"].map { name in
            .with {
              $0.name = name
              $0.datatype = "BYTES"
              $0.shape = [2]
              $0.contents.bytesContents = [Data("p".utf8), Data(name.utf8)]
            }
          }
        })
      #expect([UInt8](strings.rawOutputContents[0]) == [1, 0])
    }
  }

  @Test func errors() async throws {
    try await serving { client in
      func code(_ change: (inout Inference_ModelInferRequest) -> Void) async -> RPCError.Code? {
        var request = Self.request([1, 2, 3, 4])
        change(&request)
        do {
          _ = try await client.modelInfer(request)
          return nil
        } catch { return (error as? RPCError)?.code }
      }
      #expect(await code { _ in } == nil)
      #expect(await code { $0.modelName = "x" } == .notFound)
      #expect(await code { $0.modelVersion = "7" } == .notFound)
      #expect(await code { $0.modelVersion = "x" } == .invalidArgument)
      #expect(await code { $0.inputs = [] } == .invalidArgument)
      #expect(await code { $0.inputs[0].name = "z" } == .invalidArgument)
      #expect(await code { $0.inputs[0].datatype = "INT32" } == .invalidArgument)
      #expect(await code { $0.inputs[0].datatype = "FLOAT" } == .invalidArgument)
      #expect(await code { $0.inputs[0].datatype = "FP16" } == .invalidArgument)
      #expect(await code { $0.inputs[0].shape = [1, 5] } == .invalidArgument)
      #expect(await code { $0.inputs[0].shape = [-1, 4] } == .invalidArgument)
      #expect(await code { $0.inputs[0].shape = [.max, .max] } == .invalidArgument)
      #expect(await code { $0.rawInputContents = [Data([1])] } == .invalidArgument)
      #expect(await code { $0.rawInputContents = [Data(), Data()] } == .invalidArgument)
      #expect(await code { $0.outputs = [.with { $0.name = "q" }] } == .invalidArgument)
      #expect(await code { $0.inputs.append($0.inputs[0]) } == .invalidArgument)
      #expect(
        await code {
          $0.inputs[0].datatype = "INT8"
          $0.inputs[0].contents.intContents = [1000, 0, 0, 0]
        } == .invalidArgument)
      #expect(await code { $0.parameters["sequence_id"] = .with { $0.int64Param = 5 } } == .unimplemented)
      #expect(await code { $0.parameters["timeout"] = .with { $0.int64Param = .max } } == nil)
      #expect(await code { $0.parameters["timeout"] = .with { $0.uint64Param = .max } } == nil)
      #expect(await code { $0.parameters["timeout"] = .with { $0.int64Param = -1 } } == .invalidArgument)
      #expect(await code { $0.parameters["timeout"] = .with { $0.stringParam = "1" } } == .invalidArgument)
    }
  }

  @Test func classification() async throws {
    try await serving { client in
      func strings(_ parameter: Inference_InferParameter) async throws -> Inference_ModelInferResponse {
        var request = Self.request([1, 2, 3, -9])
        request.outputs = [
          .with {
            $0.name = "y"
            $0.parameters["classification"] = parameter
          }
        ]
        return try await client.modelInfer(request)
      }
      for parameter in [Inference_InferParameter.with { $0.int64Param = 2 }, .with { $0.uint64Param = 2 }] {
        let response = try await strings(parameter)
        #expect(response.outputs[0].datatype == "BYTES" && response.outputs[0].shape == [2])
        let length: [UInt8] = [10, 0, 0, 0]
        #expect(
          [UInt8](response.rawOutputContents[0])
            == length + Array("6.000000:2".utf8) + length + Array("4.000000:1".utf8))
      }
      #expect(try await strings(.with { $0.int64Param = .max }).outputs[0].shape == [4])
      #expect(try await strings(.with { $0.int64Param = 0 }).outputs[0].datatype == "FP32")
      for wrong in [Inference_InferParameter.with { $0.int64Param = -1 }, .with { $0.stringParam = "1" }] {
        let error = await #expect(throws: RPCError.self) { try await strings(wrong) }
        #expect(error?.code == .invalidArgument)
      }
    }
  }

  @Test func streams() async throws {
    try await serving { client in
      let answers = try await client.modelStreamInfer { writer in
        for index in 0..<20 {
          var request = Self.request([Float(index), 0, 0, 0], id: "\(index)")
          if index == 7 { request.inputs[0].name = "wrong" }
          try await writer.write(request)
        }
        // What is open for a while and idle ends well when the client ends it.
        try await Task.sleep(for: .milliseconds(50))
      } onResponse: { response in
        try await response.messages.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.map(\.inferResponse.id) == (0..<20).map(String.init))
      for (index, answer) in answers.enumerated() {
        if index == 7 {
          #expect(answer.errorMessage.contains("unexpected inference input 'wrong'"))
        } else {
          #expect(answer.errorMessage.isEmpty)
          #expect(Self.floats(answer.inferResponse.rawOutputContents[0])[0] == Float(index) + 1)
        }
      }
    }
  }

  @Test func streamsEndWithTheServer() async throws {
    try await connected { client, server in
      let (isOver, end) = AsyncStream<Void>.makeStream()
      let (received, error) = try await Client(wrapping: client).modelStreamInfer { writer in
        for id in ["0", "1"] { try await writer.write(Self.request([1, 2, 3, 4], id: id)) }
        // The client leaves its stream open.
        for await _ in isOver {}
      } onResponse: { response in
        defer { end.finish() }
        var received: [String] = []
        do {
          for try await message in response.messages {
            received.append(message.inferResponse.id)
            if received.count == 2 { server.beginShutdown() }
          }
          return (received, RPCError?.none)
        } catch {
          return (received, error as? RPCError)
        }
      }
      #expect(received == ["0", "1"])
      #expect(error?.code == .unavailable && error?.message == "the server is ending")
    }
  }

  @Test func deadlines() async throws {
    try await serving { client in
      let request = Inference_ModelInferRequest.with {
        $0.modelName = "count"
        $0.parameters["timeout"] = .with { $0.int64Param = 100_000 }
        $0.inputs = [
          .with {
            $0.name = "limit"
            $0.datatype = "INT32"
            $0.contents.intContents = [.max]
          }
        ]
      }
      let error = await #expect(throws: RPCError.self) { try await client.modelInfer(request) }
      #expect(error?.code == .unavailable && error?.message.hasSuffix("Request timeout expired") == true)
    }
  }

  @Test func healthService() async throws {
    try await connected(token: BearerToken("secret-token")) { client, server in
      let health = Grpc_Health_V1_Health.Client(wrapping: client)
      for name in ["", "inference.GRPCInferenceService"] {
        #expect(try await health.check(.with { $0.service = name }).status == .serving)
      }
      let error = await #expect(throws: RPCError.self) { try await health.check(.with { $0.service = "x" }) }
      #expect(error?.code == .notFound)
      let listed = try await health.list(.init()).statuses.mapValues(\.status)
      #expect(listed == ["": .serving, "inference.GRPCInferenceService": .serving])
      let repository = server.service.repository
      let seen = try await health.watch(.init()) { response in
        var seen: [Grpc_Health_V1_HealthCheckResponse.ServingStatus] = []
        for try await message in response.messages {
          seen.append(message.status)
          switch seen.count {
          case 1:
            // A model that was unloaded does not count; one that should be served and cannot be does.
            try await repository.unload("m")
            try? await repository.load("m", configuration: Array(#"{"signature": "nothing"}"#.utf8))
          case 2: try await repository.load("m")
          default: server.beginShutdown()
          }
        }
        return seen
      }
      #expect(seen == [.serving, .notServing, .serving, .notServing])
      #expect(try await health.check(.init()).status == .notServing)
      let unknown = try await health.watch(.with { $0.service = "x" }) { response in
        try await response.messages.reduce(into: []) { $0.append($1.status) }
      }
      #expect(unknown == [.serviceUnknown])
    }
  }

  @Test func repositoryControl() async throws {
    try await serving { client in
      _ = try await client.repositoryModelUnload(.with { $0.modelName = "m" })
      #expect(try await !client.modelReady(.with { $0.name = "m" }).ready)
      _ = try await client.repositoryModelLoad(
        .with {
          $0.modelName = "m"
          $0.parameters["config"] = .with { $0.stringParam = #"{"max_batch_size": 2}"# }
        })
      #expect(try await client.modelConfig(.with { $0.name = "m" }).config.maxBatchSize == 2)
      let error = await #expect(throws: RPCError.self) {
        try await client.repositoryModelLoad(.with { $0.modelName = "x" })
      }
      #expect(error?.code == .notFound)
    }
  }

  @Test func tokens() async throws {
    try await serving(token: BearerToken("secret-token")) { client in
      #expect(try await client.serverLive(.init()).live)
      let error = await #expect(throws: RPCError.self) { try await client.modelInfer(Self.request([1, 2, 3, 4])) }
      #expect(error?.code == .unauthenticated)
      let answer = try await client.modelInfer(
        Self.request([1, 2, 3, 4]), metadata: ["authorization": "Bearer secret-token"])
      #expect(answer.modelName == "m")
    }
  }
}
