/* SPDX-License-Identifier: BSD-3-Clause */
/* safetensors files, good and bad. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/convert.h"
#include "net/match.h"
#include "net/weights.h"
#include "tests/net/files.h"

/* ---- formats of numbers -------------------------------------------------------------------------------------- */

static float value_of_f16(uint32_t half) {
  int exponent = (int)(half >> 10 & 0x1F);
  double fraction = half & 0x3FF;
  double magnitude = exponent == 31  ? (fraction > 0 ? (double)NAN : (double)INFINITY)
                     : exponent == 0 ? ldexp(fraction, -24)
                                     : ldexp(1024 + fraction, exponent - 25);
  return (float)(half & 0x8000 ? -magnitude : magnitude);
}

Test(convert, every_f16_and_bf16) {
  for (uint32_t half = 0; half < 1u << 16; half++) {
    unsigned char bytes[3] = {0, (unsigned char)half, (unsigned char)(half >> 8)};
    float from_f16, from_bf16, expected = value_of_f16(half);
    cardinal_convert_f16(bytes + 1, &from_f16, 1);
    cardinal_convert_bf16(bytes + 1, &from_bf16, 1);
    uint32_t bits = half << 16;
    if (isnan(expected))
      cr_expect(isnan(from_f16), "f16 %04x", half);
    else
      cr_expect(!memcmp(&from_f16, &expected, 4), "f16 %04x: %a, expected %a", half, (double)from_f16,
                (double)expected);
    cr_expect(!memcmp(&from_bf16, &bits, 4), "bf16 %04x", half);
  }
}

/* ---- good files ---------------------------------------------------------------------------------------------- */

Test(safetensors, values_of_each_type_at_any_alignment) {
  /* The header has an odd length, so that nothing is aligned. */
  const char *header = "{\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},"
                       "\"f\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[6,14]},"
                       "\"b\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[14,16]},"
                       "\"e\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[16,16]},"
                       "\"bn.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]},"
                       "\"__metadata__\":{\"format\":\"pt\"}} ";
  const uint16_t halves[3] = {0x3C00, 0xC000, 0x0001}, brain = 0x4049;
  const float floats[2] = {1.5f, -3e-40f};
  unsigned char file[1024] = {0};
  size_t length = strlen(header);
  cr_assert_eq(length % 2, 1);
  file[0] = (unsigned char)length;
  file[1] = (unsigned char)(length >> 8);
  memcpy(file + 8, header, length);
  memcpy(file + 8 + length, halves, 6);
  memcpy(file + 14 + length, floats, 8);
  memcpy(file + 22 + length, &brain, 2);
  test_write(test_path("good.safetensors"), file, 8 + length + 24);

  cardinal_weights *weights = test_open_weights(test_path("good.safetensors"));
  float values[3];
  cr_assert_eq(cardinal_weights_read(weights, "h", values, 3, NULL), CARDINAL_OK);
  cr_expect(values[0] == 1.0f && values[1] == -2.0f && values[2] == 0x1p-24f);
  cr_assert_eq(cardinal_weights_read(weights, "f", values, 2, NULL), CARDINAL_OK);
  cr_expect(!memcmp(values, floats, 8));
  cr_assert_eq(cardinal_weights_read(weights, "b", values, 1, NULL), CARDINAL_OK);
  cr_expect_eq(values[0], 3.140625f);
  cr_assert_eq(cardinal_weights_read(weights, "e", values, 0, NULL), CARDINAL_OK);
  cr_expect_eq(weights->table.count, 4, "the counter of batches isn't one of the weights");
  cardinal_weights_destroy(weights);
}

