internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Loads the models when the server starts, and looks for changes on SIGHUP and, if wanted, every so often.
struct RepositoryWatch: Service {
  private let repository: ModelRepository
  private let options: ServerOptions

  init(_ repository: ModelRepository, _ options: ServerOptions) {
    self.repository = repository
    self.options = options
  }

  func run() async throws {
    let signals = await UnixSignalsSequence(trapping: [.sighup])
    await repository.loadAll(options.initialModels)
    options.logger.info(
      "models loaded", metadata: ["ready": "\(repository.readyModels.count)", "repository": "\(repository.path)"])
    await withDiscardingTaskGroup { group in
      group.addTask {
        for await _ in signals.cancelOnGracefulShutdown() {
          options.logger.info("looking for changes in the repository")
          await repository.reload()
        }
      }
      if let interval = options.pollInterval {
        group.addTask {
          try? await cancelWhenGracefulShutdown {
            while true {
              try await Task.sleep(for: interval)
              await repository.reload()
            }
          }
        }
      }
    }
  }
}

extension RepositoryWatch: CustomStringConvertible {
  var description: String { "RepositoryWatch" }
}
