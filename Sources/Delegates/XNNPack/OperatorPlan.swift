internal import CXNNPack
internal import FlatBuffers
internal import Kernels
internal import TFLiteRuntime
internal import TensorTypes

/// Why a node cannot run with this library; for people to read.
struct Refusal: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// One node, checked and ready to be made into an operator of the library.
///
/// Everything that the library would refuse, or that would make it read or write outside of the tensors, was checked when the plan was made.
/// Making a plan allocates no memory to speak of; ``make()`` packs the weights.
struct OperatorPlan {
  /// Where an operand of the running operator comes from.
  enum Source {
    case tensor(TensorID)
    /// A constant. The running operator reads a copy with room behind it, because the library reads past the end of operands.
    case constant(Constant)
  }

  /// The addresses of one operator's operands.
  @safe struct Addresses {
    let inputs: [UnsafeRawPointer]
    let outputs: [UnsafeMutableRawPointer]
    let threadPool: pthreadpool_t?

    /// The first output.
    var output: UnsafeMutableRawPointer { unsafe outputs[0] }
  }

  @safe enum Action {
    /// An operator of the library: how to create it, how to give it addresses, and what is to be done before and after each run. What is done
    /// before answers why the operator must not run, if it must not.
    case run(
      create: (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status, setUp: (xnn_operator_t, Addresses) -> xnn_status,
      before: ((Addresses) -> String?)? = nil, after: ((Addresses) -> Void)? = nil)
    /// The output has the bytes of the input.
    case copy(byteCount: Int)
  }

  /// Names the operator in errors.
  let name: String
  let inputs: [Source]
  /// At least one.
  let outputs: [TensorID]
  let action: Action
  /// What the operator is created from, where it packs weights; nil for others.
  let packing: OperatorKey?

  init(name: String, inputs: [Source], outputs: [TensorID], action: Action, packing: OperatorKey? = nil) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    self.action = action
    self.packing = packing
  }

  init(name: String, inputs: [Source], output: TensorID, action: Action, packing: OperatorKey? = nil) {
    self.init(name: name, inputs: inputs, outputs: [output], action: action, packing: packing)
  }

  /// Creates the operator, with packed weights that other interpreters of the model may use too.
  ///
  /// - Throws: ``DelegateError`` with the library's status when it refuses.
  func make() throws(DelegateError) -> LoweredOperator {
    var sources: [LoweredOperator.Source] = []
    for source in inputs {
      switch source {
      case .tensor(let id): sources.append(.tensor(id))
      case .constant(let constant): sources.append(.constant(try padded(constant)))
      }
    }
    switch action {
    case .copy(let byteCount):
      return LoweredOperator(name: name, inputs: sources, outputs: outputs, step: .copy(byteCount: byteCount))
    case .run(let create, let setUp, let before, let after):
      let (handle, packed) = unsafe try operate(create)
      return unsafe LoweredOperator(
        name: name, inputs: sources, outputs: outputs,
        step: .run(handle, setUp: setUp, before: before, after: after), packed: packed)
    }
  }

  /// An operator of the library, and what it shares its weights with.
  private func operate(
    _ create: (UnsafeMutablePointer<xnn_operator_t?>) -> xnn_status
  ) throws(DelegateError) -> (xnn_operator_t, SharedForms.Form<PackedOperator>?) {
    if let packing, PackedOperator.copiesWork {
      do throws(PackedOperator.Failure) {
        let form = try SharedForms.form(packing) { () throws(PackedOperator.Failure) in
          let packed = unsafe try PackedOperator(create)
          for identity in packing.constants { identity.constant?.bytes.releasePages() }
          return packed
        }
        guard let handle = unsafe form.value.copy() else { throw .refused(xnn_status_out_of_memory) }
        return unsafe (handle, form)
      } catch {
        if case .refused(let status) = error { throw failure(status) }
      }
    }
    var handle: xnn_operator_t?
    let status = unsafe create(&handle)
    guard status == xnn_status_success, let handle = unsafe handle else { throw failure(status) }
    return unsafe (handle, nil)
  }

  private func failure(_ status: xnn_status) -> DelegateError {
    DelegateError("\(name) could not be created: \(XNNPackLibrary.name(status))")
  }

  private func padded(_ constant: Constant) throws(DelegateError) -> SharedForms.Form<SharedBytes> {
    try SharedForms.form(OperatorKey(.paddedConstant, constants: [constant])) { () throws(DelegateError) in
      let bytes = constant.bytes
      do throws(SharedBytesError) {
        let copy = try SharedBytes(copying: bytes.span)
        return copy
      } catch {
        throw DelegateError("\(name): \(error)")
      }
    }
  }
}
