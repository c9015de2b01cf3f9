#include "CImageCodecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

// A block of 8 x 8 samples takes at least one bit of Huffman code, and some component has one sample per pixel in every
// direction: 64 pixels per bit, or 128 where the horizontal and the vertical maximum belong to different components.
enum { LARGEST_PIXELS_PER_BYTE = 1024 };
// Every scan of a progressive image goes over all its pixels. Encoders write about 10.
enum { LARGEST_SCAN_COUNT = 100 };

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
  char *message;
} jpeg_errors;

static void jpeg_fail(j_common_ptr jpeg) {
  jpeg_errors *errors = (jpeg_errors *)jpeg->err;
  char text[JMSG_LENGTH_MAX];
  errors->base.format_message(jpeg, text);
  snprintf(errors->message, IMAGE_MESSAGE_SIZE, "%s", text);
  longjmp(errors->jump, 1);
}

// Warnings are ignored, except those that mean that pixels are missing, which libjpeg would make up.
static void jpeg_emit(j_common_ptr jpeg, int level) {
  if (level < 0) {
    jpeg->err->num_warnings += 1;
    if (jpeg->err->msg_code == JWRN_JPEG_EOF || jpeg->err->msg_code == JWRN_HIT_MARKER) {
      jpeg_fail(jpeg);
    }
  }
}

static void jpeg_print_nothing(j_common_ptr jpeg) { (void)jpeg; }

static void jpeg_watch(j_common_ptr jpeg) {
  if (jpeg->is_decompressor && ((j_decompress_ptr)jpeg)->input_scan_number > LARGEST_SCAN_COUNT) {
    jpeg_errors *errors = (jpeg_errors *)jpeg->err;
    snprintf(errors->message, IMAGE_MESSAGE_SIZE, "it has more than %d scans", LARGEST_SCAN_COUNT);
    longjmp(errors->jump, 1);
  }
}

static void jpeg_prepare(struct jpeg_decompress_struct *jpeg, jpeg_errors *errors, char *message) {
  memset(jpeg, 0, sizeof *jpeg);
  message[0] = 0;
  jpeg->err = jpeg_std_error(&errors->base);
  errors->base.error_exit = jpeg_fail;
  errors->base.emit_message = jpeg_emit;
  errors->base.output_message = jpeg_print_nothing;
  errors->message = message;
}

// Reads up to the image data. May jump.
static void jpeg_start(struct jpeg_decompress_struct *jpeg, const uint8_t *data, size_t size) {
  jpeg_create_decompress(jpeg);
  jpeg_mem_src(jpeg, data, size);
  jpeg_read_header(jpeg, TRUE);
}

bool image_jpeg_info(const uint8_t *data, size_t size, image_info *info, char message[IMAGE_MESSAGE_SIZE]) {
  struct jpeg_decompress_struct jpeg;
  jpeg_errors errors;
  jpeg_prepare(&jpeg, &errors, message);
  if (setjmp(errors.jump)) {
    jpeg_destroy_decompress(&jpeg);
    return false;
  }
  jpeg_start(&jpeg, data, size);
  info->width = jpeg.image_width;
  info->height = jpeg.image_height;
  info->channels = jpeg.jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
  // Arithmetic coding has no least number of bits per block.
  info->minimum_size =
      jpeg.arith_code ? 0 : (uint64_t)jpeg.image_width * jpeg.image_height / LARGEST_PIXELS_PER_BYTE;
  jpeg_destroy_decompress(&jpeg);
  return true;
}

static uint8_t product(unsigned a, unsigned b) { return (uint8_t)((a * b + 127) / 255); }

// Turns a row of CMYK into RGB, or into gray when there is one channel.
static void from_cmyk(const uint8_t *row, bool is_inverted, size_t width, size_t channels, uint8_t *pixels) {
  for (size_t x = 0; x < width; ++x, row += 4, pixels += channels) {
    // Adobe's files store 255 - C and so on, which is the light that is left.
    unsigned flip = is_inverted ? 0 : 255;
    unsigned key = row[3] ^ flip;
    uint8_t red = product(row[0] ^ flip, key);
    uint8_t green = product(row[1] ^ flip, key);
    uint8_t blue = product(row[2] ^ flip, key);
    if (channels == 1) {
      pixels[0] = (uint8_t)((19595u * red + 38470u * green + 7471u * blue + 32768u) >> 16);
    } else {
      pixels[0] = red;
      pixels[1] = green;
      pixels[2] = blue;
    }
  }
}

bool image_jpeg_decode(
    const uint8_t *data, size_t size, const image_info *info, uint8_t *pixels, char message[IMAGE_MESSAGE_SIZE]) {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_progress_mgr progress = {.progress_monitor = jpeg_watch};
  jpeg_errors errors;
  jpeg_prepare(&jpeg, &errors, message);
  if (setjmp(errors.jump)) {
    jpeg_destroy_decompress(&jpeg);
    return false;
  }
  jpeg_start(&jpeg, data, size);
  jpeg.progress = &progress;
  bool is_cmyk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = is_cmyk ? JCS_CMYK : info->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  if (jpeg.output_width != info->width || jpeg.output_height != info->height ||
      (info->channels != 1 && info->channels != 3) ||
      jpeg.output_components != (is_cmyk ? 4 : (int)info->channels)) {
    snprintf(message, IMAGE_MESSAGE_SIZE, "the rows have an unexpected size");
    jpeg_destroy_decompress(&jpeg);
    return false;
  }
  size_t row_size = (size_t)info->width * info->channels;
  JSAMPARRAY cmyk = NULL;
  if (is_cmyk) {
    cmyk = jpeg.mem->alloc_sarray((j_common_ptr)&jpeg, JPOOL_IMAGE, info->width * 4, 1);
  }
  while (jpeg.output_scanline < jpeg.output_height) {
    uint8_t *row = pixels + (size_t)jpeg.output_scanline * row_size;
    if (is_cmyk) {
      jpeg_read_scanlines(&jpeg, cmyk, 1);
      from_cmyk(cmyk[0], jpeg.saw_Adobe_marker, info->width, info->channels, row);
    } else {
      jpeg_read_scanlines(&jpeg, &row, 1);
    }
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return true;
}
