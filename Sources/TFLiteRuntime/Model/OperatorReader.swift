internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Reads operators: looks them up, parses their options, checks the tensors that they name.
struct OperatorReader {
  /// An entry of the model's list of operator codes, looked up.
  private struct Entry {
    let identity: OperatorDefinition.Identity
    let version: Int
    let registration: Result<OperatorRegistration, OperatorError>
    /// Which members of the two options unions hold this operator's options; nil when that is not known.
    let members: (options: UInt8?, options2: UInt8?)?

    var name: String {
      switch identity {
      case .builtin(let builtin): builtin.name
      case .custom(let name): name
      }
    }
  }

  private let file: SharedBytes
  private let entries: [Entry]

  init(file: SharedBytes, codes: FlatBufferTables?, operators: OperatorTable) throws(ModelError) {
    self.file = file
    var entries: [Entry] = []
    if let codes {
      entries.reserveCapacity(codes.count)
      for index in 0..<codes.count {
        let record = try located { () throws(FlatBufferError) in try OperatorCodeRecord(codes.table(index)) }
        entries.append(try Self.entry(record, index: index, operators: operators))
      }
    }
    self.entries = entries
  }

  private static func entry(_ record: OperatorCodeRecord, index: Int, operators: OperatorTable) throws(ModelError)
    -> Entry
  {
    let identity: OperatorDefinition.Identity
    let missing: OperatorError
    switch BuiltinOperator(rawValue: record.builtinCode) {
    case .custom:
      guard let name = record.customCode else {
        throw ModelError(.malformed, "operator code \(index) is a custom operator without a name")
      }
      identity = .custom(name)
      missing = .unsupported(
        name.hasPrefix("Flex")
          ? "'\(name)' is a TensorFlow operator; convert the model without TensorFlow operators (SELECT_TF_OPS)"
          : "there is no custom operator '\(name)': add a Swift type for it to the model's operator table "
            + "(OperatorTable.builtin.adding), or a shared library that has it (OperatorLibrary; --operators FILE of the tflite tool)"
      )
    case let builtin?:
      identity = .builtin(builtin)
      missing = .unsupported("there is no kernel for \(builtin.name)")
    case nil:
      // The schema has no name for it; its placeholder stands in.
      identity = .builtin(.placeholderForGreaterOpCodes)
      missing = .unsupported("operator code \(record.builtinCode) is not in the schema")
    }
    guard let registration = operators.registration(of: identity) else {
      var members: (options: UInt8?, options2: UInt8?)?
      if case .builtin(let builtin) = identity { members = SubgraphCalls.references(builtin)?.members }
      return Entry(identity: identity, version: record.version, registration: .failure(missing), members: members)
    }
    let definition = registration.definition
    let versions = definition.versions
    let isSupported = versions.contains(record.version)
    return Entry(
      identity: identity, version: record.version,
      registration: isSupported
        ? .success(registration)
        : .failure(
          .unsupported(
            "version \(record.version) of \(definition.name); "
              + (versions.count == 1
                ? "version \(versions.lowerBound) is supported"
                : "versions \(versions.lowerBound) to \(versions.upperBound) are supported"))),
      members: (definition.options, definition.options2))
  }

  /// One operator of a subgraph with `tensorCount` tensors.
  func node(_ record: OperatorRecord, tensorCount: Int, location: ModelError.Location) throws(ModelError) -> Node {
    var location = location
    guard record.code < entries.count, let index = location.operatorIndex, let subgraph = location.subgraph else {
      throw ModelError(
        .malformed, "operator code \(record.code) does not exist; the model has \(entries.count)", at: location)
    }
    let entry = entries[record.code]
    location.operatorName = entry.name
    func tensor(_ stored: Int32, _ position: Int, _ what: String) throws(ModelError) -> TensorID {
      guard stored >= 0, stored < tensorCount else {
        throw ModelError(
          .malformed, "\(what) \(position) is tensor \(stored); the subgraph has \(tensorCount) tensors", at: location)
      }
      return TensorID(Int(stored))
    }
    var inputs: [TensorID?] = []
    inputs.reserveCapacity(record.inputs.count)
    for (position, stored) in record.inputs.enumerated() {
      inputs.append(stored == -1 ? nil : try tensor(stored, position, "input"))
    }
    var outputs: [TensorID] = []
    for (position, stored) in record.outputs.enumerated() {
      outputs.append(try tensor(stored, position, "output"))
    }
    var intermediates: [TensorID] = []
    for (position, stored) in record.intermediates.enumerated() {
      intermediates.append(try tensor(stored, position, "intermediate"))
    }
    let options = try options(record, entry, location)
    let implementation: Result<any Kernels.Operator, OperatorError>
    switch entry.registration {
    case .success(let registration):
      do throws(OperatorError) {
        implementation = .success(try registration.make(options))
      } catch {
        implementation = .failure(error)
      }
    case .failure(let error): implementation = .failure(error)
    }
    return Node(
      identity: entry.identity, version: entry.version, options: options, inputs: inputs, outputs: outputs,
      intermediates: intermediates, origin: Node.Origin(subgraph: subgraph, index: index),
      implementation: implementation)
  }

  private func options(_ record: OperatorRecord, _ entry: Entry, _ location: ModelError.Location) throws(ModelError)
    -> OperatorOptions
  {
    if case .custom = entry.identity {
      if let stored = record.customOptions { return OperatorOptions(custom: stored) }
      // Offsets 0 and 1 mean that there are none.
      guard record.largeCustomOptionsOffset > 1 else { return OperatorOptions(custom: nil) }
      guard let offset = Int(exactly: record.largeCustomOptionsOffset),
        let size = Int(exactly: record.largeCustomOptionsSize), let bytes = file.slice(offset: offset, count: size)
      else {
        throw ModelError(
          .malformed,
          "custom options are \(record.largeCustomOptionsSize) bytes at \(record.largeCustomOptionsOffset) of a file of "
            + "\(file.count) bytes", at: location)
      }
      return OperatorOptions(custom: bytes)
    }
    guard let members = entry.members else { return OperatorOptions(table: record.options ?? record.options2) }
    if let options = record.options, record.optionsType == members.options { return OperatorOptions(table: options) }
    if let options = record.options2, record.options2Type == members.options2 {
      return OperatorOptions(table: options)
    }
    // Options of another operator say nothing about this one.
    return .defaults
  }
}
