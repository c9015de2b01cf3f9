/// How much memory a file may ask for. Every limit is checked before the memory is taken.
package struct TensorFileLimits: Hashable, Sendable {
  /// The most bytes of one array, after decompression. The default is 4 GiB.
  package var maximumArrayBytes: Int = 4 << 30
  /// The most bytes read from something that has no size, such as a pipe. The default is 4 GiB.
  package var maximumStreamBytes: Int = 4 << 30
  /// The most decompressed bytes per compressed byte. Deflate cannot exceed 1032, which is the default: a larger
  /// declared size is a lie.
  package var maximumExpansion: Int = 1032
  /// The most entries of an archive. The default is 2^20.
  package var maximumEntries: Int = 1 << 20
  /// The most bytes of the header of one array. The default is 64 KiB.
  package var maximumHeaderBytes: Int = 1 << 16

  package init() {}
}
