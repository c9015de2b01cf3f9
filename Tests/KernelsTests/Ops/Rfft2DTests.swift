import Foundation
import KernelTestSupport
import Kernels
import TensorTypes
import Testing

@Suite struct Rfft2DTests {
  /// The transform by its definition.
  private func transform(_ x: [Float], _ shape: [Int], _ height: Int, _ width: Int) -> [SIMD2<Double>] {
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    let slices = shape.dropLast(2).reduce(1, *)
    var result: [SIMD2<Double>] = []
    for slice in 0..<slices {
      for u in 0..<height {
        for v in 0..<width / 2 + 1 {
          var sum = SIMD2<Double>.zero
          for row in 0..<min(rows, height) {
            for column in 0..<min(columns, width) {
              let turn = Double(u * row) / Double(height) + Double(v * column) / Double(width)
              let angle = -2 * Double.pi * turn
              sum += SIMD2(cos(angle), sin(angle)) * Double(x[(slice * rows + row) * columns + column])
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  @Test(arguments: [
    ([1, 1], 1, 1), ([4, 4], 4, 4), ([2, 3], 4, 8), ([5, 9], 4, 8), ([3, 2, 7], 1, 8), ([2, 1, 4], 8, 2),
    ([2, 6], 2, 1),
    ([1, 16], 1, 16), ([16, 16], 16, 32), ([0, 4, 4], 4, 4), ([0, 4], 2, 4), ([4, 0], 2, 4),
  ])
  func transforms(shape: [Int], height: Int, width: Int) throws {
    var generator = SeededGenerator(seed: 10)
    let x = generator.floats(shape.reduce(1, *))
    let lengths = try TestTensor([Int32(height), Int32(width)])
    let expected = transform(x, shape, height, width)
    for tensor in [lengths, lengths.constant] {
      let result = try run(
        Rfft2D(options: .defaults), [TestTensor(x, shape), tensor], outputs: [(.complex64, .none)], threads: 2)
      #expect(result[0].type.shape.dimensions == shape.dropLast(2) + [height, width / 2 + 1])
      expectClose(result[0].floats, expected.flatMap { [Float($0.x), Float($0.y)] }, tolerance: 1e-6)
    }
  }

  @Test func refusesWhatItCannotTake() throws {
    let x = try TestTensor([1, 2, 3, 4] as [Float], [2, 2])
    for lengths in [[3, 4], [0, 4], [4, -4], [.min, 4], [4, 6]] as [[Int32]] {
      expectRefusal(Rfft2D(options: .defaults), [x, try TestTensor(lengths).constant], outputs: [(.complex64, .none)])
    }
    let lengths = try TestTensor([2, 2] as [Int32])
    expectRefusal(
      Rfft2D(options: .defaults), [try TestTensor([1] as [Float]), lengths], outputs: [(.complex64, .none)])
    expectRefusal(Rfft2D(options: .defaults), [x, try TestTensor([2] as [Int32])], outputs: [(.complex64, .none)])
    expectRefusal(Rfft2D(options: .defaults), [x, try TestTensor([2, 2] as [Int64])], outputs: [(.complex64, .none)])
    let integers = try TestTensor([1, 2, 3, 4] as [Int32], [2, 2])
    expectRefusal(Rfft2D(options: .defaults), [integers, lengths], outputs: [(.complex64, .none)])
  }
}
