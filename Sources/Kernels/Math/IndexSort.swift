/// Sorts indices without moving equal ones past each other; takes as long for the worst input as for any other.
///
/// - Parameters:
///   - order: the indices; the result is here.
///   - other: as much memory, whose content is lost.
///   - isAfter: whether the first index belongs behind the second.
@inline(__always)
func sortIndices(
  _ order: inout MutableSpan<Int32>, _ other: inout MutableSpan<Int32>, count: Int, isAfter: (Int32, Int32) -> Bool
) {
  var width = 1
  while width < count {
    var start = 0
    while start < count {
      let (middle, end) = (min(start + width, count), min(start + 2 * width, count))
      var (left, right, target) = (start, middle, start)
      while target < end {
        if right == end || (left < middle && !isAfter(order[left], order[right])) {
          other[target] = order[left]
          left += 1
        } else {
          other[target] = order[right]
          right += 1
        }
        target += 1
      }
      start = end
    }
    for i in 0..<count { order[i] = other[i] }
    width *= 2
  }
}

/// Moves the indices of the `wanted` greatest values to the front, greatest first. Equal values come in the order that TFLite's sort, which is
/// not stable, leaves them in.
///
/// - Parameter heap: all indices.
@inline(__always)
func sortGreatest(_ heap: inout MutableSpan<Int32>, wanted: Int, _ values: Span<Float>) {
  @inline(__always) func isBefore(_ a: Int32, _ b: Int32) -> Bool { values[Int(a)] > values[Int(b)] }
  // The root of the heap is the least of the values in it. An item is put in by letting a hole sink to a leaf and the item rise from there.
  @inline(__always) func put(_ item: Int32, _ heap: inout MutableSpan<Int32>, at top: Int, count: Int) {
    var place = top
    while 2 * place + 2 < count {
      var child = 2 * place + 2
      if isBefore(heap[child], heap[child - 1]) { child -= 1 }
      heap[place] = heap[child]
      place = child
    }
    if 2 * place + 2 == count {
      heap[place] = heap[2 * place + 1]
      place = 2 * place + 1
    }
    while place > top {
      let parent = (place - 1) / 2
      guard isBefore(heap[parent], item) else { break }
      heap[place] = heap[parent]
      place = parent
    }
    heap[place] = item
  }
  let wanted = min(wanted, heap.count)
  guard wanted > 0 else { return }
  for top in stride(from: wanted / 2 - 1, through: 0, by: -1) { put(heap[top], &heap, at: top, count: wanted) }
  for index in wanted..<heap.count where isBefore(heap[index], heap[0]) {
    let item = heap[index]
    heap[index] = heap[0]
    put(item, &heap, at: 0, count: wanted)
  }
  for end in stride(from: wanted - 1, to: 0, by: -1) {
    let item = heap[end]
    heap[end] = heap[0]
    put(item, &heap, at: 0, count: end)
  }
}
