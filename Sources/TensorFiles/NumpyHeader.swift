/// What the header of an `.npy` file says about its array.
package struct NumpyHeader: Hashable, Sendable {
  package let type: NumpyType
  package let shape: [Int]
  /// The data in the file are stored big-endian.
  package let isBigEndian: Bool
  /// The data in the file are stored with the first index changing fastest.
  package let isFortranOrder: Bool
  /// The bytes of the data, which follow the header.
  package let byteCount: Int

  /// The most axes that NumPy allows.
  static let maximumRank = 64
  /// `\x93NUMPY`, the first bytes of every `.npy` file.
  static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
  /// The headers that are written end at a multiple of this many bytes.
  private static let alignment = 64

  /// Reads the dictionary that follows the magic, the version and the length.
  init(dictionary: [UInt8]) throws(Problem) {
    var parser = NumpyHeaderParser(bytes: dictionary)
    let fields = try parser.parse()
    var isBigEndian = false
    guard let type = NumpyType(descriptor: fields.descriptor, isBigEndian: &isBigEndian) else {
      throw Self.unsupported(descriptor: fields.descriptor)
    }
    let (count, byteCount) = try Self.sizes(of: type, shape: fields.shape)
    if type.itemSize == 0 && count > 0 {
      throw Problem(reason: .unsupported, message: "its elements have no bytes (\(type.descriptor))")
    }
    self.type = type
    self.shape = fields.shape
    self.isBigEndian = isBigEndian
    self.isFortranOrder = fields.isFortranOrder
    self.byteCount = byteCount
  }

  /// The elements and bytes of an array. Throws when the product of the dimensions that are not 0 and the element size
  /// exceeds an `Int`, so that no product of dimensions and strides overflows later.
  static func sizes(of type: NumpyType, shape: [Int]) throws(Problem) -> (count: Int, byteCount: Int) {
    guard shape.count <= maximumRank else {
      throw Problem(message: "its shape has \(shape.count) axes, more than \(maximumRank)")
    }
    var size = max(type.itemSize, 1)
    for dimension in shape {
      guard dimension >= 0 else {
        throw Problem(message: "its shape \(text(of: shape)) has a negative dimension")
      }
      let (product, overflow) = size.multipliedReportingOverflow(by: max(dimension, 1))
      guard !overflow else {
        throw Problem(
          message: "its shape \(text(of: shape)) of \(type.descriptor) has more bytes than can be addressed")
      }
      size = product
    }
    let count = shape.contains(0) ? 0 : size / max(type.itemSize, 1)
    return (count, count * type.itemSize)
  }

  /// The bytes before the data: magic, version, length and dictionary, padded to a multiple of 64 as NumPy writes them.
  static func encoded(type: NumpyType, shape: [Int]) -> [UInt8] {
    let shapeText = text(of: shape)
    var dictionary = Array("{'descr': '\(type.descriptor)', 'fortran_order': False, 'shape': \(shapeText), }".utf8)
    // The shape has at most 64 axes, so the length always fits version 1.0.
    let unpadded = magic.count + 4 + dictionary.count + 1
    let padded = (unpadded + alignment - 1) / alignment * alignment
    dictionary += Array(repeating: 0x20, count: padded - unpadded)
    dictionary.append(0x0A)
    return magic + [1, 0, UInt8(dictionary.count & 0xFF), UInt8(dictionary.count >> 8)] + dictionary
  }

  private static func unsupported(descriptor: [UInt8]) -> Problem {
    let name = String(decoding: descriptor, as: UTF8.self)
    return switch descriptor.first(where: { !"<>|=".utf8.contains($0) }) {
    case 0x4F:  // O
      Problem(reason: .unsupported, message: "it holds pickled Python objects (dtype '\(name)'), which are not read")
    default:
      Problem(reason: .unsupported, message: "its dtype '\(name)' is not supported")
    }
  }
}

/// The shape as Python writes a tuple: `()`, `(3,)`, `(2, 3)`.
func text(of shape: [Int]) -> String {
  let dimensions = shape.map { String($0) }.joined(separator: ", ")
  return shape.count == 1 ? "(\(dimensions),)" : "(\(dimensions))"
}