Test(safetensors, architectures_are_recognised) {
  cardinal_net_spec specs[16] = {{0}}, found = {.struct_size = sizeof found};
  for (size_t i = 0; i < 16; i++)
    specs[i].struct_size = sizeof specs[i];
  size_t count = 0;
  for (; cardinal_net_model_name(count); count++)
    cr_assert_eq(cardinal_net_spec_named(cardinal_net_model_name(count), &specs[count], NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_net_spec_custom(50, 8, 14, &specs[count++], NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_net_spec_custom(101, 2, 40, &specs[count++], NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_net_spec_named("resnet50", &specs[count], NULL), CARDINAL_OK);
  specs[count++].classes = 37;
  for (size_t i = 0; i < count; i++) {
    test_write_sparse(test_path("sparse.safetensors"), &specs[i]);
    cardinal_weights *weights = test_open_weights(test_path("sparse.safetensors"));
    cr_assert_eq(cardinal_weights_spec(weights, &found, NULL), CARDINAL_OK);
    cr_expect(!memcmp(&found, &specs[i], sizeof found), "%s taken for %s", specs[i].name, found.name);
    cr_expect_eq(cardinal_match_tensors(&weights->table, "file", &found, NULL), CARDINAL_OK);
    cardinal_weights_destroy(weights);
  }
}

/* ---- bad files ----------------------------------------------------------------------------------------------- */

#define F32(name, shape, begin, end)                                                                                   \
  "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static const struct {
  const char *what, *header;
  size_t data_bytes;
  const char *message; /* what the error must contain, besides the file's name */
} bad_headers[] = {
    {"no JSON", "{nonsense", 0, "isn't valid JSON"},
    {"no object", "[1, 2]", 0, "begins with {"},
    {"junk after it", "{} {}", 0, "isn't valid JSON"},
    {"a name twice", "{" F32("a", "[1]", "0", "4") "," F32("a", "[1]", "4", "8") "}", 8, "duplicate"},
    {"a tensor that is no object", "{\"a\":3}", 0, "\"a\": expected an object"},
    {"too few entries", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4,
     "\"a\": expected dtype, shape and data_offsets"},
    {"an entry of another name", "{\"a\":{\"type\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     "\"a\": expected a text \"dtype\""},
    {"an unknown type", "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8,
     "expected dtype F32, F16, BF16 or I8, found F64"},
    {"I64 weights", "{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "found I64"},
    {"many batch counters", "{\"a.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]}}", 16,
     "expected a single number, found 2"},
    {"a shape that is no list", "{" F32("a", "4", "0", "4") "}", 4, "expected a list \"shape\""},
    {"a negative dimension", "{" F32("a", "[-1]", "0", "4") "}", 4, "dimension 0: expected a whole number"},
    {"a fractional dimension", "{" F32("a", "[1.5]", "0", "4") "}", 4, "dimension 0: expected a whole number"},
    {"nine dimensions", "{" F32("a", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "expected at most 8 dimensions, found 9"},
    {"a count that overflows", "{" F32("a", "[4294967296,4294967296]", "0", "4") "}", 4, "doesn't fit 64 bits"},
    {"a size that overflows", "{" F32("a", "[4611686018427387904]", "0", "0") "}", 0,
     "expected 4 bytes for each element"},
    {"an integer beyond 64 bits", "{" F32("a", "[99999999999999999999]", "0", "4") "}", 4, "isn't valid JSON"},
    {"too few bytes for the shape", "{" F32("a", "[2,3]", "0", "20") "}", 20, "shape [2, 3], found 20 bytes"},
    {"too many bytes for the shape", "{" F32("a", "[2]", "0", "12") "}", 12, "shape [2], found 12 bytes"},
    {"offsets the wrong way round", "{" F32("a", "[1]", "4", "0") "}", 4, "[4, 0)"},
    {"a negative offset", "{" F32("a", "[1]", "-4", "0") "}", 4, "[-4, 0)"},
    {"an offset past the end", "{" F32("a", "[2]", "0", "8") "}", 7,
     "within the 7 bytes of data; the file may be cut short"},
    {"one offset", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "two whole numbers"},
    {"overlapping tensors", "{" F32("a", "[2]", "0", "8") "," F32("b", "[2]", "4", "12") "}", 12,
     "\"b\": its data overlap with those of \"a\": expected to begin at byte 8, found 4"},
    {"equal ranges", "{" F32("a", "[2]", "0", "8") "," F32("b", "[2]", "0", "8") "}", 8, "overlap"},
    {"a gap between tensors", "{" F32("a", "[1]", "0", "4") "," F32("b", "[1]", "8", "12") "}", 12,
     "\"b\": there is a gap before its data: expected to begin at byte 4, found 8"},
    {"a gap at the start", "{" F32("a", "[1]", "4", "8") "}", 8, "gap"},
    {"bytes at the end", "{" F32("a", "[1]", "0", "4") "}", 5, "expected 4 bytes of data for its tensors, found 5"},
    {"metadata that is no object", "{\"__metadata__\":[]}", 0, "__metadata__"},
    {"metadata that is no text", "{\"__metadata__\":{\"a\":1}}", 0, "__metadata__"},
};

static void expect_refused(const char *path, const char *what, const char *message) {
  cardinal_weights *weights = NULL;
  cardinal_error error;
  cardinal_status status = cardinal_weights_open(path, &weights, &error);
  cr_expect_eq(status, CARDINAL_BAD_FILE, "%s: status %s", what, cardinal_status_string(status));
  cr_expect_null(weights, "%s", what);
  if (status) {
    cr_expect(strstr(error.message, path), "%s: the message doesn't name the file: %s", what, error.message);
    cr_expect(strstr(error.message, message), "%s: the message lacks \"%s\": %s", what, message, error.message);
  }
}

Test(safetensors, bad_headers_are_refused_in_words) {
  for (size_t i = 0; i < sizeof bad_headers / sizeof bad_headers[0]; i++) {
    const char *path = test_path("bad.safetensors");
    test_write_header(path, bad_headers[i].header, bad_headers[i].data_bytes);
    expect_refused(path, bad_headers[i].what, bad_headers[i].message);
  }
}

Test(safetensors, bad_lengths_are_refused_in_words) {
  const char *path = test_path("bad.safetensors");
  test_write(path, "\2\0\0\0\0\0\0", 7);
  expect_refused(path, "seven bytes", "it has 7 bytes");
  test_write(path, "\0\0\0\0\0\0\0\0", 8);
  expect_refused(path, "an empty header", "begins with {");
  test_write(path, "\1\341\365\5\0\0\0\0{}", 10);
  expect_refused(path, "a header of 100,000,001 bytes", "the limit is 100000000");
  test_write(path, "\377\377\377\377\377\377\377\377{}", 10);
  expect_refused(path, "a header of 2^64 - 1 bytes", "the limit is");
  test_write(path, "\3\0\0\0\0\0\0\0{}", 10);
  expect_refused(path, "a header longer than the file", "cut short: expected 3 bytes of header, found 2");
  test_write(path, "\4\0\0\0\0\0\0\0{}\0\0", 12);
  expect_refused(path, "zeros after the JSON", "isn't valid JSON");
}

Test(safetensors, control_characters_in_names_stay_out_of_messages) {
  const char *path = test_path("bad.safetensors");
  test_write_header(path, "{\"a\\u001b[31m\":3}", 0);
  expect_refused(path, "an escape sequence", "a?[31m");
}

Test(safetensors, files_that_cannot_be_read) {
  cardinal_weights *weights;
  cardinal_error error;
  cr_expect_eq(cardinal_weights_open(test_path("absent.safetensors"), &weights, &error), CARDINAL_IO_ERROR);
  cr_expect(strstr(error.message, "absent.safetensors: No such file"), "%s", error.message);
  cr_expect_eq(cardinal_weights_open(test_directory(), &weights, &error), CARDINAL_IO_ERROR);
  cr_expect(strstr(error.message, "not a regular file"), "%s", error.message);
}

Test(safetensors, pipes_are_refused_without_waiting) {
  cardinal_weights *weights;
  cardinal_error error;
  cr_assert_eq(mkfifo(test_path("pipe"), 0600), 0);
  cr_expect_eq(cardinal_weights_open(test_path("pipe"), &weights, &error), CARDINAL_IO_ERROR);
  cr_expect(strstr(error.message, "not a regular file"), "%s", error.message);
}

/* A mapping would raise SIGBUS here. */
Test(safetensors, a_file_that_is_cut_short_while_it_is_open) {
  static const struct {
    const char *header;
    size_t bytes;
  } files[] = {{"{" F32("a", "[262144]", "0", "1048576") "}", 1048576},
               {"{\"a\":{\"dtype\":\"F16\",\"shape\":[262144],\"data_offsets\":[0,524288]}}", 524288}};
  float *values = malloc(262144 * sizeof *values);
  for (int i = 0; i < 2; i++) {
    cardinal_error error;
    const char *path = test_path("cut.safetensors");
    test_write_header(path, files[i].header, files[i].bytes);
    cardinal_weights *weights = test_open_weights(path);
    cr_assert_eq(cardinal_weights_read(weights, "a", values, 262144, &error), CARDINAL_OK, "%s", error.message);
    cr_assert_eq(truncate(path, (off_t)(8 + strlen(files[i].header) + files[i].bytes / 2)), 0);
    cr_expect_eq(cardinal_weights_read(weights, "a", values, 262144, &error), CARDINAL_IO_ERROR);
    cr_expect(strstr(error.message, "cut.safetensors: the file was cut short after it was opened"), "%s",
              error.message);
    cardinal_weights_destroy(weights);
  }
  free(values);
}

Test(safetensors, a_prefix_that_all_names_have) {
  float value;
  const char *all = "{" F32("module.a", "[1]", "0", "4") "," F32("module.module.b", "[1]", "4", "8") "}";
  test_write_header(test_path("wrapped.safetensors"), all, 8);
  cardinal_weights *weights = test_open_weights(test_path("wrapped.safetensors"));
  cr_expect_eq(cardinal_weights_read(weights, "a", &value, 1, NULL), CARDINAL_OK);
  cr_expect_eq(cardinal_weights_read(weights, "module.b", &value, 1, NULL), CARDINAL_OK);
  cardinal_weights_destroy(weights);

  const char *some = "{" F32("module.a", "[1]", "0", "4") "," F32("b", "[1]", "4", "8") "}";
  test_write_header(test_path("wrapped.safetensors"), some, 8);
  weights = test_open_weights(test_path("wrapped.safetensors"));
  cr_expect_eq(cardinal_weights_read(weights, "module.a", &value, 1, NULL), CARDINAL_OK);
  cardinal_net_spec spec = {.struct_size = sizeof spec};
  cardinal_error error;
  cr_expect_eq(cardinal_weights_spec(weights, &spec, &error), CARDINAL_BAD_FILE);
  cr_expect(strstr(error.message, "of its 2 names 1 begin with \"module.\""), "%s", error.message);
  cardinal_weights_destroy(weights);
}

Test(safetensors, no_cut_of_a_good_file_is_accepted) {
  const char *header = "{" F32("a", "[1]", "0", "4") "," F32("b", "[2]", "4", "12") "}";
  test_write_header(test_path("whole.safetensors"), header, 12);
  size_t size;
  unsigned char *whole = test_read(test_path("whole.safetensors"), &size);
  for (size_t cut = 0; cut < size; cut++) {
    test_write(test_path("cut.safetensors"), whole, cut);
    expect_refused(test_path("cut.safetensors"), "a cut file", "");
  }
  free(whole);
}
