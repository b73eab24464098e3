/* SPDX-License-Identifier: BSD-3-Clause */
/* The files that a page was made from, in the page. */
#define _POSIX_C_SOURCE 200809L
#define ZLIB_CONST
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "tools/page.h"
#include "tools/report_parts.h"

/* What is kept of a file, the less the later. */
typedef enum keeping {
  KEPT_WHOLE,
  KEPT_WITHOUT_ROUNDS,
  KEPT_NOT,
  KEEPINGS
} keeping;

typedef struct kept_file {
  const bench_file *file;
  const char *name;     /* without its folder */
  char *text[KEEPINGS]; /* as an object in the element "data"; NULL: it has no rounds that could be left out */
  keeping keeping;
} kept_file;

/* ---- packing ----------------------------------------------------------------------------------------------------- */

static char *base64(const unsigned char *bytes, size_t size) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *text = malloc((size + 2) / 3 * 4 + 1), *to = text;
  for (size_t i = 0; text && i < size; i += 3) {
    const size_t left = size - i;
    const unsigned three =
        (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
    *to++ = letters[three >> 18];
    *to++ = letters[three >> 12 & 63];
    *to++ = left > 1 ? letters[three >> 6 & 63] : '=';
    *to++ = left > 2 ? letters[three & 63] : '=';
  }
  if (text)
    *to = '\0';
  return text;
}

/* As gzip packs it, in letters; NULL without memory. */
static char *pack(const char *text, size_t size) {
  z_stream z = {.next_in = (const Bytef *)text, .avail_in = (uInt)size};
  const int gzip = 16 + MAX_WBITS; /* its header and trailer, which programs everywhere know */
  if (size != z.avail_in || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, gzip, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY))
    return NULL;
  z.avail_out = (uInt)deflateBound(&z, (uLong)size);
  unsigned char *packed = malloc(z.avail_out);
  z.next_out = packed;
  char *letters = packed && deflate(&z, Z_FINISH) == Z_STREAM_END ? base64(packed, z.total_out) : NULL;
  deflateEnd(&z);
  free(packed);
  return letters;
}

/* The file's text without its rounds; NULL without memory or if it has none. */
static char *drop_rounds(const bench_file *file) {
  static const char *const members[] = {"round_time", "round_canary_pct", "round_quiet"};
  json_t *copy = json_deep_copy(file->root), *one;
  size_t index, dropped = 0;
  json_array_foreach(json_object_get(copy, "benchmarks"), index, one) {
    for (size_t i = 0; i < sizeof members / sizeof *members; ++i)
      dropped += !json_object_del(one, members[i]);
  }
  char *text = dropped ? json_dumps(copy, JSON_COMPACT) : NULL;
  json_decref(copy);
  return text;
}

/* Each benchmark's milliseconds, for programs that want no more, and so that the page can be searched. */
static json_t *medians(const bench_file *file) {
  json_t *all = json_object();
  for (size_t i = 0; i < file->count; ++i)
    if (!file->rows[i].error[0] && !file->rows[i].measured_as[0])
      json_object_set_new(all, file->rows[i].name, json_real(1e3 * file->rows[i].seconds));
  return all;
}

/* A file's object; `text` is what is kept of it, NULL for nothing. NULL without memory. */
static char *describe(const kept_file *kept, const char *text, size_t size, const char *what) {
  json_t *object = json_pack("{s:s, s:s}", "name", kept->name, "kept", what);
  char *packed = text ? pack(text, size) : NULL;
  if (packed) {
    json_object_set_new(object, "milliseconds", medians(kept->file));
    json_object_set_new(object, "gzip", json_string(packed));
  }
  char *plain = packed || !text ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL, *safe = NULL;
  size_t length;
  FILE *to = plain ? open_memstream(&safe, &length) : NULL;
  for (const char *c = plain; to && *c; ++c)
    if (*c == '<')
      fputs("\\u003c", to); /* nothing in it ends the element */
    else
      fputc(*c, to);
  if (to)
    fclose(to);
  free(plain);
  free(packed);
  json_decref(object);
  return safe;
}

