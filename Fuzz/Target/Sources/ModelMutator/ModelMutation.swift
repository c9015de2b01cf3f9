internal import Kernels
internal import TensorTypes

/// One change after the other to a model that was taken apart.
struct ModelMutation {
  let model: TableTree
  var random: MutationRandom

  var subgraphs: [TableTree] { model.tables(Schema.Model.subgraphs) }
  var buffers: [TableTree] { model.tables(Schema.Model.buffers) }
  var codes: [TableTree] { model.tables(Schema.Model.operatorCodes) }

  mutating func pick<T>(_ list: [T]) -> T? { list.isEmpty ? nil : list[random.below(list.count)] }

  mutating func apply() {
    guard let graph = pick(subgraphs) else { return anything() }
    let operation = pick(graph.tables(Schema.SubGraph.operators))
    let tensor = pick(graph.tables(Schema.SubGraph.tensors))
    switch random.below(34) {
    case 0...3: anything()
    case 4, 5: if let operation { changeOperator(operation, keepsOptions: random.once(in: 3)) }
    case 6...10: if let operation { changeOptions(operation) }
    case 11, 12: if let operation { changeOperands(operation, Schema.Operator.inputs, graph) }
    case 13: if let operation { changeOperands(operation, Schema.Operator.outputs, graph) }
    case 14, 15: if let tensor { changeShape(tensor) }
    case 16, 17: changeDimensionEverywhere(graph)
    case 18, 19: changeTypeEverywhere(graph)
    case 20: if let tensor { tensor.set(Schema.Tensor.type, random.below(23)) }
    case 21, 22: if let tensor { changeQuantization(tensor, graph) }
    case 23, 24, 25: changeContents()
    case 26: if let tensor { switchConstant(tensor, graph) }
    case 27, 28: if let operation { append(after: operation, graph) }
    case 29: changeOrder(graph)
    case 30: if let code = pick(codes) { code.set(Schema.OperatorCode.version, 1 + random.below(8)) }
    case 31: changeRank(graph)
    case 32: callSubgraph(operation)
    default: if let tensor { tensor.set(Schema.Tensor.isVariable, 1 - tensor.number(Schema.Tensor.isVariable) % 2) }
    }
  }

  /// Changes one field of one table, whatever it means.
  private mutating func anything() {
    var all: [TableTree] = []
    model.forEach { if !$0.fields.isEmpty { all.append($0) } }
    guard let table = pick(all), !table.fields.isEmpty else { return }
    let slot = random.below(table.fields.count)
    change(table, slot)
  }

  private mutating func change(_ table: TableTree, _ slot: Int) {
    switch table.fields[slot] {
    case nil:
      switch SchemaStructure.schema.tables[table.kind].fields[slot] {
      case .scalar(let size):
        table.fields[slot] = .scalar(size: size, bits: UInt64(bitPattern: Int64(random.integer(0))))
      case .vector(let size):
        let count = random.below(6)
        table.fields[slot] = .vector(
          size: size, bytes: (0..<count * size).map { $0 % size == 0 ? UInt8(random.below(5)) : 0 })
      case .bytes:
        table.fields[slot] = .vector(size: 1, bytes: (0..<random.below(40)).map { _ in UInt8(random.below(256)) })
      default: break
      }
    case .scalar(let size, let bits):
      if random.once(in: 10) { return table.fields[slot] = nil }
      let isFloat = size == 4 && random.once(in: 2) && bits > 1 << 24
      let new =
        isFloat
        ? UInt64(random.float(UInt32(truncatingIfNeeded: bits)))
        : UInt64(bitPattern: Int64(random.integer(Int(Int64(bitPattern: bits)))))
      table.fields[slot] = .scalar(size: size, bits: new)
    case .vector(let size, let bytes): table.fields[slot] = .vector(size: size, bytes: changed(bytes, size: size))
    case .string(let text): table.fields[slot] = .string(changed(text, size: 1))
    case .table: if random.once(in: 3) { table.fields[slot] = nil }
    case .tables(var tables):
      if tables.isEmpty { return }
      let index = random.below(tables.count)
      switch random.below(4) {
      case 0: tables.remove(at: index)
      case 1: tables.append(tables[index].copy())
      case 2: tables.swapAt(index, random.below(tables.count))
      default: tables.insert(tables[index].copy(), at: random.below(tables.count + 1))
      }
      if tables.count < 200 { table.fields[slot] = .tables(tables) }
    }
  }

