package import Logging
internal import Synchronization
internal import SystemInterface
package import TFLiteRuntime

/// The folder of models, and which versions of them are served.
///
/// Each model has a folder `NAME` with numbered folders of versions (`NAME/1/model.tflite`, …) and, if wanted, `NAME/config.json`. Loading
/// happens on a thread of its own, one model after the other, while the versions that are there go on serving. A version is replaced only
/// by one that was loaded and has run; requests that the old one took are finished by it.
///
/// Safe to use from several tasks.
package final class ModelRepository: Sendable {
  package enum VersionState: String, Sendable {
    case ready = "READY"
    case unavailable = "UNAVAILABLE"
    case loading = "LOADING"
  }

  /// A line of the repository's index.
  package struct IndexEntry: Sendable, Equatable {
    package let name: String
    /// Empty for a model without a version that was tried.
    package let version: String
    /// Empty for a model that nobody tried to load.
    package let state: VersionState?
    /// Why it is not ready.
    package let reason: String
  }

  struct Entry: Sendable {
    var configuration = ModelConfiguration()
    var ready: [Int: ServedModel] = [:]
    var stamps: [Int: FileStamp] = [:]
    /// What is wrong with versions that should be served and are not.
    var problems: [Int: String] = [:]
    /// What is wrong with the model as a whole.
    var problem: String?
    var isLoading = false
    /// Whether somebody unloaded it, so that reloading leaves it alone.
    var isUnloaded = false
  }

  package let path: String
  let logger: Logger
  let limits: RepositoryLimits
  /// Where models' packed weights are kept.
  let weightCache: WeightCache?
  let state: Mutex<[String: Entry]>
  /// Told of whatever may change ``isReady``.
  let changes = ChangeSignal()
  private let hasLoaded: Mutex<Bool>
  private let worker: SerialWorker

  /// - Throws: ``ServingError`` when the folder cannot be read.
  package init(path: String, limits: RepositoryLimits = .init(), weightCache: WeightCache? = nil, logger: Logger)
    throws(ServingError)
  {
    // Before any member: swift 6.3.1 ends with an error of its own over a mutex in an object that is only begun.
    guard FileSystem.isFolder(path) else { throw ServingError(.notFound, "'\(path)' is no folder") }
    worker = try SerialWorker()
    self.path = path
    self.logger = logger
    self.limits = limits
    self.weightCache = weightCache
    state = Mutex([:])
    hasLoaded = Mutex(false)
  }

  // MARK: Looking up

  /// The version to serve a request with.
  ///
  /// - Parameter version: its number; empty for the highest one that is ready.
  /// - Throws: ``ServingError`` `notFound`; `unavailable` while the models that the server was started with are loaded, so that whoever
  ///   distributes requests asks another server.
  package func model(_ name: String, version: String = "") throws(ServingError) -> ServedModel {
    let wasLoaded = hasLoaded.withLock { $0 }
    let found: Result<ServedModel, ServingError> = state.withLock { entries in
      guard let entry = entries[name] else {
        return .failure(ServingError(.notFound, "Request for unknown model: '\(name)' is not found"))
      }
      guard let latest = entry.ready.keys.max() else {
        return .failure(ServingError(.notFound, "Request for unknown model: '\(name)' has no available versions"))
      }
      if version.isEmpty, let served = entry.ready[latest] { return .success(served) }
      guard let number = Int(version), number > 0 || version == "-1" else {
        return .failure(
          ServingError(
            .invalidArgument,
            "failed to get model version from specified version string '\(version)' (details: invalid number), version "
              + "should be an integral value > 0"))
      }
      guard let served = entry.ready[number == -1 ? latest : number] else {
        return .failure(
          ServingError(.notFound, "Request for unknown model: '\(name)' version \(number) is not found"))
      }
      return .success(served)
    }
    if case .failure(let error) = found, error.kind == .notFound, !wasLoaded {
      throw ServingError(.unavailable, "the server's models are being loaded: '\(name)' is not ready")
    }
    return try found.get()
  }

  /// The versions of a model that are ready, ascending.
  package func readyVersions(_ name: String) -> [String] {
    state.withLock { ($0[name]?.ready.keys.sorted() ?? []).map(String.init) }
  }

  /// All versions that are ready, by name and number.
  package var readyModels: [ServedModel] {
    state.withLock { $0.values.flatMap(\.ready.values) }
      .sorted { ($0.name, $0.version) < ($1.name, $1.version) }
  }

  /// Whether the models that the server was started with were tried, and every one that should be served is.
  package var isReady: Bool {
    guard hasLoaded.withLock({ $0 }) else { return false }
    return state.withLock { entries in
      entries.values.allSatisfy { entry in
        entry.isUnloaded || !entry.ready.isEmpty
      }
    }
  }

  /// Runs a request on the version that it names.
  package func infer(
    _ request: InferenceRequest, cancellation: RequestCancellation = .init()
  ) async throws(ServingError) -> InferenceResponse {
    // A version may be replaced between looking it up and asking it.
    for _ in 0..<16 {
      let served = try model(request.model, version: request.version)
      if let response = try await served.infer(request, cancellation) { return response }
    }
    throw ServingError(.unavailable, "model '\(request.model)' is being reloaded")
  }

  /// All models of the folder.
  package func index() -> [IndexEntry] {
    let names = Set((try? FileSystem.names(in: path)) ?? []).filter { FileSystem.isFolder("\(path)/\($0)") }
    let entries = state.withLock { $0 }
    var lines: [IndexEntry] = []
    for name in names.union(entries.keys).sorted() {
      guard let entry = entries[name] else {
        lines.append(IndexEntry(name: name, version: "", state: nil, reason: ""))
        continue
      }
      let versions = Set(entry.ready.keys).union(entry.problems.keys).sorted()
      for version in versions {
        let isReady = entry.ready[version] != nil
        lines.append(
          IndexEntry(
            name: name, version: String(version), state: isReady ? .ready : .unavailable,
            reason: isReady ? "" : entry.problems[version] ?? ""))
      }
      if versions.isEmpty {
        lines.append(
          IndexEntry(
            name: name, version: "", state: entry.isLoading ? .loading : .unavailable,
            reason: entry.problem ?? (entry.isUnloaded ? "unloaded" : "")))
      }
    }
    return lines
  }

  // MARK: Loading

  /// Loads what the folder has: all models when `names` is nil. Problems are noted in the index.
  package func loadAll(_ names: [String]? = nil) async {
    let found = (try? FileSystem.names(in: path)) ?? []
    for name in names ?? found where names != nil || FileSystem.isFolder("\(path)/\(name)") {
      try? await load(name, isAsked: names != nil)
    }
    hasLoaded.withLock { $0 = true }
    changes.send()
  }

  /// Loads a model, or what changed of it.
  ///
  /// - Parameter configuration: JSON to use in place of `config.json`.
  /// - Throws: ``ServingError`` when a version cannot be loaded; those that were ready stay.
  package func load(_ name: String, configuration: [UInt8]? = nil) async throws(ServingError) {
    try await load(name, configuration: configuration, isAsked: true)
  }

  private func load(_ name: String, configuration: [UInt8]? = nil, isAsked: Bool) async throws(ServingError) {
    let outcome: Result<Void, ServingError> = await worker.run { [self] in
      do throws(ServingError) {
        try update(name, configuration: configuration, isAsked: isAsked)
        return .success(())
      } catch {
        logger.error("model cannot be loaded", metadata: ["model": "\(name)", "error": "\(error)"])
        return .failure(error)
      }
    }
    try outcome.get()
  }

  /// Stops serving a model. Requests that it has are finished.
  ///
  /// - Throws: ``ServingError`` `notFound`.
  package func unload(_ name: String) async throws(ServingError) {
    let outcome: Result<Void, ServingError> = await worker.run { [self] in
      guard retire(name, isUnloaded: true) else {
        return .failure(
          ServingError(.notFound, "failed to unload '\(name)', no such model in the repository"))
      }
      logger.info("model unloaded", metadata: ["model": "\(name)"])
      return .success(())
    }
    try outcome.get()
  }

  /// Loads what is new or changed in the folder and stops serving what is gone.
  package func reload() async {
    let found = Set((try? FileSystem.names(in: path)) ?? []).filter { FileSystem.isFolder("\(path)/\($0)") }
    let known = state.withLock { $0.mapValues(\.isUnloaded) }
    for name in known.keys where !found.contains(name) {
      await worker.run { [self] in
        _ = retire(name, isUnloaded: false)
        logger.info("model is gone", metadata: ["model": "\(name)"])
      }
    }
    for name in found.sorted() where known[name] != true { try? await load(name, isAsked: false) }
  }

  /// Stops serving all models.
  package func close() {
    let entries = state.withLock { entries in
      defer { entries.removeAll() }
      return entries
    }
    for served in entries.values.flatMap(\.ready.values) { served.close() }
  }
}

/// What models may not exceed, whatever their configuration says.
package struct RepositoryLimits: Sendable, Hashable {
  package var instances: Int
  package var threads: Int
  package var arenaBytes: Int
  /// Calls that take no longer may run where they were made, in nanoseconds.
  package var briefCall: UInt64

  package init(
    instances: Int = 64, threads: Int = 64, arenaBytes: Int = 4 << 30, briefCall: UInt64 = Brevity.limit
  ) {
    self.instances = instances
    self.threads = threads
    self.arenaBytes = arenaBytes
    self.briefCall = briefCall
  }
}
