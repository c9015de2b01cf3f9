import CKernels
import CKernelsChecks
import Testing

/// The microkernels of every instruction set that this CPU has, against slow loops (`Checks/`) over random shapes around the tile sizes.
@Suite struct CKernelsTests {
  typealias Check =
    @convention(c) (UnsafePointer<tflk_kernels>?, Int32, UInt64, UnsafeMutablePointer<CChar>?) -> Int32

  static let all = (0..<UInt32(TFLK_ISA_COUNT)).map { tflk_isa(rawValue: $0) }

  static func name(_ isa: tflk_isa) -> String { unsafe String(cString: tflk_isa_name(isa)) }

  static func isAvailable(_ isa: tflk_isa) -> Bool { unsafe tflk_kernels_for(isa) != nil }

  static let available = all.filter(isAvailable).map(name)

  /// What the first failing case of `check` says, or nil.
  func failure(_ check: Check, on name: String, cases: Int32 = 300, seed: UInt64 = 7) -> String? {
    guard let isa = Self.all.first(where: { Self.name($0) == name }), let kernels = unsafe tflk_kernels_for(isa)
    else { return "\(name) is not available" }
    var message = [CChar](repeating: 0, count: 256)
    let number = unsafe message.withUnsafeMutableBufferPointer {
      unsafe check(kernels, cases, seed, $0.baseAddress)
    }
    if number < 0 { return nil }
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
    return "case \(number) of seed \(seed): \(text)"
  }

  @Test(arguments: available) func floatConvolution(isa: String) {
    let failure = unsafe failure(check_f32_conv, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func fittedRequantization(isa: String) {
    let failure = unsafe failure(check_fitted_requantization, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func affineQuantization(isa: String) {
    let failure = unsafe failure(check_affine_quantize, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func lookups(isa: String) {
    let failure = unsafe failure(check_lookup, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func pooling(isa: String) {
    let failure = unsafe failure(check_pool, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func copiedBlocks(isa: String) {
    let failure = unsafe failure(check_copy_blocks, on: isa)
    #expect(failure == nil)
  }

  @Test func gatheredRows() {
    let failure = unsafe failure(check_gathered_rows, on: "baseline")
    #expect(failure == nil)
  }

  @Test func setCoordinates() {
    let failure = unsafe failure(check_set_coordinates, on: "baseline")
    #expect(failure == nil)
  }

  @Test(arguments: available) func bytePairs(isa: String) {
    let failure = unsafe failure(check_byte_pairs, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func shortPairs(isa: String) {
    let failure = unsafe failure(check_short_pairs, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func winogradConvolution(isa: String) {
    let failure = unsafe failure(check_f32_winograd, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func int8Convolution(isa: String) {
    let failure = unsafe failure(check_int8_conv, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func int8WinogradConvolution(isa: String) {
    let failure = unsafe failure(check_int8_winograd, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func blockwiseProduct(isa: String) {
    let failure = unsafe failure(check_int4_product, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func int16Convolution(isa: String) {
    let failure = unsafe failure(check_int16_conv, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func floatDepthwise(isa: String) {
    let failure = unsafe failure(check_f32_depthwise, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func integerDepthwise(isa: String) {
    let failure = unsafe failure(check_int_depthwise, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func normalization(isa: String) {
    let rows = unsafe failure(check_normalize, on: isa)
    #expect(rows == nil)
    let columns = unsafe failure(check_column_squares, on: isa)
    #expect(columns == nil)
    let scaled = unsafe failure(check_scale_rows, on: isa)
    #expect(scaled == nil)
  }

  @Test(arguments: available) func choices(isa: String) {
    let failure = unsafe failure(check_choose, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func folds(isa: String) {
    let failure = unsafe failure(check_folds, on: isa)
    #expect(failure == nil)
  }

  @Test(arguments: available) func attention(isa: String) {
    let failure = unsafe failure(check_attention, on: isa)
    #expect(failure == nil)
    let products = unsafe self.failure(check_f32_product, on: isa)
    #expect(products == nil)
  }

  @Test(arguments: available) func requantization(isa: String) {
    let failure = unsafe failure(check_requantize, on: isa, cases: 3000)
    #expect(failure == nil)
  }

  @Test func greatestAndLeastElements() {
    let failure = unsafe failure(check_argument, on: "baseline", cases: 3000)
    #expect(failure == nil)
  }

  @Test func transpositions() {
    let failure = unsafe failure(check_transpose, on: "baseline", cases: 3000)
    #expect(failure == nil)
  }

  @Test(arguments: available) func conversions(isa: String) {
    let failure = unsafe failure(check_convert, on: isa, cases: 10_000)
    #expect(failure == nil)
  }

  @Test(arguments: available) func halves(isa: String) {
    let failure = unsafe failure(check_halves, on: isa, cases: 10_000)
    #expect(failure == nil)
  }

  @Test(arguments: available) func bilinearResizing(isa: String) {
    let failure = unsafe failure(check_resize, on: isa, cases: 1000)
    #expect(failure == nil)
  }

  @Test(arguments: available) func dynamicQuantization(isa: String) {
    let failure = unsafe failure(check_quantize, on: isa, cases: 1000)
    #expect(failure == nil)
  }

  @Test(arguments: available) func functions(isa: String) {
    let failure = unsafe failure(check_functions, on: isa, cases: 20_000)
    #expect(failure == nil)
  }

  @Test(arguments: available) func softmax(isa: String) {
    let failure = unsafe failure(check_softmax, on: isa, cases: 1000)
    #expect(failure == nil)
  }

  @Test(arguments: available) func arithmetic(isa: String) {
    let failure = unsafe failure(check_arithmetic, on: isa, cases: 1000)
    #expect(failure == nil)
    let rows = unsafe self.failure(check_row_arithmetic, on: isa, cases: 1000)
    #expect(rows == nil)
  }

  @Test func theChosenInstructionSetIsAvailable() {
    let isa = tflk_cpu_isa()
    #expect(Self.isAvailable(isa))
    #expect(Self.available.contains(Self.name(isa)))
  }

  @Test func unknownInstructionSetsHaveNoKernels() {
    let unknown = tflk_isa(rawValue: 99)
    #expect(!Self.isAvailable(unknown))
    #expect(Self.name(unknown) == "unknown")
  }
}
