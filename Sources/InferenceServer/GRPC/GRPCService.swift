internal import GRPCCore
internal import InferenceProtocol
internal import SwiftProtobuf

/// The protocol over gRPC. Streams of inference requests are answered in order, as Triton does for models with one response a request.
struct GRPCService: Inference_GRPCInferenceService.SimpleServiceProtocol {
  let service: InferenceService
  let shutdown: ShutdownState

  func serverLive(
    request: Inference_ServerLiveRequest, context: ServerContext
  ) async throws -> Inference_ServerLiveResponse {
    .with { $0.live = true }
  }

  func serverReady(
    request: Inference_ServerReadyRequest, context: ServerContext
  ) async throws -> Inference_ServerReadyResponse {
    .with { $0.ready = service.repository.isReady }
  }

  func modelReady(
    request: Inference_ModelReadyRequest, context: ServerContext
  ) async throws -> Inference_ModelReadyResponse {
    .with { $0.ready = (try? service.repository.model(request.name, version: request.version)) != nil }
  }

  func serverMetadata(
    request: Inference_ServerMetadataRequest, context: ServerContext
  ) async throws -> Inference_ServerMetadataResponse {
    .with {
      $0.name = ServerIdentity.name
      $0.version = ServerIdentity.version
      $0.extensions = ServerIdentity.extensions
    }
  }

  func modelMetadata(
    request: Inference_ModelMetadataRequest, context: ServerContext
  ) async throws -> Inference_ModelMetadataResponse {
    try translating { () throws(ServingError) in
      let model = try service.repository.model(request.name, version: request.version)
      return .with {
        $0.name = model.name
        $0.versions =
          request.version.isEmpty ? service.repository.readyVersions(model.name) : [String(model.version)]
        $0.platform = ServerIdentity.platform
        $0.inputs = model.inputs.map(\.message)
        $0.outputs = model.outputs.map(\.message)
      }
    }
  }

  func modelConfig(
    request: Inference_ModelConfigRequest, context: ServerContext
  ) async throws -> Inference_ModelConfigResponse {
    try translating { () throws(ServingError) in
      let model = try service.repository.model(request.name, version: request.version)
      return .with { $0.config = .init(model) }
    }
  }

  func modelStatistics(
    request: Inference_ModelStatisticsRequest, context: ServerContext
  ) async throws -> Inference_ModelStatisticsResponse {
    try translating { () throws(ServingError) in
      let models = try service.models(named: request.name, version: request.version)
      return .with { $0.modelStats = models.map(Inference_ModelStatistics.init) }
    }
  }

  // MARK: Inference

  func modelInfer(
    request: Inference_ModelInferRequest, context: ServerContext
  ) async throws -> Inference_ModelInferResponse {
    do throws(ServingError) {
      return try await infer(request)
    } catch {
      throw RPCError(error)
    }
  }

  func modelStreamInfer(
    request: RPCAsyncSequence<Inference_ModelInferRequest, any Error>,
    response: RPCWriter<Inference_ModelStreamInferResponse>, context: ServerContext
  ) async throws {
    // The end of the server cancels neither a request nor its answer, only the wait for a client that leaves its stream open.
    let wait = ClientWait()
    let (ending, end) = AsyncStream<Void>.makeStream()
    try await shutdown.observed(by: { end.finish() }) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await self.answer(request, response, wait) }
        group.addTask {
          for await _ in ending {}
          // A stream that has ended by itself cancels this task.
          while !Task.isCancelled, !wait.giveUp() { try await Task.sleep(for: ClientWait.brief) }
        }
        try await group.next()
      }
    }
    if wait.isOver { throw RPCError(code: .unavailable, message: "the server is ending") }
  }

  private func answer(
    _ requests: RPCAsyncSequence<Inference_ModelInferRequest, any Error>,
    _ response: RPCWriter<Inference_ModelStreamInferResponse>, _ wait: ClientWait
  ) async throws {
    for try await message in requests {
      guard wait.end() else { return }
      var answer = Inference_ModelStreamInferResponse()
      do throws(ServingError) {
        answer.inferResponse = try await infer(message)
      } catch {
        // One bad request does not end the stream; its id tells which it was.
        answer.errorMessage = error.message
        answer.inferResponse.id = message.id
      }
      try await response.write(answer)
      wait.begin()
    }
  }

  private func infer(
    _ message: Inference_ModelInferRequest
  ) async throws(ServingError) -> Inference_ModelInferResponse {
    let admission = try service.admission.admit()
    try admission.take(message.tensorBytes)
    // Known before the tensors are read.
    _ = try service.repository.model(message.modelName, version: message.modelVersion)
    let request = try InferenceRequest(message)
    let cancellation = RequestCancellation()
    let outcome: Result<InferenceResponse, ServingError> = await withRPCCancellationHandler {
      do throws(ServingError) {
        return .success(
          try await service.infer(request, cancellation: cancellation, headers: TraceHeaders.current))
      } catch {
        return .failure(error)
      }
    } onCancelRPC: {
      if !shutdown.hasBegun { cancellation.cancel() }
    }
    let response = try outcome.get()
    await CallExecutor.current?.prepare(bytes: response.byteCount)
    return .init(response)
  }

  // MARK: The repository

  func repositoryIndex(
    request: Inference_RepositoryIndexRequest, context: ServerContext
  ) async throws -> Inference_RepositoryIndexResponse {
    .with { response in
      response.models = service.repository.index().compactMap { entry in
        guard !request.ready || entry.state == .ready else { return nil }
        return .with {
          $0.name = entry.name
          $0.version = entry.version
          $0.state = entry.state?.rawValue ?? ""
          $0.reason = entry.reason
        }
      }
    }
  }

  func repositoryModelLoad(
    request: Inference_RepositoryModelLoadRequest, context: ServerContext
  ) async throws -> Inference_RepositoryModelLoadResponse {
    do throws(ServingError) {
      try service.requireModelControl()
      for name in request.parameters.keys.sorted() where name != "config" {
        throw ServingError(.unsupported, "load parameter '\(name)' is not supported")
      }
      let configuration = request.parameters["config"].map { Array($0.stringParam.utf8) }
      try await service.repository.load(request.modelName, configuration: configuration)
    } catch {
      throw RPCError(error)
    }
    return .init()
  }

  func repositoryModelUnload(
    request: Inference_RepositoryModelUnloadRequest, context: ServerContext
  ) async throws -> Inference_RepositoryModelUnloadResponse {
    do throws(ServingError) {
      try service.requireModelControl()
      try await service.repository.unload(request.modelName)
    } catch {
      throw RPCError(error)
    }
    return .init()
  }

  private func translating<Value>(_ body: () throws(ServingError) -> Value) throws(RPCError) -> Value {
    do throws(ServingError) { return try body() } catch { throw RPCError(error) }
  }
}

extension RPCError {
  /// The status that Triton answers with.
  init(_ error: ServingError) {
    let code: RPCError.Code =
      switch error.kind {
      case .invalidArgument: .invalidArgument
      case .notFound: .notFound
      case .unavailable: .unavailable
      case .tooLarge: .resourceExhausted
      case .unsupported: .unimplemented
      case .unauthenticated: .unauthenticated
      case .forbidden: .permissionDenied
      case .cancelled: .cancelled
      case .internal: .internalError
      }
    self.init(code: code, message: error.message)
  }
}
