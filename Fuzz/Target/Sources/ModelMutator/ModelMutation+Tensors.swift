internal import TensorTypes

extension ModelMutation {
  // MARK: Shapes and types

  mutating func changeShape(_ tensor: TableTree) {
    var shape = tensor.numbers(Schema.Tensor.shape)
    switch random.below(6) {
    case 0: shape.insert(Int32(truncatingIfNeeded: random.dimension(1)), at: random.below(shape.count + 1))
    case 1: if !shape.isEmpty { shape.remove(at: random.below(shape.count)) }
    case 2: shape.shuffle(using: &random)
    case 3:
      tensor.set(Schema.Tensor.shapeSignature, shape.map { random.once(in: 2) ? -1 : $0 })
      return
    default:
      guard !shape.isEmpty else { return }
      let index = random.below(shape.count)
      shape[index] = Int32(truncatingIfNeeded: random.dimension(Int(shape[index])))
    }
    tensor.set(Schema.Tensor.shape, shape)
  }

  /// Gives a size that several tensors have another value in all of them, so that they still fit together.
  mutating func changeDimensionEverywhere(_ graph: TableTree) {
    let tensors = graph.tables(Schema.SubGraph.tensors)
    guard let tensor = pick(tensors), let old = pick(tensor.numbers(Schema.Tensor.shape)) else { return }
    let new = Int32(truncatingIfNeeded: random.dimension(Int(old)))
    for tensor in tensors {
      tensor.set(Schema.Tensor.shape, tensor.numbers(Schema.Tensor.shape).map { $0 == old ? new : $0 })
    }
  }

  /// Puts a dimension in front of, or takes one from, all tensors of the same rank.
  mutating func changeRank(_ graph: TableTree) {
    let tensors = graph.tables(Schema.SubGraph.tensors)
    guard let rank = pick(tensors)?.numbers(Schema.Tensor.shape).count else { return }
    let adds = random.once(in: 2)
    let size = Int32(truncatingIfNeeded: random.dimension(1))
    for tensor in tensors {
      let shape = tensor.numbers(Schema.Tensor.shape)
      if shape.count == rank { tensor.set(Schema.Tensor.shape, adds ? [size] + shape : Array(shape.dropFirst())) }
    }
  }

  /// Gives all tensors of one type another.
  mutating func changeTypeEverywhere(_ graph: TableTree) {
    let tensors = graph.tables(Schema.SubGraph.tensors)
    guard let old = pick(tensors)?.number(Schema.Tensor.type) else { return }
    let common = [0, 1, 2, 3, 4, 6, 7, 9, 9, 10, 15, 16, 17]
    let new = random.once(in: 4) ? random.below(23) : common[random.below(common.count)]
    for tensor in tensors where tensor.number(Schema.Tensor.type) == old { tensor.set(Schema.Tensor.type, new) }
  }

  mutating func changeQuantization(_ tensor: TableTree, _ graph: TableTree) {
    guard case .table(let quantization) = tensor.fields[Schema.Tensor.quantization] else {
      let other = pick(graph.tables(Schema.SubGraph.tensors))?.fields[Schema.Tensor.quantization]
      if case .table(let table) = other {
        tensor.fields[Schema.Tensor.quantization] = .table(table.copy())
      } else {
        var kind: Int?
        if case .table(let index) = SchemaStructure.schema.tables[tensor.kind].fields[Schema.Tensor.quantization] {
          kind = index
        }
        guard let kind else { return }
        let table = TableTree(kind: kind)
        table.set(Schema.QuantizationParameters.scale, [Int32(bitPattern: Float(0.5).bitPattern)])
        table.fields[Schema.QuantizationParameters.zeroPoint] = .vector(size: 8, bytes: Array(repeating: 0, count: 8))
        tensor.fields[Schema.Tensor.quantization] = .table(table)
      }
      return
    }
    switch random.below(5) {
    case 0: tensor.fields[Schema.Tensor.quantization] = nil
    case 1, 2:
      let slot = Schema.QuantizationParameters.scale
      if let bytes = quantization.bytes(slot) {
        quantization.fields[slot] = .vector(size: 4, bytes: changed(bytes, size: 4))
      }
    case 3:
      let slot = Schema.QuantizationParameters.zeroPoint
      if let bytes = quantization.bytes(slot) {
        quantization.fields[slot] = .vector(size: 8, bytes: changed(bytes, size: 8))
      }
    default:
      // From one scale to as many as a dimension has, or back.
      let axis = random.below(5)
      let shape = tensor.numbers(Schema.Tensor.shape)
      let count = axis < shape.count ? min(max(Int(shape[axis]), 1), 64) : 1
      guard let scale = quantization.numbers(Schema.QuantizationParameters.scale).first else { return }
      quantization.set(Schema.QuantizationParameters.scale, Array(repeating: scale, count: count))
      quantization.fields[Schema.QuantizationParameters.zeroPoint] = .vector(
        size: 8, bytes: Array(repeating: 0, count: 8 * count))
      quantization.set(Schema.QuantizationParameters.quantizedDimension, axis)
    }
  }

  // MARK: Constants

  /// Changes the contents of a buffer.
  mutating func changeContents() {
    guard let buffer = pick(buffers), var bytes = buffer.bytes(Schema.Buffer.data), !bytes.isEmpty else { return }
    for _ in 0..<1 + random.below(3) {
      let size = [1, 4, 4, 8][random.below(4)]
      if bytes.count >= size { bytes = changed(bytes, size: size) }
    }
    buffer.fields[Schema.Buffer.data] = .vector(size: 1, bytes: bytes)
  }