  /// A vector of numbers with one of them changed, added or left out.
  mutating func changed(_ bytes: [UInt8], size: Int) -> [UInt8] {
    var bytes = bytes
    let count = bytes.count / size
    if count == 0 || random.once(in: 8) {
      if bytes.count < 4096 { for byte in 0..<size { bytes.append(byte == 0 ? UInt8(random.below(8)) : 0) } }
      return bytes
    }
    if random.once(in: 8) { return Array(bytes.dropLast(size)) }
    let start = random.below(count) * size
    var old: UInt64 = 0
    for byte in 0..<size { old |= UInt64(bytes[start + byte]) << (8 * UInt64(byte)) }
    let signed = Int(Int64(bitPattern: old << (64 - 8 * UInt64(size)))) >> (64 - 8 * size)
    var new = UInt64(bitPattern: Int64(random.integer(signed)))
    if size == 4, abs(signed) > 1 << 24, !random.once(in: 4) {
      new = UInt64(random.float(UInt32(truncatingIfNeeded: old)))
    }
    for byte in 0..<size { bytes[start + byte] = UInt8(truncatingIfNeeded: new >> (8 * UInt64(byte))) }
    return bytes
  }

  // MARK: Operators

  private static let definitions = OperatorTable.builtin.definitions

  /// The index of an operator code, which is added where it is not there.
  private mutating func code(_ number: Int, version: Int) -> Int {
    var codes = codes
    if let index = codes.firstIndex(where: {
      $0.number(Schema.OperatorCode.builtinCode) == number
        && $0.number(Schema.OperatorCode.version, default: 1) == version
    }) {
      return index
    }
    guard let table = codes.first?.copy() else { return 0 }
    table.set(Schema.OperatorCode.deprecatedBuiltinCode, min(number, 127))
    table.set(Schema.OperatorCode.builtinCode, number)
    table.set(Schema.OperatorCode.version, version)
    table.fields[Schema.OperatorCode.customCode] = nil
    codes.append(table)
    model.fields[Schema.Model.operatorCodes] = .tables(codes)
    return codes.count - 1
  }

  /// Makes the operator another one on the same operands.
  private mutating func changeOperator(_ operation: TableTree, keepsOptions: Bool) {
    guard let definition = pick(Self.definitions), case .builtin(let builtin) = definition.identity else { return }
    let version = definition.versions.lowerBound + random.below(min(definition.versions.count, 12))
    operation.set(Schema.Operator.opcodeIndex, code(Int(builtin.rawValue), version: version))
    guard !keepsOptions else { return }
    for (slot, union, member) in [
      (Schema.Operator.builtinOptionsType, 0, definition.options),
      (Schema.Operator.builtinOptions2Type, 1, definition.options2),
    ] {
      operation.fields[slot] = nil
      operation.fields[slot + 1] = nil
      guard let member, Int(member) <= SchemaStructure.schema.unions[union].count else { continue }
      let table = TableTree(kind: SchemaStructure.schema.unions[union][Int(member) - 1])
      for slot in table.fields.indices where random.once(in: 2) { fill(table, slot) }
      operation.set(slot, Int(member))
      operation.fields[slot + 1] = .table(table)
    }
  }

  /// Gives an option a value that is more often sensible than not.
  private mutating func fill(_ table: TableTree, _ slot: Int) {
    change(table, slot)
    if case .scalar(let size, _) = table.fields[slot], !random.once(in: 4) {
      table.fields[slot] = .scalar(size: size, bits: UInt64(random.below(5)))
    }
  }

