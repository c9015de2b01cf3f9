internal import Logging
internal import Synchronization
internal import SystemInterface

extension ModelRepository {
  /// Brings one model up to date with its folder. Runs on the repository's thread only.
  ///
  /// - Parameter isAsked: whether somebody asked for this model; otherwise unchanged files are left alone without a word.
  func update(_ name: String, configuration override: [UInt8]?, isAsked: Bool) throws(ServingError) {
    guard Self.isName(name), FileSystem.isFolder("\(path)/\(name)") else {
      throw ServingError(
        .notFound, "failed to load '\(name)', failed to poll from model repository: there is no such folder")
    }
    let folder = ModelFolder(path: "\(path)/\(name)")
    let old = state.withLock { entries in
      var entry = entries[name] ?? Entry()
      entry.isLoading = true
      entries[name] = entry
      return entry
    }
    changes.send()
    do throws(ServingError) {
      let wanted = try configuration(folder, override)
      let available = try folder.versions
      let chosen = wanted.chosenVersions(of: available)
      guard !chosen.isEmpty else {
        throw ServingError(
          .notFound,
          "failed to load '\(name)', no version is available: \(available.isEmpty ? "the folder has none" : "the policy takes none of \(available)")"
        )
      }
      try replace(name, folder, old, wanted, chosen, isAsked: isAsked)
    } catch {
      state.withLock { entries in
        entries[name]?.isLoading = false
        if entries[name]?.problems.isEmpty ?? true { entries[name]?.problem = error.message }
      }
      throw error
    }
  }

  private func replace(
    _ name: String, _ folder: ModelFolder, _ old: Entry, _ configuration: ModelConfiguration, _ chosen: [Int],
    isAsked: Bool
  ) throws(ServingError) {
    var ready: [Int: ServedModel] = [:]
    var stamps: [Int: FileStamp] = [:]
    var problems: [Int: String] = [:]
    for version in chosen {
      let stamp = FileStamp(folder.modelPath(version: version, configuration))
      if let served = old.ready[version], let stamp, old.stamps[version] == stamp, old.configuration == configuration {
        ready[version] = served
        stamps[version] = stamp
        continue
      }
      do throws(ServingError) {
        let model = try folder.model(version: version, configuration)
        ready[version] = try ServedModel(
          name: name, version: version, model: model, configuration: configuration,
          labels: try folder.labels(version: version, configuration), weightCache: weightCache,
          briefCall: limits.briefCall)
        stamps[version] = stamp
        logger.info("model loaded", metadata: ["model": "\(name)", "version": "\(version)"])
      } catch {
        problems[version] = error.message
      }
    }
    let isComplete = problems.isEmpty
    let retired = state.withLock { entries -> [ServedModel] in
      var entry = entries[name] ?? Entry()
      entry.isLoading = false
      entry.isUnloaded = false
      entry.problem = nil
      entry.problems = problems
      defer { entries[name] = entry }
      // A version that cannot be loaded must not take away those that serve.
      let kept = isComplete ? [:] : entry.ready.filter { ready[$0.key] == nil }
      let replaced = entry.ready.filter { kept[$0.key] == nil && ready[$0.key] !== $0.value }.map(\.value)
      entry.stamps = stamps.merging(entry.stamps.filter { kept[$0.key] != nil }) { new, _ in new }
      entry.ready = ready.merging(kept) { new, _ in new }
      entry.configuration = configuration
      return replaced
    }
    changes.send()
    for served in retired { served.close() }
    guard isComplete else {
      let reasons = problems.sorted { $0.key < $1.key }.map { "version \($0.key): \($0.value)" }
      throw ServingError(.internal, "load failed for model '\(name)': " + reasons.joined(separator: "; "))
    }
  }

  /// Stops serving a model; false when there is none of this name.
  func retire(_ name: String, isUnloaded: Bool) -> Bool {
    let retired: [ServedModel]? = state.withLock { entries in
      guard var entry = entries[name] else { return nil }
      let models = Array(entry.ready.values)
      if isUnloaded {
        entry.ready = [:]
        entry.stamps = [:]
        entry.problems = [:]
        entry.problem = nil
        entry.isUnloaded = true
        entries[name] = entry
      } else {
        entries[name] = nil
      }
      return models
    }
    changes.send()
    for served in retired ?? [] { served.close() }
    return retired != nil
  }

  private func configuration(_ folder: ModelFolder, _ override: [UInt8]?) throws(ServingError) -> ModelConfiguration {
    var configuration = ModelConfiguration()
    var text = override
    if text == nil { text = try folder.configurationText() }
    if let text { configuration = try ModelConfiguration(json: text) }
    guard configuration.instances <= limits.instances, configuration.threads <= limits.threads else {
      throw ServingError(
        .invalidArgument,
        "configuration: more than \(limits.instances) instances or \(limits.threads) threads, the server's limits")
    }
    configuration.maximumArenaBytes = min(configuration.maximumArenaBytes, limits.arenaBytes)
    return configuration
  }

  /// Whether a name can be a folder inside the repository.
  static func isName(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && name.utf8.count < 256
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
  }
}
