/* SPDX-License-Identifier: BSD-3-Clause */
#define _DEFAULT_SOURCE
#include "net/picture.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "net/common.h"
#include "net/exif.h"

/* libjpeg reports errors by a callback that must not return. All that the code after the jump looks at lives here, in
 * memory, not in registers. */
typedef struct {
  struct jpeg_error_mgr manager;
  struct jpeg_progress_mgr progress;
  struct jpeg_decompress_struct decoder;
  jmp_buf escape;
  cardinal_picture_file *file;
  cardinal_image *image;
  int orientation;
  cardinal_status status;
  unsigned char *cmyk_row;
} jpeg_job;

static _Noreturn void jpeg_fail(j_common_ptr decoder) {
  jpeg_job *job = decoder->client_data;
  char text[JMSG_LENGTH_MAX];
  decoder->err->format_message(decoder, text);
  if (decoder->err->msg_code == JERR_OUT_OF_MEMORY)
    job->status = cardinal_net_fail(job->file->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory to decode a JPEG file",
                                    job->file->path);
  else
    job->status =
        cardinal_net_fail(job->file->error, CARDINAL_BAD_FILE, "%s: damaged JPEG file: %s", job->file->path, text);
  longjmp(job->escape, 1);
}

/* Called time and again while a scan is read. */
static void jpeg_count_scans(j_common_ptr decoder) {
  jpeg_job *job = decoder->client_data;
  if (job->decoder.input_scan_number <= CARDINAL_MAX_SCANS)
    return;
  job->status =
      cardinal_net_fail(job->file->error, CARDINAL_UNSUPPORTED, "%s: a progressive JPEG file of more than %d scans",
                        job->file->path, CARDINAL_MAX_SCANS);
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
  job->progress.progress_monitor = jpeg_count_scans;
  decoder->progress = &job->progress;
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
  job->status = cardinal_picture_allocate(job->file, decoder->image_width, decoder->image_height, job->image);
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

cardinal_status cardinal_jpeg_read(cardinal_picture_file *file, cardinal_image *image, int *orientation) {
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
