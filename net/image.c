/* SPDX-License-Identifier: BSD-3-Clause */
/* JPEG and PNG files to upright 8-bit RGB, as Pillow's convert("RGB") gives it. */
#define _DEFAULT_SOURCE
#include <cardinal/image.h>

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>
#include <png.h>

#include "net/common.h"
#include "net/exif.h"

static const uint64_t max_pixels = UINT64_C(1) << 28;
static const size_t max_file_bytes = (size_t)1 << 30;

/* The whole file, and where messages about it go. */
typedef struct {
  const char *path;
  unsigned char *bytes;
  size_t size, position;
  cardinal_error *error;
} source;

static cardinal_status allocate_pixels(const source *file, uint64_t width, uint64_t height, cardinal_image *image) {
  if (width < 1 || height < 1 || width > max_pixels / height)
    return cardinal_net_fail(file->error, CARDINAL_UNSUPPORTED,
                             "%s: the picture has %" PRIu64 "×%" PRIu64 " pixels, expected 1 to 2^28", file->path,
                             width, height);
  image->width = (int64_t)width;
  image->height = (int64_t)height;
  image->pixels = malloc((size_t)(width * height * 3));
  if (!image->pixels)
    return cardinal_net_fail(file->error, CARDINAL_OUT_OF_MEMORY,
                             "%s: no memory for a picture of %" PRIu64 "×%" PRIu64 " pixels", file->path, width,
                             height);
  return CARDINAL_OK;
}

/* ---- JPEG ---------------------------------------------------------------------------------------------------- */

/* libjpeg reports errors by a callback that must not return. All that the code after the jump looks at lives here, in
 * memory, not in registers. */
typedef struct {
  struct jpeg_error_mgr manager;
  struct jpeg_decompress_struct decoder;
  jmp_buf escape;
  source *file;
  cardinal_image *image;
  int orientation;
  cardinal_status status;
  unsigned char *cmyk_row;
} jpeg_job;

static _Noreturn void jpeg_fail(j_common_ptr decoder) {
  jpeg_job *job = decoder->client_data;
  char text[JMSG_LENGTH_MAX];
  decoder->err->format_message(decoder, text);
  job->status =
      cardinal_net_fail(job->file->error, CARDINAL_BAD_FILE, "%s: damaged JPEG file: %s", job->file->path, text);
  longjmp(job->escape, 1);
}

/* libjpeg goes on after damage with whatever it can make up. A picture that is half grey deserves no class; oddities
 * that leave the pixels whole, such as bytes between markers, are passed over. */
static void jpeg_message(j_common_ptr decoder, int level) {
  if (level >= 0)
    return;
  switch (decoder->err->msg_code) {
  case JWRN_JPEG_EOF:
  case JWRN_HIT_MARKER:
  case JWRN_HUFF_BAD_CODE:
  case JWRN_ARITH_BAD_CODE:
    jpeg_fail(decoder);
  default:
    decoder->err->num_warnings++;
  }
}

/* Pillow's formulas: the four inks as Adobe stores them, inverted, so that 255 is no ink. */
static void cmyk_to_rgb(const unsigned char *cmyk, unsigned char *rgb, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    uint32_t light = cmyk[4 * i + 3];
    for (int ink = 0; ink < 3; ink++) {
      uint32_t product = (255u - cmyk[4 * i + ink]) * light + 128;
      rgb[3 * i + ink] = (unsigned char)(light - ((product >> 8) + product) / 256);
    }
  }
}

static void find_jpeg_orientation(jpeg_job *job) {
  static const char signature[6] = "Exif\0";
  for (jpeg_saved_marker_ptr marker = job->decoder.marker_list; marker; marker = marker->next)
    if (marker->data_length > sizeof signature && !memcmp(marker->data, signature, sizeof signature)) {
      job->orientation =
          cardinal_exif_orientation(marker->data + sizeof signature, marker->data_length - sizeof signature);
      return;
    }
}

