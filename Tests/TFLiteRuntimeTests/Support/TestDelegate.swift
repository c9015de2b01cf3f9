import FlatBuffers
import Kernels
import TensorTypes

@testable import TFLiteRuntime

/// A delegate that runs nodes with the built-in kernels, each region as one step.
struct TestDelegate: Delegate {
  let name: String
  var partitioning = PartitioningOptions()
  /// Whether a node is taken.
  let accepts: @Sendable (DelegateNode) -> Bool
  /// Regions with an operator of this name cannot be compiled.
  var uncompilable: String?
  /// Whether tensors inside a region are planned by the runtime; otherwise the region has memory of its own for them.
  var usesArena = true
  let regionsCompiled = Counter()
  let regionsRun = Counter()

  init(_ name: String = "test", accepts: @escaping @Sendable (DelegateNode) -> Bool) {
    self.name = name
    self.accepts = accepts
  }

  func supports(_ node: DelegateNode) -> DelegateSupport {
    accepts(node) ? .accepted : .refused("\(name) does not like \(node.name)")
  }

  func compile(_ region: DelegateRegion) throws(DelegateError) -> any CompiledRegion {
    if let uncompilable, region.nodes.contains(where: { $0.name == uncompilable }) {
      throw DelegateError("\(uncompilable) is too hard")
    }
    regionsCompiled.increment()
    do throws(OperatorError) {
      return try TestRegion(region, usesArena: usesArena, runs: regionsRun)
    } catch {
      throw DelegateError(error.description)
    }
  }
}

final class TestRegion: CompiledRegion {
  private let nodes: [DelegateNode]
  private let kernels: [Kernel]
  private let internals: [DelegateOperand]
  private let runs: Counter
  private var own: [TensorID: OperandSlot] = [:]
  private var slots: [[OperandSlot]] = []
  private var allocated: [UnsafeMutableRawPointer] = []
  let needsInternals: Bool

  init(_ region: DelegateRegion, usesArena: Bool, runs: Counter) throws(OperatorError) {
    nodes = region.nodes
    internals = region.internals
    needsInternals = usesArena
    self.runs = runs
    var kernels: [Kernel] = []
    for node in region.nodes {
      kernels.append(
        try node.operation.prepare(
          NodeContext(
            inputs: node.inputs.map { $0?.type }, outputs: node.outputs.map(\.type),
            values: node.inputs.map { $0?.constant.map { .constant($0) } ?? .unknown }, threads: 1)))
    }
    self.kernels = kernels
  }

  deinit { for address in allocated { address.deallocate() } }

  private func allocate(_ count: Int) -> OperandSlot {
    let address = UnsafeMutableRawPointer.allocate(byteCount: count + 128, alignment: 64)
    allocated.append(address)
    return OperandSlot(address: address, byteCount: count)
  }

  func bind(_ memory: RegionMemory) throws(DelegateError) {
    slots = []
    if !needsInternals {
      for operand in internals {
        guard memory.bytes(of: operand.tensor) == nil else { throw DelegateError("\(operand.name) has an address") }
        own[operand.tensor] = allocate(operand.type.byteCount ?? 0)
      }
    }
    for (node, kernel) in zip(nodes, kernels) {
      var list: [OperandSlot] = []
      for operand in node.inputs + node.outputs.map(Optional.some) {
        if let constant = operand?.constant {
          list.append(
            OperandSlot(
              address: UnsafeMutableRawPointer(mutating: constant.bytes.baseAddress),
              byteCount: constant.bytes.count))
        } else if let operand, let slot = own[operand.tensor] {
          list.append(slot)
        } else if let operand, let bytes = memory.bytes(of: operand.tensor), let start = bytes.baseAddress {
          list.append(OperandSlot(address: start, byteCount: bytes.count))
        } else {
          guard operand == nil else { throw DelegateError("no memory for \(operand?.name ?? "")") }
          list.append(allocate(0))
        }
      }
      slots.append(list + kernel.scratch.map { allocate($0) })
    }
  }

  func invoke(_ context: ExecutionContext) throws(DelegateError) {
    runs.increment()
    for (index, kernel) in kernels.enumerated() {
      let failure = slots[index].withUnsafeBufferPointer { buffer -> OperatorError? in
        guard let base = buffer.baseAddress else { return nil }
        do throws(OperatorError) {
          try kernel.invoke(
            Operands(
              slots: base, inputCount: nodes[index].inputs.count, outputCount: nodes[index].outputs.count,
              context: context))
          return nil
        } catch {
          return error
        }
      }
      if let failure { throw DelegateError(failure.description) }
    }
  }
}
