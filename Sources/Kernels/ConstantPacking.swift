internal import CKernels
package import FlatBuffers
internal import Synchronization
internal import TensorTypes

/// Keeps packed forms of constants beyond the process that made them.
package protocol PackedFormStore: Sendable {
  /// The form of this layout and size that was made of these constants; nil when there is none.
  func form(_ layout: String, of constants: [Constant], byteCount: Int) -> SharedBytes?
  /// Takes a form that was packed.
  func add(_ form: SharedBytes, layout: String, of constants: [Constant])
}

/// How constants are packed while an interpreter is planned: all at the end, by several threads together, unless another process left the packed forms.
///
/// Dividing each constant by itself would make threads wait for one another as often as there are constants, which on a busy machine takes far longer
/// than packing. Safe to use from several threads.
package final class ConstantPacking: Sendable {
  /// Threads that pack, the calling one included.
  private let threads: Int
  /// The interpreter's threads, which pack when there are as many of them.
  private let own: ThreadPool?
  /// Whether forms are filled by ``finish()``; otherwise at once.
  private let defers: Bool
  /// Nil for models that are so small that huge pages would be a waste.
  private let memory: PackedMemory?
  private let keptForms = Mutex<(any PackedFormStore)?>(nil)
  private let orders = Mutex<[Order]>([])

  /// A form to fill, and what a store knows it by. The form itself stands with the first constant.
  fileprivate struct Order {
    let job: PackingJob
    let layout: String
    let key: String
    let constants: [Constant]
  }

  /// Work on less than this takes less time than starting threads.
  private static let dividedBytes = 512 << 10

  /// Packing whose forms are filled at once, by the calling thread.
  package init() {
    (threads, own, defers, memory) = (1, nil, false, nil)
  }

  /// Packing whose forms are filled by ``finish()``.
  ///
  /// - Parameters:
  ///   - threads: how many threads pack.
  ///   - threadPool: the interpreter's threads.
  ///   - modelBytes: the size of the model.
  package init(threads: Int, threadPool: ThreadPool, modelBytes: Int) {
    self.threads = max(threads, 1)
    own = threadPool.count >= self.threads ? threadPool : nil
    defers = true
    memory = modelBytes >= 4 << 20 ? PackedMemory() : nil
  }

  /// The name of the instruction set that packed forms are made for.
  package static var instructionSet: String { Microkernels.best.name }

  /// The processors that this process may use, at most 4: packing is bound by memory.
  package static let availableThreads = min(max(Int(tflk_available_processors()), 1), 4)

  /// Where packed forms are kept beyond the process, if anywhere.
  package var store: (any PackedFormStore)? {
    get { keptForms.withLock { $0 } }
    set { keptForms.withLock { $0 = newValue } }
  }

  /// The threads for work on this many bytes, which end when nobody has the pool; nil for the calling one alone.
  package func threadPool(forBytes byteCount: Int) -> ThreadPool? {
    guard threads > 1, byteCount >= Self.dividedBytes else { return nil }
    return own ?? ThreadPool(count: threads)
  }

  /// Fills the forms that were asked for since the last time and that somebody still has.
  package func finish() {
    let orders = orders.withLock { orders in
      defer { orders = [] }
      return orders
    }
    fill(orders)
  }

  private func fill(_ orders: [Order]) {
    var wanted: [(order: Order, form: SharedBytes)] = []
    // A fused operator asks again for the forms of those that it is made of.
    var seen: Set<Int> = []
    for order in orders where seen.insert(Int(bitPattern: ObjectIdentifier(order.job))).inserted {
      if let form = order.constants.first?.wantedForm(order.key) { wanted.append((order, form)) }
    }
    guard !wanted.isEmpty else { return }
    PackingJob.run(wanted.map(\.order.job)) { threadPool(forBytes: $0) }
    if let store {
      for (order, form) in wanted { store.add(form, layout: order.layout, of: order.constants) }
    }
    withExtendedLifetime(wanted) {}
  }

  /// Fills a form now or later.
  fileprivate func take(_ order: Order) {
    guard !order.job.isDone else { return }
    if defers {
      orders.withLock { $0.append(order) }
    } else {
      fill([order])
    }
  }

  /// Memory of zeros that its caller alone has.
  fileprivate func allocate(_ byteCount: Int) throws(OperatorError) -> SharedBytes {
    if let form = memory?.take(byteCount) { return form }
    do { return try SharedBytes(zeros: byteCount) } catch { throw .outOfMemory(bytes: byteCount) }
  }
}

