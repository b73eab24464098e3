/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/picture.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "net/common.h"
#include "net/exif.h"

typedef struct {
  cardinal_picture_file *file;
  cardinal_image *image;
  int orientation;
  cardinal_status status;
  bool no_memory; /* some allocation has failed */
} png_job;

static png_voidp png_allocate(png_structp decoder, png_alloc_size_t bytes) {
  png_job *job = png_get_mem_ptr(decoder);
  void *memory = malloc(bytes);
  job->no_memory |= !memory;
  return memory;
}

static void png_release(png_structp decoder, png_voidp memory) {
  (void)decoder;
  free(memory);
}

static _Noreturn void png_fail(png_structp decoder, const char *message) {
  png_job *job = png_get_error_ptr(decoder);
  if (job->no_memory)
    job->status = cardinal_net_fail(job->file->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory to decode a PNG file",
                                    job->file->path);
  else
    job->status =
        cardinal_net_fail(job->file->error, CARDINAL_BAD_FILE, "%s: damaged PNG file: %s", job->file->path, message);
  png_longjmp(decoder, 1);
}

static void png_pass_over(png_structp decoder, const char *message) {
  (void)decoder;
  (void)message;
}

static void png_take(png_structp decoder, png_bytep to, size_t bytes) {
  cardinal_picture_file *file = png_get_io_ptr(decoder);
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
  job->status = cardinal_picture_allocate(job->file, width, height, job->image);
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

cardinal_status cardinal_png_read(cardinal_picture_file *file, cardinal_image *image, int *orientation) {
  png_job job = {.file = file, .image = image, .orientation = 1};
  png_structp decoder =
      png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &job, png_fail, png_pass_over, &job, png_allocate, png_release);
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
