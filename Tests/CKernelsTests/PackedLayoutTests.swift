import CKernels
import Testing

/// Files of packed weights hold what these functions write. A change of what is expected here goes with a new `WeightCacheFile.formatVersion`; without
/// it, files of older versions would be read as if they had the new layout.
@Suite struct PackedLayoutTests {
  private static let expected: [String: [UInt64]] = [
    "baseline": [
      0xC80827AFD7C2405A, 0xA7FDDD2EF035300C, 0xFA2A4C0DD1A887F2,
      0xE797AFA1ED3FC1FC, 0x2B0101483EC06CBB, 0xA5ECDDE7F8428783,
      0x86386B9D91D21F9D, 0x7AA9581E50B9A3DC,
    ],
    "avx2": [
      0x8C7A78FE045D896D, 0xD55C94A81E080D72, 0xF427F4BD593AE0A6,
      0xF9123AE2D23D7A44, 0x14854B9C717420F6, 0x37D80F1E25948B16,
      0xDC7BFCAF942F8F84, 0x756FD7D17D112B,
    ],
    "avx512": [
      0x4DE989F609FFCD4E, 0xFC32E7DFC110B4D4, 0x9B67CF62AD99295,
      0x5302017ED62F902D, 0x2FE4DA5D3A87BF1C, 0x68A998040D762900,
      0xF9E92EB5E1DFA40, 0x95A5F127CB4E29FE,
    ],
    "vnni": [
      0x4DE989F609FFCD4E, 0xFC32E7DFC110B4D4, 0x9B67CF62AD99295,
      0x8DC6277CA29DEFA4, 0x2FE4DA5D3A87BF1C, 0x68A998040D762900,
      0xF9E92EB5E1DFA40, 0x95A5F127CB4E29FE,
    ],
  ]

  private static let geometry = tflk_conv_geometry(
    batch: 1, input_height: 14, input_width: 14, input_channels: 20, output_height: 12, output_width: 12,
    output_channels: 37,
    kernel_height: 3, kernel_width: 3, stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1,
    pad_top: 0, pad_left: 0, input_pixel_stride: 20, output_pixel_stride: 37)

  private static let winograd = tflk_conv_geometry(
    batch: 1, input_height: 14, input_width: 14, input_channels: 32, output_height: 12, output_width: 12,
    output_channels: 37,
    kernel_height: 3, kernel_width: 3, stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1,
    pad_top: 0, pad_left: 0, input_pixel_stride: 32, output_pixel_stride: 37)

  private static let depthwise = tflk_conv_geometry(
    batch: 1, input_height: 14, input_width: 14, input_channels: 37, output_height: 12, output_width: 12,
    output_channels: 37,
    kernel_height: 3, kernel_width: 3, stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1,
    pad_top: 0, pad_left: 0, input_pixel_stride: 37, output_pixel_stride: 37)

  private func hash(_ count: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> UInt64 {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    write(memory)
    var result = [UInt64](repeating: 0, count: 8)
    tflk_content_hash(memory, count, &result)
    return result.reduce(0) { ($0 &* 31) ^ $1 }
  }

  @Test(arguments: [
    TFLK_ISA_BASELINE.rawValue, TFLK_ISA_AVX2.rawValue, TFLK_ISA_AVX512.rawValue, TFLK_ISA_AVX512_VNNI.rawValue,
  ])
  func packedFormsAreThoseOfTheFormatVersion(_ isa: UInt32) {
    guard let table = tflk_kernels_for(tflk_isa(isa))?.pointee else { return }
    let name = String(cString: tflk_isa_name(tflk_isa(isa)))
    let columns = 37
    let depth = 180
    let floats = (0..<columns * depth).map { Float(($0 * 31) % 257 - 128) / 64 }
    let floatBias = (0..<columns).map { Float($0) / 8 }
    let bytes = (0..<columns * depth).map { Int8(truncatingIfNeeded: $0 &* 37) }
    let bias32 = (0..<columns).map { Int32($0 * 1000 - 5) }
    let bias64 = bias32.map(Int64.init)
    let multipliers = (0..<columns).map { Int32(1 << 30 + $0) }
    let shifts = (0..<columns).map { Int32(-($0 % 9)) }
    var geometry = Self.geometry
    var depthwise = Self.depthwise
    var winograd = Self.winograd
    let filters = (0..<columns * 9 * 32).map { Int8(truncatingIfNeeded: $0 &* 41) }
    var narrow = tflk_quantized_format(
      input_type: TFLK_INT8, weight_type: TFLK_INT8, input_zero_point: 3, weight_zero_point: 0, lowest_result: -140,
      highest_result: 115)
    var wide = tflk_quantized_format(
      input_type: TFLK_INT16, weight_type: TFLK_INT8, input_zero_point: 0, weight_zero_point: 0, lowest_result: 0,
      highest_result: 0)
    var blocks = tflk_block_geometry(rows: 5, columns: columns, depth: depth, block: 36)
    let nibbles = bytes.map { ($0 & 15) - 8 }
    let blockScales = (0..<columns * 5).map { Float($0) / 64 }
    let floatTiles = (columns + table.f32_tile_columns - 1) / table.f32_tile_columns
    let tiles = (columns + table.int8_tile_columns - 1) / table.int8_tile_columns
    let hashes = [
      hash(table.f32_packed_bytes(columns, depth)) {
        table.f32_pack(columns, depth, floats, depth, floatBias, $0, 0, floatTiles)
      },
      hash(table.f32_packed_bytes(columns, depth)) {
        table.f32_pack_transposed(columns, depth, floats, columns, floatBias, $0, 0, floatTiles)
      },
      hash(table.f32_winograd_packed_bytes(columns, 16)) {
        table.f32_winograd_pack(columns, 16, floats, floatBias, $0, 0, floatTiles)
      },
      hash(table.int8_packed_bytes(&geometry)) {
        table.int8_pack(&geometry, &narrow, bytes, depth, 1, bias32, multipliers, shifts, $0, 0, tiles)
      },
      hash(table.int16_packed_bytes(&geometry, &wide)) {
        table.int16_pack(&geometry, &wide, bytes, depth, 1, bias64, multipliers, shifts, false, $0, 0, tiles)
      },
      hash(table.int_depthwise_packed_bytes(&depthwise)) {
        table.int_depthwise_pack(&depthwise, &narrow, bytes, bias64, multipliers, shifts, true, $0)
      },
      hash(table.int8_winograd_packed_bytes(&winograd, &narrow)) {
        table.int8_winograd_pack?(&winograd, &narrow, filters, bias32, multipliers, shifts, $0, 0, tiles)
      },
      hash(table.int4_packed_bytes(&blocks)) { table.int4_pack(&blocks, nibbles, blockScales, $0, 0, tiles) },
    ]
    #if arch(x86_64)
      #expect(hashes == Self.expected[name], "\(name): \(hashes)")
    #endif
  }
}
