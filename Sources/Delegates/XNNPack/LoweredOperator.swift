internal import CXNNPack
internal import FlatBuffers
internal import Glibc
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// An operator of the library with its packed weights, and the addresses that it works on.
@safe final class LoweredOperator {
  @safe enum Step {
    case run(
      xnn_operator_t, setUp: (xnn_operator_t, OperatorPlan.Addresses) -> xnn_status,
      before: ((OperatorPlan.Addresses) -> String?)?, after: ((OperatorPlan.Addresses) -> Void)?)
    case copy(byteCount: Int)
  }

  /// Where an operand comes from.
  enum Source {
    case tensor(TensorID)
    case constant(SharedForms.Form<SharedBytes>)
  }

  private let name: String
  private let inputs: [Source]
  private let outputs: [TensorID]
  private let step: Step
  private var addresses: OperatorPlan.Addresses?
  /// Where the packed weights are that the operator shares with others.
  let packed: SharedForms.Form<PackedOperator>?

  /// Takes over the operator in `step`.
  init(
    name: String, inputs: [Source], outputs: [TensorID], step: Step, packed: SharedForms.Form<PackedOperator>? = nil
  ) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.step = step
    self.packed = packed
  }

  deinit {
    if case .run(let handle, _, _, _) = step { _ = unsafe xnn_delete_operator(handle) }
  }

  /// Says where the tensors are.
  func setUp(_ memory: RegionMemory, threadPool: ThreadPool) throws(DelegateError) {
    var pointers: [UnsafeRawPointer] = unsafe []
    for source in inputs {
      switch source {
      case .tensor(let id): unsafe pointers.append(UnsafeRawPointer(try address(id, memory)))
      case .constant(let form): unsafe pointers.append(form.value.baseAddress)
      }
    }
    var targets: [UnsafeMutableRawPointer] = unsafe []
    for id in outputs { unsafe targets.append(try address(id, memory)) }
    let addresses = unsafe OperatorPlan.Addresses(
      inputs: pointers, outputs: targets, threadPool: threadPool.handle)
    if case .run(let handle, let setUp, _, _) = step {
      let status = unsafe setUp(handle, addresses)
      guard status == xnn_status_success else {
        throw DelegateError("\(name) could not be set up: \(XNNPackLibrary.name(status))")
      }
    }
    self.addresses = addresses
  }

  private func address(_ id: TensorID, _ memory: RegionMemory) throws(DelegateError) -> UnsafeMutableRawPointer {
    guard let address = unsafe memory.bytes(of: id)?.baseAddress else {
      throw DelegateError("\(name): tensor \(id.index) has no memory")
    }
    return unsafe address
  }

  /// Computes the output.
  func run() throws(DelegateError) {
    guard let addresses else { throw DelegateError("\(name) was not set up") }
    switch step {
    case .run(let handle, _, let before, let after):
      if let problem = before?(addresses) { throw DelegateError("\(name): \(problem)") }
      let status = unsafe xnn_run_operator(handle, addresses.threadPool)
      guard status == xnn_status_success else {
        throw DelegateError("\(name) failed: \(XNNPackLibrary.name(status))")
      }
      after?(addresses)
    case .copy(let byteCount):
      let input = unsafe addresses.inputs[0]
      if unsafe input != UnsafeRawPointer(addresses.output) {
        unsafe memmove(addresses.output, input, byteCount)
      }
    }
  }
}
