internal import Kernels
internal import Synchronization
internal import TFLiteRuntime

/// The choices of this process, as long as their models live.
final class TuningMemory: Sendable {
  private struct Entry: Sendable {
    weak let model: Model?
    let subgraph: Int
    let threads: Int
    let compiler: GraphCompiler
    let record: TuningRecord
  }
  private let entries = Mutex<[Entry]>([])

  func record(_ model: Model, _ setting: DelegateSetting) -> TuningRecord? {
    entries.withLock { entries in
      entries.first {
        $0.model === model && $0.subgraph == setting.subgraph && $0.threads == setting.threadPool.count
          && $0.compiler == setting.compiler
      }?.record
    }
  }

  func add(_ record: TuningRecord, _ model: Model, _ setting: DelegateSetting) {
    entries.withLock { entries in
      entries.removeAll { $0.model == nil }
      entries.append(
        Entry(
          model: model, subgraph: setting.subgraph, threads: setting.threadPool.count, compiler: setting.compiler,
          record: record))
    }
  }
}