/// The packing of one constant: parts that several threads may write at the same time.
final class PackingJob: @unchecked Sendable {
  private let byteCount: Int
  private let parts: Int
  private let source: SharedBytes
  // Only used while `running` is locked.
  private var pack: ((Int) -> Void)?
  private let remaining: Atomic<Int>
  private let done = Atomic<Bool>(false)

  /// Held by whoever packs. Two interpreters of one model may have the same job; the second then finds it done.
  private static let running = Mutex(())
  /// Bytes that a thread packs before it looks for more.
  private static let itemBytes = 64 << 10

  /// - Parameter source: the constant that is packed, whose pages need not stay in memory afterwards.
  init(byteCount: Int, parts: Int, source: SharedBytes, pack: @escaping (Int) -> Void) {
    self.byteCount = byteCount
    self.parts = parts
    self.source = source
    self.pack = pack
    remaining = Atomic(parts)
  }

  var isDone: Bool { done.load(ordering: .acquiring) }

  /// Returns when all the jobs are done.
  static func run(_ jobs: [PackingJob], threadPool: (Int) -> ThreadPool?) {
    running.withLock { _ in
      var items: [(job: PackingJob, parts: Range<Int>)] = []
      var open: [PackingJob] = []
      for job in jobs where !job.isDone {
        open.append(job)
        let count = max(1, min(job.parts, job.byteCount / itemBytes))
        for index in 0..<count {
          items.append((job, index * job.parts / count..<(index + 1) * job.parts / count))
        }
      }
      let work = items
      let total = open.reduce(0) { $0 + $1.byteCount }
      if let pool = threadPool(total) {
        pool.parallelize(work.count) { work[$0].job.write(work[$0].parts) }
      } else {
        for item in work { item.job.write(item.parts) }
      }
      for job in open {
        job.pack = nil
        job.done.store(true, ordering: .releasing)
      }
    }
  }

  private func write(_ range: Range<Int>) {
    guard let pack else { return }
    for part in range { pack(part) }
    if remaining.subtract(range.count, ordering: .acquiringAndReleasing).newValue == 0 { source.releasePages() }
  }
}

extension NodeContext {
  /// A packed form of constant inputs that depends on nothing but the layout's name and the inputs' bytes, so that it may come from another process. Its
  /// bytes are there when packing has ended.
  ///
  /// - Parameters:
  ///   - layout: names the form, the instruction set and everything besides the inputs' bytes that it depends on.
  ///   - inputs: the inputs it is made of, which must be constants.
  ///   - byteCount: the size of the form.
  ///   - parts: how many parts it consists of, which several threads may write at the same time.
  ///   - source: makes what the parts are made of, only where they are made; nil when that is the first input as it is.
  ///   - pack: writes one part of the form that begins at the address.
  func packed(
    _ layout: String, of inputs: [Int], byteCount: Int, parts: Int,
    source: (() throws(OperatorError) -> SharedBytes)?,
    pack: @escaping (Int, SharedBytes, UnsafeMutableRawPointer) -> Void
  ) throws(OperatorError) -> SharedBytes {
    let constants = inputs.compactMap { self.constant($0) }
    guard let constant = constants.first, constants.count == inputs.count else {
      throw .unsupported("weights that are computed cannot be packed once")
    }
    let key = key(layout, inputs)
    let (form, job) = try constant.form(key) { () throws(OperatorError) -> (SharedBytes, PackingJob?) in
      let store = packing.store
      if let form = store?.form(layout, of: constants, byteCount: byteCount) { return (form, nil) }
      // What is only made to be packed does not wait for the others: all of it together would be much.
      let made = try source?()
      let form = try packing.allocate(byteCount)
      // Safety: nobody reads the memory before the job is done, and all of it can be written.
      let target = unsafe UnsafeMutableRawPointer(mutating: form.baseAddress)
      if let made {
        for part in 0..<parts { unsafe pack(part, made, target) }
        constant.bytes.releasePages()
        store?.add(form, layout: layout, of: constants)
        return (form, nil)
      }
      let bytes = constant.bytes
      // Safety: who runs the job has the form.
      return (form, PackingJob(byteCount: byteCount, parts: parts, source: bytes) { unsafe pack($0, bytes, target) })
    }
    if let job {
      packing.take(ConstantPacking.Order(job: job, layout: layout, key: key, constants: constants))
    }
    return form
  }
}
