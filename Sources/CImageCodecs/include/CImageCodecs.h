// PNG and JPEG decoding of a byte buffer by libpng and libjpeg, as two functions per format.
//
// All functions return false with a text in `message` when the image cannot be decoded, print nothing, keep no state,
// and may be called from several threads at once. No input makes them write outside the given buffers.
#ifndef C_IMAGE_CODECS_H
#define C_IMAGE_CODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_MESSAGE_SIZE = 256 };

typedef struct {
  uint32_t width;
  uint32_t height;
  // What the decoder delivers: 1 gray, 3 RGB, 4 RGB and alpha that is not multiplied into the colours.
  uint32_t channels;
  // The fewest bytes that a complete file with these dimensions can have: a bound by the format's compression.
  uint64_t minimum_size;
} image_info;

// Reads the header.
bool image_png_info(const uint8_t *data, size_t size, image_info *info, char message[IMAGE_MESSAGE_SIZE]);
// Decodes into `pixels`, which has width * height * channels bytes of `info`, rows from top to bottom without gaps.
// Palettes are expanded, 16-bit samples are rounded to 8, transparency becomes alpha; gamma is not applied.
bool image_png_decode(
    const uint8_t *data, size_t size, const image_info *info, uint8_t *pixels, char message[IMAGE_MESSAGE_SIZE]);

// Reads the header. `info->channels` is 1 for gray images and 3 for all others.
bool image_jpeg_info(const uint8_t *data, size_t size, image_info *info, char message[IMAGE_MESSAGE_SIZE]);
// Decodes into `pixels` as image_png_decode does. `info->channels` may be set to 1 for the luminance of a colour image.
// CMYK and YCCK images become RGB by the formula (255 - C)(255 - K) / 255 and so on.
bool image_jpeg_decode(
    const uint8_t *data, size_t size, const image_info *info, uint8_t *pixels, char message[IMAGE_MESSAGE_SIZE]);

#endif
