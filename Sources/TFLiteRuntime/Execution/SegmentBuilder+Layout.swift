internal import FlatBuffers
internal import Kernels
internal import TensorTypes

/// Where tensors, scratch buffers and workspaces lie in the arena, and the steps that use them.
extension SegmentBuilder {
  struct Layout {
    var steps: [Step] = []
    var arena: Arena
    var plan: ArenaPlan
    var placement: [TensorID: (offset: Int, byteCount: Int)] = [:]
    var slots: [OperandSlot] = []
    var strings: [TensorID: StringCell] = [:]
    var stringConstants: [StringCell] = []
    var contents = Segment.ArenaContents()
  }

  /// - Parameter unplanned: tensors inside regions whose delegate has memory of its own for them.
  func layOut(
    _ order: [Partitioner.Unit], _ resolved: [Resolved], _ compiled: [Int: any CompiledRegion],
    unplanned: Set<TensorID>, range: Range<Int>, isFirst: Bool, memory: Lookup
  ) throws(ModelError) -> Layout {
    // Each node has its own position, those of a region one after the other, so that tensors inside a region share memory too.
    let sequence = order.flatMap { unit -> [Int] in
      switch unit {
      case .node(let node): [node]
      case .region(let nodes): nodes
      }
    }.filter { !resolved[$0].isLeftOut }
    var position = [Int](repeating: -1, count: range.count)
    for (index, node) in sequence.enumerated() { position[node] = index }
    // A region's tensors that others read, and its inputs, are in use while any of its nodes runs.
    var unitSpan: [Int: ClosedRange<Int>] = [:]
    for case .region(let nodes) in order {
      let positions = nodes.map { position[$0] }
      guard let first = positions.min(), let last = positions.max() else { continue }
      for node in nodes { unitSpan[node] = first...last }
    }
    let end = sequence.count
    func source(_ position: Int) -> Node { resolved[position].fused ?? graph.nodes[range.lowerBound + position] }

    var tensors: [StorageAssignment.Tensor] = []
    var ids: [TensorID] = []
    var number = [Int](repeating: -1, count: graph.tensors.count)
    func add(_ id: TensorID, definition: Int, lastUse: Int, isTransient: Bool) throws(ModelError) {
      guard number[id.index] < 0 else {
        // Several steps may write parts of a tensor.
        tensors[number[id.index]].lastUse = max(tensors[number[id.index]].lastUse, lastUse)
        return
      }
      // The size of strings is known only when they are there; they are kept outside the arena.
      guard let bytes = types[id.index].element == .string ? 0 : types[id.index].byteCount else {
        throw ModelError(
          .limitExceeded, "the tensor is too large", at: .init(tensor: id.index, tensorName: graph[id].name))
      }
      number[id.index] = tensors.count
      ids.append(id)
      tensors.append(
        .init(
          definition: definition, lastUse: lastUse, byteCount: bytes, isTransient: isTransient,
          alignment: max(1, types[id.index].element.bitWidth / 8)))
    }
    if isFirst {
      for id in graph.inputs where graph[id].constant == nil && !graph[id].isVariable {
        try add(id, definition: -1, lastUse: end, isTransient: false)
      }
    }
    for node in sequence {
      for id in source(node).outputs
      where !graph[id].isVariable && !unplanned.contains(id) {
        let persists = lastUse[id.index] >= range.upperBound
        let definition = unitSpan[node]?.lowerBound ?? position[node]
        try add(
          id, definition: persists || unitSpan[node] == nil ? definition : position[node],
          lastUse: persists ? end : position[node], isTransient: !persists)
      }
    }
    if isFirst {
      for (input, output) in states where number[input.index] >= 0 && number[output.index] >= 0 {
        tensors[number[input.index]].successor = number[output.index]
      }
    }
    for node in sequence {
      for case let id? in source(node).inputs where number[id.index] >= 0 {
        let tensor = number[id.index]
        let use = unitSpan[node].map { tensors[tensor].definition >= $0.lowerBound ? position[node] : $0.upperBound }
        tensors[tensor].lastUse = max(tensors[tensor].lastUse, use ?? position[node])
        tensors[tensor].lastRead = max(tensors[tensor].lastRead, use ?? position[node])
      }
    }
    // What a region writes for others must not lie on what it still reads.
    for node in sequence {
      guard let span = unitSpan[node] else { continue }
      for id in source(node).outputs where number[id.index] >= 0 {
        let tensor = number[id.index]
        if tensors[tensor].lastUse > span.upperBound { tensors[tensor].definition = span.lowerBound }
      }
    }

    var separate: Set<Int> = []
    for case .region(let nodes) in order where compiled[nodes[0]]?.sharesViews == false { separate.formUnion(nodes) }
    let steps = sequence.map { node -> StorageAssignment.Step in
      let source = source(node)
      let sharing: OperandSharing
      if case .success(let operation) = source.implementation {
        // Inside a region only views share memory: how a delegate computes is its own affair.
        switch operation.sharing {
        case .view: sharing = unitSpan[node] != nil && separate.contains(node) ? .separate : operation.sharing
        default: sharing = unitSpan[node] == nil ? operation.sharing : .separate
        }
      } else {
        sharing = .separate
      }
      return StorageAssignment.Step(
        inputs: source.inputs.map { $0.flatMap { number[$0.index] < 0 ? nil : number[$0.index] } },
        outputs: source.outputs.map { number[$0.index] < 0 ? nil : number[$0.index] }, sharing: sharing,
        blocks: unitSpan[node] == nil ? resolved[node].kernel?.blocks ?? [] : [])
    }
    let assignment = StorageAssignment(tensors: tensors, steps: steps, separate: preservesIntermediates)

    var buffers = assignment.storages.map {
      ArenaBuffer(size: $0.byteCount, firstUse: $0.firstUse + 1, lastUse: $0.lastUse + 1)
    }
    var scratchBuffers: [Int: Range<Int>] = [:]
    for unit in order {
      switch unit {
      case .node(let node):
        guard let kernel = resolved[node].kernel, position[node] >= 0, !kernel.scratch.isEmpty else { continue }
        let first = buffers.count
        for bytes in kernel.scratch {
          buffers.append(ArenaBuffer(size: bytes, firstUse: position[node] + 1, lastUse: position[node] + 1))
        }
        scratchBuffers[node] = first..<buffers.count
      case .region(let nodes):
        guard let region = compiled[nodes[0]], let span = unitSpan[nodes[0]] else { continue }
        buffers.append(
          ArenaBuffer(size: region.scratchBytes, firstUse: span.lowerBound + 1, lastUse: span.upperBound + 1))
        scratchBuffers[nodes[0]] = buffers.count - 1..<buffers.count
      }
    }
    let plan: ArenaPlan
    let effort = isFirst ? planningEffort : planningEffort.whileRunning
    do throws(PlanningError) { plan = try MemoryPlanner.plan(buffers, effort: effort) } catch {
      throw ModelError(.limitExceeded, "memory cannot be planned: \(error)")
    }
    var layout = Layout(arena: try Arena(byteCount: plan.bytes, budget: budget), plan: plan)
    layout.contents.buffers = buffers
    layout.contents.nodes = sequence.map { range.lowerBound + $0 }
    layout.contents.tensors = [[TensorID]](repeating: [], count: buffers.count)
    for (tensor, id) in ids.enumerated() { layout.contents.tensors[assignment.places[tensor].storage].append(id) }
    for (tensor, id) in ids.enumerated() {
      if types[id.index].element == .string {
        layout.strings[id] = StringCell(try Self.placeholder(types[id.index].shape))
        continue
      }
      let place = assignment.places[tensor]
      layout.placement[id] = (plan.offsets[place.storage] + place.offset, tensors[tensor].byteCount)
    }

    func slot(_ id: TensorID?) throws(ModelError) -> OperandSlot {
      guard let id else { return layout.arena.slot(offset: 0, count: 0) }
      if let cell = layout.strings[id] { return OperandSlot(strings: cell) }
      if let place = layout.placement[id] { return layout.arena.slot(offset: place.offset, count: place.byteCount) }
      if let constant = graph[id].constant ?? values[id] {
        if types[id.index].element == .string {
          let cell: StringCell
          do throws(OperatorError) { cell = StringCell(try StringArray(constant.bytes)) } catch {
            throw ModelError(error, at: .init(tensor: id.index, tensorName: graph[id].name))
          }
          layout.stringConstants.append(cell)
          return OperandSlot(strings: cell)
        }
        // Kernels never write to inputs.
        return unsafe OperandSlot(
          address: UnsafeMutableRawPointer(mutating: constant.bytes.baseAddress), byteCount: constant.bytes.count)
      }
      if let slot = memory(id) { return slot }
      throw ModelError(
        .malformed, "nothing gives the tensor a value", at: .init(tensor: id.index, tensorName: graph[id].name))
    }
    for unit in order {
      switch unit {
      case .node(let node):
        guard position[node] >= 0, let kernel = resolved[node].kernel else { continue }
        let index = range.lowerBound + node
        let source = source(node)
        if case .success(let operation) = source.implementation, case .view(let viewed) = operation.sharing,
          viewed < source.inputs.count, let input = source.inputs[viewed], let output = source.outputs.first,
          number[input.index] >= 0, number[output.index] >= 0,
          assignment.places[number[input.index]] == assignment.places[number[output.index]]
        {
          continue
        }
        if assignment.isInPlace(steps[position[node]]) { continue }
        let first = layout.slots.count
        for id in source.inputs { layout.slots.append(try slot(id)) }
        for id in source.outputs {
          var whole = try slot(id)
          if kernel.outputOffset > 0 { whole = whole.skipping(kernel.outputOffset) }
          layout.slots.append(whole)
        }
        for buffer in scratchBuffers[node] ?? 0..<0 {
          layout.slots.append(layout.arena.slot(offset: plan.offsets[buffer], count: buffers[buffer].size))
        }
        layout.steps.append(
          Step(
            action: .kernel(kernel.invoke), slot: first, inputCount: source.inputs.count,
            outputCount: source.outputs.count, node: index, name: source.name, call: calls[index]))
      case .region(let nodes):
        guard let region = compiled[nodes[0]], let delegate = resolved[nodes[0]].delegate else { continue }
        var slots: [TensorID: OperandSlot] = [:]
        for node in nodes {
          let source = graph.nodes[range.lowerBound + node]
          for case let id? in source.inputs where !unplanned.contains(id) { slots[id] = try slot(id) }
          for id in source.outputs where !unplanned.contains(id) { slots[id] = try slot(id) }
        }
        let buffer = scratchBuffers[nodes[0]]?.lowerBound
        let scratch = layout.arena.slot(
          offset: buffer.map { plan.offsets[$0] } ?? 0, count: buffer.map { buffers[$0].size } ?? 0)
        do throws(DelegateError) { try region.bind(RegionMemory(slots: slots, scratch: scratch)) } catch {
          throw ModelError(.delegate, error.description, at: graph.location(of: range.lowerBound + nodes[0]))
        }
        layout.steps.append(
          Step(
            action: .region(region), slot: 0, inputCount: 0, outputCount: 0, node: range.lowerBound + nodes[0],
            members: nodes.map { range.lowerBound + $0 },
            name: "\(delegates[delegate].name)[\(nodes.count)]"))
      }
    }
    return layout
  }

  /// What a string tensor holds before anything is written to it: empty strings, as many as are reasonable.
  private static func placeholder(_ shape: Shape) throws(ModelError) -> StringArray {
    do throws(OperatorError) {
      return try StringArray([[UInt8]](repeating: [], count: min(shape.elementCount, 4096)))
    } catch {
      throw ModelError(.outOfMemory, "\(error)")
    }
  }
}
