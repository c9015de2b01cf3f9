public import TensorTypes

/// A tensor's elements in place, with their shape. Valid as long as the span that it is made of.
///
/// Indices outside the shape, and another number of them than the rank, are programming errors and stop the program, as with `Array`.
public struct TensorView<Element: TensorScalar>: ~Escapable {
  /// All elements in row-major order.
  public let elements: Span<Element>
  public let shape: Shape

  /// nil unless there are as many elements as the shape has.
  @_lifetime(copy elements)
  public init?(_ elements: Span<Element>, shape: Shape) {
    guard elements.count == shape.elementCount else { return nil }
    self.elements = elements
    self.shape = shape
  }

  public subscript(i: Int) -> Element {
    elements[shape.offset(i)]
  }

  public subscript(i: Int, j: Int) -> Element {
    elements[shape.offset(i, j)]
  }

  public subscript(i: Int, j: Int, k: Int) -> Element {
    elements[shape.offset(i, j, k)]
  }

  public subscript(i: Int, j: Int, k: Int, l: Int) -> Element {
    elements[shape.offset(i, j, k, l)]
  }

  /// Rows: vectors along the last axis.
  public var rowCount: Int { shape.rowCount }

  /// A row, counted over all axes but the last.
  @_lifetime(copy self)
  public func row(_ index: Int) -> Span<Element> {
    precondition(index >= 0 && index < rowCount, "row \(index) of \(rowCount)")
    let length = shape.last ?? 1
    return elements.extracting(index * length..<(index + 1) * length)
  }

  /// The index of the largest element of a row, the first of several; elements that are not numbers count as the least. 0 for rows without
  /// elements.
  public func indexOfMaximum(row index: Int = 0) -> Int where Element: Comparable {
    let row = row(index)
    var best = 0
    for i in row.indices where row[i] > row[best] || !(row[best] == row[best]) { best = i }
    return best
  }
}

/// A tensor's elements in place, to be written, with their shape. Valid as long as the span that it is made of.
///
/// Indices outside the shape, and another number of them than the rank, are programming errors and stop the program, as with `Array`.
public struct MutableTensorView<Element: TensorScalar>: ~Copyable, ~Escapable {
  /// All elements in row-major order.
  public var elements: MutableSpan<Element>
  public let shape: Shape

  /// nil unless there are as many elements as the shape has.
  @_lifetime(copy elements)
  public init?(_ elements: consuming MutableSpan<Element>, shape: Shape) {
    guard elements.count == shape.elementCount else { return nil }
    self.elements = elements
    self.shape = shape
  }

  public subscript(i: Int) -> Element {
    get { elements[shape.offset(i)] }
    set { elements[shape.offset(i)] = newValue }
  }

  public subscript(i: Int, j: Int) -> Element {
    get { elements[shape.offset(i, j)] }
    set { elements[shape.offset(i, j)] = newValue }
  }

  public subscript(i: Int, j: Int, k: Int) -> Element {
    get { elements[shape.offset(i, j, k)] }
    set { elements[shape.offset(i, j, k)] = newValue }
  }

  public subscript(i: Int, j: Int, k: Int, l: Int) -> Element {
    get { elements[shape.offset(i, j, k, l)] }
    set { elements[shape.offset(i, j, k, l)] = newValue }
  }

  /// Rows: vectors along the last axis.
  public var rowCount: Int { shape.rowCount }

  /// Writes a row, counted over all axes but the last.
  public mutating func setRow(_ index: Int, to values: Span<Element>) {
    let length = shape.last ?? 1
    precondition(index >= 0 && index < rowCount, "row \(index) of \(rowCount)")
    precondition(values.count == length, "\(values.count) values for a row of \(length)")
    for i in values.indices { elements[index * length + i] = values[i] }
  }

  /// Sets every element.
  public mutating func fill(with value: Element) {
    for i in elements.indices { elements[i] = value }
  }
}

extension Shape {
  /// Vectors along the last axis; a scalar is one.
  fileprivate var rowCount: Int {
    rank == 0 ? 1 : elementCount == 0 && last == 0 ? 0 : elementCount / max(last ?? 1, 1)
  }

  private func step(_ offset: Int, _ axis: Int, _ index: Int) -> Int {
    precondition(index >= 0 && index < dimensions[axis], "index \(index) on axis \(axis) of \(self)")
    return offset * dimensions[axis] + index
  }

  private func expect(_ rank: Int) { precondition(self.rank == rank, "\(rank) indices into \(self)") }

  fileprivate func offset(_ i: Int) -> Int {
    expect(1)
    return step(0, 0, i)
  }

  fileprivate func offset(_ i: Int, _ j: Int) -> Int {
    expect(2)
    return step(step(0, 0, i), 1, j)
  }

  fileprivate func offset(_ i: Int, _ j: Int, _ k: Int) -> Int {
    expect(3)
    return step(step(step(0, 0, i), 1, j), 2, k)
  }

  fileprivate func offset(_ i: Int, _ j: Int, _ k: Int, _ l: Int) -> Int {
    expect(4)
    return step(step(step(step(0, 0, i), 1, j), 2, k), 3, l)
  }
}
