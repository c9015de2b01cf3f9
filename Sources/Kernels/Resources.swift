internal import FlatBuffers
internal import Synchronization
internal import TensorTypes

/// Variables and hash tables that live longer than one invocation: what `VAR_HANDLE` and `HASHTABLE` name, and which subgraphs `CALL_ONCE` has run.
///
/// Each interpreter has its own unless it is given one; interpreters of a model's several signatures share their state by sharing it. Safe to use from
/// several threads: each operator's access is atomic.
public final class Resources: Sendable {
  /// The value of a variable.
  struct Variable {
    var type: TensorType
    var value: SharedBytes
  }

  /// A table from integers to strings or from strings to integers.
  struct Table {
    enum Entries {
      case strings([Int64: [UInt8]])
      case integers([[UInt8]: Int64])

      var count: Int {
        switch self {
        case .strings(let entries): entries.count
        case .integers(let entries): entries.count
        }
      }
    }
    var entries: Entries
    var isFilled: Bool
  }

  private struct State {
    var handles: [String: Int32] = [:]
    var variables: [Int32: Variable] = [:]
    var tables: [Int32: Table] = [:]
    var initialized: Set<Int> = []
    var byteCount = 0
  }

  /// The bytes that all values together may have.
  public let byteLimit: Int
  private let state = Mutex(State())

  /// - Parameter byteLimit: what all variables and tables together may take.
  public init(byteLimit: Int = 4 << 30) {
    self.byteLimit = byteLimit
  }

  /// Forgets all values; `CALL_ONCE` will run again.
  public func reset() { state.withLock { $0 = State() } }

  /// The number that stands for a name.
  func handle(_ name: String) -> Int32 {
    state.withLock { state in
      if let known = state.handles[name] { return known }
      let handle = Int32(truncatingIfNeeded: state.handles.count)
      state.handles[name] = handle
      return handle
    }
  }

  /// Whether nobody asked this of `subgraph` before.
  package func beginInitialization(of subgraph: Int) -> Bool {
    state.withLock { $0.initialized.insert(subgraph).inserted }
  }

  /// Takes back ``beginInitialization(of:)`` when it failed.
  package func abandonInitialization(of subgraph: Int) { state.withLock { _ = $0.initialized.remove(subgraph) } }

  // MARK: Variables

  func assign(_ handle: Int32, _ variable: Variable) throws(OperatorError) {
    let isStored = state.withLock { state in
      let total = state.byteCount - (state.variables[handle]?.value.count ?? 0) + variable.value.count
      guard total <= byteLimit else { return false }
      state.byteCount = total
      state.variables[handle] = variable
      return true
    }
    guard isStored else { throw .invalidValue("the model's variables need more than \(byteLimit) bytes") }
  }

  /// The value of a variable.
  ///
  /// - Throws: `invalidValue` when nothing was assigned to it.
  func variable(_ handle: Int32) throws(OperatorError) -> Variable {
    guard let variable = state.withLock({ $0.variables[handle] }) else {
      throw .invalidValue("the variable is read before a value is assigned to it")
    }
    return variable
  }

  // MARK: Tables

  /// Makes a table unless it is there.
  func makeTable(_ handle: Int32, hasStringKeys: Bool) {
    state.withLock { state in
      if state.tables[handle] == nil {
        state.tables[handle] = Table(entries: hasStringKeys ? .integers([:]) : .strings([:]), isFilled: false)
      }
    }
  }

  /// Fills a table, once: a table that was filled keeps its entries.
  func fill(_ handle: Int32, _ entries: Table.Entries, byteCount: Int) throws(OperatorError) {
    let problem = state.withLock { state -> OperatorError? in
      guard let table = state.tables[handle] else { return .invalidValue("there is no such table") }
      switch (table.entries, entries) {
      case (.strings, .strings), (.integers, .integers): break
      default: return .invalidValue("the table has keys and values of other types")
      }
      if table.isFilled { return nil }
      guard byteCount <= byteLimit - state.byteCount else {
        return .invalidValue("the model's tables need more than \(byteLimit) bytes")
      }
      state.byteCount += byteCount
      state.tables[handle] = Table(entries: entries, isFilled: true)
      return nil
    }
    if let problem { throw problem }
  }

  /// - Throws: `invalidValue` when there is no such table.
  func table(_ handle: Int32) throws(OperatorError) -> Table {
    guard let table = state.withLock({ $0.tables[handle] }) else { throw .invalidValue("there is no such table") }
    return table
  }
}