  /// Makes a constant an input, or an input a constant.
  mutating func switchConstant(_ tensor: TableTree, _ graph: TableTree) {
    let tensors = graph.tables(Schema.SubGraph.tensors)
    guard let index = tensors.firstIndex(where: { $0 === tensor }) else { return }
    var inputs = graph.numbers(Schema.SubGraph.inputs)
    if let position = inputs.firstIndex(of: Int32(index)) {
      inputs.remove(at: position)
      guard let count = byteCount(tensor) else { return }
      var bytes = [UInt8](repeating: 0, count: count)
      let isRandom = random.once(in: 2)
      for position in bytes.indices where isRandom || position % 4 == 0 {
        bytes[position] = UInt8(isRandom ? random.below(256) : random.below(4))
      }
      setData(bytes, of: tensor)
    } else if tensor.number(Schema.Tensor.buffer) != 0 {
      tensor.set(Schema.Tensor.buffer, 0)
      inputs.append(Int32(index))
    }
    graph.set(Schema.SubGraph.inputs, inputs)
    for signature in model.tables(Schema.Model.signatureDefs) where random.once(in: 2) {
      signature.fields[Schema.SignatureDef.inputs] = .tables([])
    }
  }

  private func setData(_ bytes: [UInt8], of tensor: TableTree) {
    var buffers = buffers
    guard buffers.count < 200, let first = buffers.first else { return }
    let buffer = TableTree(kind: first.kind)
    buffer.fields[Schema.Buffer.data] = .vector(size: 1, bytes: bytes)
    buffers.append(buffer)
    model.fields[Schema.Model.buffers] = .tables(buffers)
    tensor.set(Schema.Tensor.buffer, buffers.count - 1)
  }

  /// The bytes that the tensor's type asks for; nil when there are too many for a small file.
  private func byteCount(_ tensor: TableTree) -> Int? {
    guard let element = ElementType(rawValue: UInt8(truncatingIfNeeded: tensor.number(Schema.Tensor.type))),
      let shape = Shape(tensor.numbers(Schema.Tensor.shape).map(Int.init)),
      let count = TensorType(element: element, shape: shape).byteCount, count <= 4096
    else { return nil }
    return count
  }

  /// Gives every constant as many bytes as its type and shape ask for.
  mutating func fitConstants() {
    for graph in subgraphs {
      for tensor in graph.tables(Schema.SubGraph.tensors) where tensor.fields[Schema.Tensor.sparsity] == nil {
        let index = tensor.number(Schema.Tensor.buffer)
        guard index > 0, index < buffers.count, let bytes = buffers[index].bytes(Schema.Buffer.data), !bytes.isEmpty,
          let count = byteCount(tensor), count != bytes.count
        else { continue }
        setData((0..<count).map { bytes[$0 % bytes.count] }, of: tensor)
      }
    }
  }

  // MARK: Crossing

  /// Appends all tensors and operators of a subgraph of another model; half of the time its first input is our first output.
  mutating func adopt(from other: TableTree) {
    guard let graph = pick(subgraphs), let source = pick(other.tables(Schema.Model.subgraphs)) else { return }
    var tensors = graph.tables(Schema.SubGraph.tensors)
    let incoming = source.tables(Schema.SubGraph.tensors)
    let operations = source.tables(Schema.SubGraph.operators)
    guard tensors.count + incoming.count < 120, buffers.count + other.tables(Schema.Model.buffers).count < 200 else {
      return
    }
    let firstTensor = Int32(tensors.count)
    let firstBuffer = buffers.count
    let firstCode = codes.count
    for table in incoming {
      let tensor = table.copy()
      let buffer = tensor.number(Schema.Tensor.buffer)
      if buffer != 0 { tensor.set(Schema.Tensor.buffer, buffer &+ firstBuffer) }
      tensors.append(tensor)
    }
    model.fields[Schema.Model.buffers] = .tables(buffers + other.tables(Schema.Model.buffers).map { $0.copy() })
    model.fields[Schema.Model.operatorCodes] = .tables(
      codes + other.tables(Schema.Model.operatorCodes).map { $0.copy() })
    var inputs = source.numbers(Schema.SubGraph.inputs).map { $0 &+ firstTensor }
    var replacement: (from: Int32, to: Int32)?
    if random.once(in: 2), let result = pick(graph.numbers(Schema.SubGraph.outputs)), let input = inputs.first {
      replacement = (input, result)
      inputs.removeFirst()
    }
    func renumbered(_ operands: [Int32]) -> [Int32] {
      operands.map { operand in
        guard operand >= 0 else { return operand }
        let index = operand &+ firstTensor
        return index == replacement?.from ? replacement?.to ?? index : index
      }
    }
    var all = graph.tables(Schema.SubGraph.operators)
    for table in operations {
      let operation = table.copy()
      operation.set(Schema.Operator.opcodeIndex, operation.number(Schema.Operator.opcodeIndex) &+ firstCode)
      for slot in [Schema.Operator.inputs, Schema.Operator.outputs, Schema.Operator.intermediates]
      where operation.fields[slot] != nil {
        operation.set(slot, renumbered(operation.numbers(slot)))
      }
      all.append(operation)
    }
    graph.fields[Schema.SubGraph.operators] = .tables(all)
    graph.fields[Schema.SubGraph.tensors] = .tables(tensors)
    graph.set(Schema.SubGraph.inputs, graph.numbers(Schema.SubGraph.inputs) + inputs)
    graph.set(
      Schema.SubGraph.outputs,
      graph.numbers(Schema.SubGraph.outputs) + renumbered(source.numbers(Schema.SubGraph.outputs)))
  }
}
