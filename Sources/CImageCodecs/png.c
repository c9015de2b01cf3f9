#include "CImageCodecs.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

// Deflate produces at most 1032 bytes from one.
enum { LARGEST_EXPANSION = 1032 };

typedef struct {
  const uint8_t *next;
  size_t remaining;
  char *message;
} png_source;

static void png_fail(png_structp png, png_const_charp text) {
  png_source *source = png_get_error_ptr(png);
  snprintf(source->message, IMAGE_MESSAGE_SIZE, "%s", text);
  png_longjmp(png, 1);
}

static void png_ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void png_take(png_structp png, png_bytep bytes, png_size_t count) {
  png_source *source = png_get_io_ptr(png);
  if (count > source->remaining) {
    png_error(png, "the file ends early");
  }
  memcpy(bytes, source->next, count);
  source->next += count;
  source->remaining -= count;
}

// Reads up to the image data and asks for 8-bit gray, RGB or RGBA rows. May jump.
static void png_start(png_structp png, png_infop png_info, png_source *source, image_info *info) {
  png_set_read_fn(png, source, png_take);
  png_set_user_limits(png, 0x7FFFFFFF, 0x7FFFFFFF);
  png_read_info(png, png_info);

  png_uint_32 width, height;
  int depth, color;
  png_get_IHDR(png, png_info, &width, &height, &depth, &color, NULL, NULL, NULL);
  bool has_transparency = png_get_valid(png, png_info, PNG_INFO_tRNS) != 0;
  uint64_t bits_per_pixel = (uint64_t)depth * png_get_channels(png, png_info);

  png_set_expand(png);
  png_set_scale_16(png);
  bool is_color = (color & PNG_COLOR_MASK_COLOR) != 0;
  bool has_alpha = (color & PNG_COLOR_MASK_ALPHA) != 0 || has_transparency;
  if (!is_color && has_alpha) {
    png_set_gray_to_rgb(png);
  }
  info->width = width;
  info->height = height;
  info->channels = has_alpha ? 4 : is_color ? 3 : 1;
  // Both dimensions are below 2^31 and a pixel has at most 64 bits: the rows are counted in bytes to stay below 2^64.
  info->minimum_size = (uint64_t)height * ((width * bits_per_pixel + 7) / 8) / LARGEST_EXPANSION;
}

bool image_png_info(const uint8_t *data, size_t size, image_info *info, char message[IMAGE_MESSAGE_SIZE]) {
  png_source source = {data, size, message};
  message[0] = 0;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, png_fail, png_ignore);
  png_infop png_info = png ? png_create_info_struct(png) : NULL;
  if (png_info == NULL) {
    snprintf(message, IMAGE_MESSAGE_SIZE, "no memory for the decoder");
    png_destroy_read_struct(&png, NULL, NULL);
    return false;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &png_info, NULL);
    return false;
  }
  png_start(png, png_info, &source, info);
  png_destroy_read_struct(&png, &png_info, NULL);
  return true;
}

bool image_png_decode(
    const uint8_t *data, size_t size, const image_info *info, uint8_t *pixels, char message[IMAGE_MESSAGE_SIZE]) {
  png_source source = {data, size, message};
  message[0] = 0;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, png_fail, png_ignore);
  png_infop png_info = png ? png_create_info_struct(png) : NULL;
  if (png_info == NULL) {
    snprintf(message, IMAGE_MESSAGE_SIZE, "no memory for the decoder");
    png_destroy_read_struct(&png, NULL, NULL);
    return false;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &png_info, NULL);
    return false;
  }
  image_info found;
  png_start(png, png_info, &source, &found);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, png_info);
  size_t row_size = (size_t)info->width * info->channels;
  if (found.width != info->width || found.height != info->height || found.channels != info->channels ||
      png_get_rowbytes(png, png_info) != row_size) {
    png_error(png, "the rows have an unexpected size");
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (size_t row = 0; row < info->height; ++row) {
      png_read_row(png, pixels + row * row_size, NULL);
    }
  }
  // Checks the end of the compressed data and the chunks that follow.
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &png_info, NULL);
  return true;
}