  private mutating func changeOptions(_ operation: TableTree) {
    var options: [TableTree] = []
    for slot in [Schema.Operator.builtinOptions, Schema.Operator.builtinOptions2] {
      if case .table(let table) = operation.fields[slot], !table.fields.isEmpty { options.append(table) }
    }
    if case .vector(let size, let bytes) = operation.fields[Schema.Operator.customOptions], options.isEmpty {
      operation.fields[Schema.Operator.customOptions] = .vector(size: size, bytes: changed(bytes, size: size))
    }
    guard let table = pick(options) else { return }
    let slot = random.below(table.fields.count)
    if random.once(in: 2) { fill(table, slot) } else { change(table, slot) }
  }

  private mutating func changeOperands(_ operation: TableTree, _ slot: Int, _ graph: TableTree) {
    var operands = operation.numbers(slot)
    let tensor = Int32(random.below(graph.tables(Schema.SubGraph.tensors).count + 1) - 1)
    switch random.below(5) {
    case 0: operands.insert(tensor, at: random.below(operands.count + 1))
    case 1: if !operands.isEmpty { operands.remove(at: random.below(operands.count)) }
    case 2: operands.shuffle(using: &random)
    default: if !operands.isEmpty { operands[random.below(operands.count)] = tensor }
    }
    operation.set(slot, operands)
  }

  /// Adds an operator that reads what `operation` writes, on copies of its tensors.
  private mutating func append(after operation: TableTree, _ graph: TableTree) {
    var tensors = graph.tables(Schema.SubGraph.tensors)
    var operations = graph.tables(Schema.SubGraph.operators)
    guard tensors.count < 100, operations.count < 60 else { return }
    let copy = operation.copy()
    let outputs = operation.numbers(Schema.Operator.outputs)
    var fresh: [Int32] = []
    for output in outputs where output >= 0 && Int(output) < tensors.count {
      tensors.append(tensors[Int(output)].copy())
      fresh.append(Int32(tensors.count - 1))
    }
    var inputs = copy.numbers(Schema.Operator.inputs)
    if !inputs.isEmpty, let output = outputs.first {
      inputs[random.once(in: 3) ? random.below(inputs.count) : 0] = output
    }
    copy.set(Schema.Operator.inputs, inputs)
    copy.set(Schema.Operator.outputs, fresh)
    operations.append(copy)
    graph.fields[Schema.SubGraph.tensors] = .tables(tensors)
    graph.fields[Schema.SubGraph.operators] = .tables(operations)
    if random.once(in: 2) { changeOperator(copy, keepsOptions: false) }
    var results = graph.numbers(Schema.SubGraph.outputs)
    if random.once(in: 2) { results = [] }
    graph.set(Schema.SubGraph.outputs, results + fresh)
  }

  private mutating func changeOrder(_ graph: TableTree) {
    var operations = graph.tables(Schema.SubGraph.operators)
    guard !operations.isEmpty else { return }
    if random.once(in: 2) {
      operations.swapAt(random.below(operations.count), random.below(operations.count))
    } else {
      operations.remove(at: random.below(operations.count))
    }
    graph.fields[Schema.SubGraph.operators] = .tables(operations)
  }

  /// Points a number of an operator's options at a subgraph, or copies a subgraph.
  private mutating func callSubgraph(_ operation: TableTree?) {
    var graphs = subgraphs
    if graphs.count < 6, let graph = pick(graphs), random.once(in: 2) {
      graphs.append(graph.copy())
      model.fields[Schema.Model.subgraphs] = .tables(graphs)
      return
    }
    guard let operation, case .table(let options) = operation.fields[Schema.Operator.builtinOptions],
      !options.fields.isEmpty
    else { return }
    options.set(random.below(options.fields.count), random.below(graphs.count))
  }
}