static bool keep(kept_file *kept, const bench_file *file) {
  const char *slash = strrchr(file->path, '/');
  *kept = (kept_file){.file = file, .name = slash ? slash + 1 : file->path, .keeping = KEPT_NOT};
  char *rest = drop_rounds(file);
  kept->text[KEPT_WHOLE] = describe(kept, file->text, file->size, "whole");
  kept->text[KEPT_WITHOUT_ROUNDS] = rest ? describe(kept, rest, strlen(rest), "without rounds") : NULL;
  kept->text[KEPT_NOT] = describe(kept, NULL, 0, "nothing");
  free(rest);
  return kept->text[KEPT_WHOLE] && kept->text[KEPT_NOT];
}

/* ---- what fits --------------------------------------------------------------------------------------------------- */

static void add_line(const kept_file *kept, FILE *to) {
  page_add(to, "<li>");
  page_text(to, kept->name);
  if (kept->keeping == KEPT_NOT)
    page_add(to, ": left out, for there is no room for it");
  else
    page_add(to, ", %.0f kB%s", 1e-3 * (double)kept->file->size,
             kept->keeping == KEPT_WITHOUT_ROUNDS ? ", kept without its rounds, for which there is no room" : "");
  page_add(to, "</li>");
}

static void add_files(const kept_file *kept, size_t count, FILE *to) {
  page_add(
      to, "<h3 id=\"files\">The files themselves</h3>\n<p class=\"soft\">They are in this page, packed by gzip, in the "
          "element “data”; where scripts run, each has a button that saves it.</p>\n<ul>");
  for (size_t i = 0; i < count; ++i)
    add_line(&kept[i], to);
  page_add(to, "</ul>\n<script type=\"application/json\" id=\"data\">{\"schema\":\"cardinal-report-2\",\"files\":[");
  for (size_t i = 0; i < count; ++i)
    page_add(to, "%s%s", i ? "," : "", kept[i].text[kept[i].keeping]);
  page_add(to, "]}</script>\n");
}

static bool fits(const kept_file *kept, size_t count, size_t room) {
  char *text = NULL;
  size_t size;
  FILE *trial = open_memstream(&text, &size);
  if (!trial)
    return false;
  add_files(kept, count, trial);
  const bool good = !fclose(trial) && size <= room;
  free(text);
  return good;
}

static int newest_first(const void *a, const void *b) {
  const kept_file *const *x = a, *const *y = b;
  return strcmp(bench_file_context((*y)->file, "started"), bench_file_context((*x)->file, "started"));
}

/* As many files as have room, then their rounds; what is newer comes first. */
static void choose(kept_file *kept, kept_file **order, size_t count, size_t room) {
  for (size_t i = 0; i < count; ++i)
    order[i] = &kept[i];
  qsort(order, count, sizeof *order, newest_first);
  for (int more = KEPT_WITHOUT_ROUNDS; more >= KEPT_WHOLE; --more)
    for (size_t i = 0; i < count; ++i) {
      const keeping before = order[i]->keeping;
      if (more == KEPT_WHOLE && before == KEPT_NOT)
        continue; /* it had no room even without its rounds */
      order[i]->keeping = order[i]->text[more] ? (keeping)more : KEPT_WHOLE;
      if (!fits(kept, count, room))
        order[i]->keeping = before;
    }
}

bool report_archive(const report_data *data, const bench_file *against, size_t room, FILE *to) {
  const size_t count = data->file_count + (against != NULL);
  kept_file *kept = calloc(count + 1, sizeof *kept), **order = calloc(count + 1, sizeof *order);
  bool good = kept && order;
  for (size_t i = 0; good && i < count; ++i)
    good = keep(&kept[i], i < data->file_count ? &data->files[i] : against);
  if (good) {
    choose(kept, order, count, room);
    add_files(kept, count, to);
  }
  for (size_t i = 0; kept && i < count; ++i)
    for (int k = 0; k < KEEPINGS; ++k)
      free(kept[i].text[k]);
  free(kept);
  free(order);
  return good;
}
