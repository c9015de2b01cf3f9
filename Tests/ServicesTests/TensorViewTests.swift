import ModelTestSupport
import TFLiteRuntime
import TensorTypes
import Testing

@Suite struct TensorViewTests {
  @Test(arguments: [[6], [2, 3], [1, 2, 3], [2, 1, 3, 2], [3, 0], [0, 3], [1, 1, 1, 1, 4]])
  func elementsAndRows(dimensions: [Int]) throws {
    let shape = try #require(Shape(dimensions))
    let values = (0..<shape.elementCount).map { Float($0) }
    guard let view = TensorView(values.span, shape: shape) else {
      Issue.record("no view")
      return
    }
    #expect(view.rowCount == dimensions.dropLast().reduce(1, *) * (dimensions.last == 0 ? 0 : 1))
    var index = 0
    for row in 0..<view.rowCount {
      let elements = view.row(row)
      for i in elements.indices {
        #expect(elements[i] == values[index])
        index += 1
      }
    }
    #expect(index == values.count)
    switch dimensions.count {
    case 1: for i in values.indices { #expect(view[i] == values[i]) }
    case 2:
      for i in 0..<dimensions[0] {
        for j in 0..<dimensions[1] { #expect(view[i, j] == values[i * dimensions[1] + j]) }
      }
    case 3: #expect(view[0, 1, 2] == values[5])
    case 4: #expect(view[1, 0, 2, 1] == values[11])
    default: break
    }
  }

  @Test func aScalarIsARow() throws {
    let values: [Int32] = [7]
    guard let view = TensorView(values.span, shape: .scalar) else {
      Issue.record("no view")
      return
    }
    #expect(view.rowCount == 1 && view.row(0)[0] == 7)
  }

  @Test func wrongSizes() throws {
    let values: [Float] = [1, 2, 3]
    let shape = try #require(Shape([2, 2]))
    if TensorView(values.span, shape: shape) != nil { Issue.record("a view of three elements as four") }
  }

  @Test func maximum() throws {
    let values: [Float] = [.nan, 3, 3, -1, 5, 2, .nan, .nan, .nan]
    guard let shape = Shape([3, 3]), let view = TensorView(values.span, shape: shape) else {
      Issue.record("no view")
      return
    }
    #expect(view.indexOfMaximum() == 1 && view.indexOfMaximum(row: 1) == 1)
    #expect((0..<3).contains(view.indexOfMaximum(row: 2)))
  }

  @Test func inAndOutOfAnInterpreter() throws {
    let interpreter = try Interpreter(try Model(bytes: ModelBuilder.addRelu().bytes()))
    try interpreter.resizeInput(0, to: [2, 4])
    var x = try interpreter.inputView(0, as: Float.self, shape: [nil, 4])
    x.fill(with: 0)
    x[1, 2] = 10
    let row: [Float] = [-5, 1, 2, 3]
    x.setRow(0, to: row.span)
    #expect(x[0, 3] == 3 && x.rowCount == 2)
    try interpreter.invoke()
    let y = try interpreter.outputView(0, as: Float.self, shape: [2, 4])
    #expect(y[0, 0] == 0 && y[0, 1] == 3 && y[1, 2] == 13)
    #expect(y.indexOfMaximum(row: 1) == 2)
  }

  @Test(arguments: [[8], [nil, nil, nil], [2, 4], [1, 3], []] as [[Int?]]) func otherShapesAreErrors(shape: [Int?])
    throws
  {
    let interpreter = try Interpreter(try Model(bytes: ModelBuilder.addRelu().bytes()))
    let error = #expect(throws: ModelError.self) { _ = try interpreter.inputView(0, as: Float.self, shape: shape) }
    #expect(error?.kind == .invalidArgument && error?.message.contains("[1, 4]") == true)
    #expect(throws: ModelError.self) { _ = try interpreter.inputView(0, as: Int8.self) }
    #expect(throws: ModelError.self) { _ = try interpreter.outputView(0, as: Float.self) }
    #expect(throws: ModelError.self) { _ = try interpreter.inputView(1, as: Float.self) }
  }
}