static void run_jpeg(jpeg_job *job) {
  struct jpeg_decompress_struct *decoder = &job->decoder;
  jpeg_create_decompress(decoder);
  jpeg_mem_src(decoder, job->file->bytes, (unsigned long)job->file->size);
  jpeg_save_markers(decoder, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(decoder, TRUE);
  find_jpeg_orientation(job);

  bool cmyk = decoder->num_components == 4;
  if (decoder->num_components != 1 && decoder->num_components != 3 && !cmyk) {
    job->status = cardinal_net_fail(job->file->error, CARDINAL_UNSUPPORTED,
                                    "%s: a JPEG file with %d colour components, expected 1, 3 or 4", job->file->path,
                                    decoder->num_components);
    return;
  }
  /* Grey, RGB and YCbCr become RGB; CMYK and YCCK become CMYK. */
  decoder->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  decoder->dct_method = JDCT_ISLOW;
  decoder->do_fancy_upsampling = TRUE;
  job->status = allocate_pixels(job->file, decoder->image_width, decoder->image_height, job->image);
  if (!job->status && cmyk && !(job->cmyk_row = malloc((size_t)decoder->image_width * 4)))
    job->status =
        cardinal_net_fail(job->file->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a row", job->file->path);
  if (job->status)
    return;

  jpeg_start_decompress(decoder);
  while (decoder->output_scanline < decoder->output_height) {
    unsigned char *to = job->image->pixels + (size_t)decoder->output_scanline * decoder->output_width * 3;
    JSAMPROW row = cmyk ? job->cmyk_row : to;
    jpeg_read_scanlines(decoder, &row, 1);
    if (cmyk)
      cmyk_to_rgb(job->cmyk_row, to, decoder->output_width);
  }
  jpeg_finish_decompress(decoder);
}

static cardinal_status read_jpeg(source *file, cardinal_image *image, int *orientation) {
  jpeg_job *job = calloc(1, sizeof *job);
  if (!job)
    return cardinal_net_fail(file->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a JPEG decoder", file->path);
  job->file = file;
  job->image = image;
  job->orientation = 1;
  job->decoder.err = jpeg_std_error(&job->manager);
  job->decoder.client_data = job;
  job->manager.error_exit = jpeg_fail;
  job->manager.emit_message = jpeg_message;
  if (!setjmp(job->escape))
    run_jpeg(job);
  jpeg_destroy_decompress(&job->decoder);
  cardinal_status status = job->status;
  *orientation = job->orientation;
  free(job->cmyk_row);
  free(job);
  return status;
}

/* ---- PNG ----------------------------------------------------------------------------------------------------- */

typedef struct {
  source *file;
  cardinal_image *image;
  int orientation;
  cardinal_status status;
} png_job;

static _Noreturn void png_fail(png_structp decoder, const char *message) {
  png_job *job = png_get_error_ptr(decoder);
  job->status =
      cardinal_net_fail(job->file->error, CARDINAL_BAD_FILE, "%s: damaged PNG file: %s", job->file->path, message);
  png_longjmp(decoder, 1);
}

static void png_pass_over(png_structp decoder, const char *message) {
  (void)decoder;
  (void)message;
}

static void png_take(png_structp decoder, png_bytep to, size_t bytes) {
  source *file = png_get_io_ptr(decoder);
  if (bytes > file->size - file->position)
    png_error(decoder, "it ends in the middle");
  memcpy(to, file->bytes + file->position, bytes);
  file->position += bytes;
}

static void find_png_orientation(png_structp decoder, png_infop info, png_job *job) {
  png_bytep exif;
  png_uint_32 bytes;
  if (png_get_eXIf_1(decoder, info, &bytes, &exif))
    job->orientation = cardinal_exif_orientation(exif, bytes);
}

static void run_png(png_structp decoder, png_infop info, png_infop end, png_job *job) {
  png_set_read_fn(decoder, job->file, png_take);
  png_read_info(decoder, info);
  /* Palette entries and greys become RGB, 16 bits lose the lower 8, transparency is dropped as if all were opaque. */
  if (png_get_color_type(decoder, info) == PNG_COLOR_TYPE_PALETTE)
    png_set_palette_to_rgb(decoder);
  else if (png_get_bit_depth(decoder, info) < 8)
    png_set_expand_gray_1_2_4_to_8(decoder);
  png_set_strip_16(decoder);
  png_set_strip_alpha(decoder);
  png_set_gray_to_rgb(decoder);
  int passes = png_set_interlace_handling(decoder);
  png_read_update_info(decoder, info);

  size_t width = png_get_image_width(decoder, info), height = png_get_image_height(decoder, info);
  job->status = allocate_pixels(job->file, width, height, job->image);
  if (job->status)
    return;
  if (png_get_rowbytes(decoder, info) != width * 3)
    png_error(decoder, "its pixels don't convert to 8-bit RGB");
  for (int pass = 0; pass < passes; pass++)
    for (size_t row = 0; row < height; row++)
      png_read_row(decoder, job->image->pixels + row * width * 3, NULL);
  png_read_end(decoder, end);
  find_png_orientation(decoder, info, job);
  find_png_orientation(decoder, end, job);
}

static cardinal_status read_png(source *file, cardinal_image *image, int *orientation) {
  png_job job = {.file = file, .image = image, .orientation = 1};
  png_structp decoder = png_create_read_struct(PNG_LIBPNG_VER_STRING, &job, png_fail, png_pass_over);
  png_infop info = decoder ? png_create_info_struct(decoder) : NULL;
  png_infop end = decoder ? png_create_info_struct(decoder) : NULL;
  if (!info || !end)
    job.status = cardinal_net_fail(file->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for a PNG decoder", file->path);
  else if (!setjmp(png_jmpbuf(decoder)))
    run_png(decoder, info, end, &job);
  png_destroy_read_struct(&decoder, &info, &end);
  *orientation = job.orientation;
  return job.status;
}

/* ---- files --------------------------------------------------------------------------------------------------- */

/* Turns the picture upright. Each orientation reads the stored picture from one corner, in steps along rows and
 * columns. */
static cardinal_status apply_orientation(const source *file, int orientation, cardinal_image *image) {
  if (orientation == 1)
    return CARDINAL_OK;
  int64_t height = image->height, width = image->width;
  bool swapped = orientation >= 5;
  bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  int64_t down = from_bottom ? -width : width, right = from_right ? -1 : 1;
  const unsigned char *corner =
      image->pixels + 3 * ((from_bottom ? (height - 1) * width : 0) + (from_right ? width - 1 : 0));

  cardinal_image upright;
  cardinal_status status =
      allocate_pixels(file, (uint64_t)(swapped ? height : width), (uint64_t)(swapped ? width : height), &upright);
  if (status)
    return status;
  unsigned char *to = upright.pixels;
  for (int64_t row = 0; row < upright.height; row++)
    for (int64_t column = 0; column < upright.width; column++, to += 3)
      memcpy(to, corner + 3 * (row * (swapped ? right : down) + column * (swapped ? down : right)), 3);
  free(image->pixels);
  *image = upright;
  return CARDINAL_OK;
}

static cardinal_status read_file(source *file) {
  FILE *stream = fopen(file->path, "rb");
  if (!stream)
    return cardinal_net_fail(file->error, CARDINAL_IO_ERROR, "%s: %s", file->path, strerror(errno));
  /* Doubling rather than asking for the size, so that pipes can be read as well. */
  size_t capacity = 0, got = 0;
  cardinal_status status = CARDINAL_OK;
  do {
    if (file->size == capacity) {
      capacity = capacity ? 2 * capacity : 256 * 1024;
      unsigned char *grown = capacity <= max_file_bytes ? realloc(file->bytes, capacity) : NULL;
      if (!grown) {
        status = capacity > max_file_bytes
                     ? cardinal_net_fail(file->error, CARDINAL_UNSUPPORTED, "%s: the file has more than 2^29 bytes",
                                         file->path)
                     : cardinal_net_fail(file->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for the file", file->path);
        break;
      }
      file->bytes = grown;
    }
    got = fread(file->bytes + file->size, 1, capacity - file->size, stream);
    file->size += got;
  } while (got);
  if (!status && ferror(stream))
    status = cardinal_net_fail(file->error, CARDINAL_IO_ERROR, "%s: %s", file->path, strerror(errno));
  fclose(stream);
  return status;
}

static cardinal_status decode(source *file, cardinal_image *image, int *orientation) {
  static const unsigned char jpeg_start[3] = {0xFF, 0xD8, 0xFF};
  if (!file->size)
    return cardinal_net_fail(file->error, CARDINAL_BAD_FILE, "%s: the file is empty", file->path);
  if (file->size >= sizeof jpeg_start && !memcmp(file->bytes, jpeg_start, sizeof jpeg_start))
    return read_jpeg(file, image, orientation);
  if (file->size >= 8 && !png_sig_cmp(file->bytes, 0, 8))
    return read_png(file, image, orientation);
  return cardinal_net_fail(file->error, CARDINAL_BAD_FILE, "%s: neither a JPEG nor a PNG file", file->path);
}

cardinal_status cardinal_image_read(const char *path, cardinal_image *image, cardinal_error *error) {
  if (!path || !image)
    return cardinal_net_fail(error, CARDINAL_INVALID_ARGUMENT, "%s is NULL", path ? "image" : "path");
  source file = {.path = path, .error = error};
  cardinal_image made = {0};
  int orientation = 1;
  cardinal_status status = read_file(&file);
  if (!status)
    status = decode(&file, &made, &orientation);
  free(file.bytes);
  if (!status)
    status = apply_orientation(&file, orientation, &made);
  if (status) {
    free(made.pixels);
    return status;
  }
  *image = made;
  return CARDINAL_OK;
}

void cardinal_image_free(cardinal_image *image) {
  if (!image)
    return;
  free(image->pixels);
  *image = (cardinal_image){0};
}
