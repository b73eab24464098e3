/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges, weights in int8, and the files that hold them. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/fold.h"
#include "net/match.h"
#include "net/network.h"
#include "net/quantise.h"
#include "net/quantised.h"
#include "tests/net/files.h"

/* ---- ranges --------------------------------------------------------------------------------------------------- */

static cardinal_histogram histogram_of(const float *values, size_t count) {
  cardinal_histogram h = {.top = 0};
  cr_assert(cardinal_histogram_add(&h, values, count));
  return h;
}

Test(ranges, order_does_not_matter) {
  static float values[3][1000];
  for (int i = 0; i < 3; i++) {
    cardinal_synthetic_input((uint64_t)i, values[i], 1000);
    for (int k = 0; k < 1000; k++)
      values[i][k] *= i == 0 ? 1.0f : i == 1 ? 37.0f : 1e-3f;
  }
  static cardinal_histogram one, other;
  for (int i = 0; i < 3; i++) {
    cr_assert(cardinal_histogram_add(&one, values[i], 1000));
    cr_assert(cardinal_histogram_add(&other, values[(2 + 2 * i) % 3], 1000));
  }
  cr_expect(!memcmp(one.bins, other.bins, sizeof one.bins));
  cr_expect(one.top == other.top && one.largest == other.largest && one.count == other.count);
  cr_expect_eq(one.top, 128.0, "74 at most, and a power of two above it");
  uint64_t counted = 0;
  for (size_t i = 0; i < CARDINAL_BINS; i++)
    counted += one.bins[i];
  cr_expect_leq(counted, 3000);
  cr_expect_gt(counted, 2990, "only zeros are in no bin");
}

Test(ranges, powers_of_two_and_zeros) {
  static const float values[] = {0.0f, -0.0f, 1.0f, -2.0f, 0x1p-130f};
  static cardinal_histogram h;
  cr_assert(cardinal_histogram_add(&h, values, 2));
  cr_expect(h.top == 0 && h.count == 2 && cardinal_histogram_least_error(&h) == 1 &&
            cardinal_histogram_percentile(&h, 0.1) == 1);
  cr_assert(cardinal_histogram_add(&h, values + 2, 3));
  cr_expect(h.top == 4 && h.largest == 2 && h.count == 5);
  cr_expect_eq(h.bins[CARDINAL_BINS / 4], 1, "1 begins the second quarter");
  cr_expect_eq(h.bins[0], 1);
}

Test(ranges, what_is_not_finite_is_refused) {
  static cardinal_histogram h;
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    const float values[2] = {1.0f, bad[i]};
    cr_expect_not(cardinal_histogram_add(&h, values, 2));
  }
  cr_expect(h.top == 0 && h.count == 0);
}

Test(ranges, percentiles_leave_out_so_many) {
  static float values[10000];
  for (int i = 0; i < 10000; i++)
    values[i] = (float)(i % 2 ? i : -i) / 10000;
  const cardinal_histogram h = histogram_of(values, 10000);
  static const double shares[] = {0, 0.0001, 0.001, 0.01, 0.25};
  for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
    const double end = cardinal_histogram_percentile(&h, shares[i]);
    cr_expect(fabs(end - (1 - shares[i])) < 2.0 / CARDINAL_BINS, "%g of them are left out beyond %g", shares[i], end);
    cr_expect(fabs(cardinal_histogram_effect(&h, end).clipped - shares[i]) < 2.0 / CARDINAL_BINS);
  }
}

/* By brute force, on the numbers themselves. */
static double squared_errors(const float *values, size_t count, double end) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    const double magnitude = fabs((double)values[i]), step = end / 127;
    const double error = magnitude - fmin(rint(magnitude / step), 127) * step;
    sum += error * error;
  }
  return sum;
}

Test(ranges, the_least_error_is_the_least) {
  /* Mostly small, some far out: sums of few uniform numbers, to the fifth power. */
  static float values[20000];
  cardinal_synthetic_input(3, values, 20000);
  for (int i = 0; i < 20000; i++)
    values[i] = powf(values[i], 5);
  const cardinal_histogram h = histogram_of(values, 20000);
  const double end = cardinal_histogram_least_error(&h), errors = squared_errors(values, 20000, end);
  cr_expect_lt(end, h.largest);
  for (double other = 0.05; other <= 1; other += 0.01)
    cr_expect_geq(squared_errors(values, 20000, other * h.largest), 0.97 * errors, "a range up to %g has less than %g",
                  other * h.largest, end);
  double squares = 0;
  for (int i = 0; i < 20000; i++)
    squares += (double)values[i] * (double)values[i];
  const cardinal_range_effect effect = cardinal_histogram_effect(&h, end);
  cr_expect(fabs(effect.noise_ratio / (squares / errors) - 1) < 0.05, "%g, is %g", effect.noise_ratio,
            squares / errors);
}

/* ---- a small network ------------------------------------------------------------------------------------------ */

enum {
  SIDE = 32,
  IMAGE_FLOATS = 3 * SIDE * SIDE,
  IMAGES = 3,
  CLASSES = 10
};

typedef struct {
  cardinal_context *context;
  cardinal_net_spec spec;
  cardinal_weights *weights, *quantised;
  cardinal_calibration calibration;
  cardinal_quantised_report report[64];
} fixture;

static void calibrate(fixture *f, size_t batch) {
  static float images[IMAGES * IMAGE_FLOATS];
  cardinal_error error;
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.batch = (int64_t)batch;
  desc.image_height = desc.image_width = SIDE;
  cr_assert_eq(cardinal_calibration_start(f->context, &f->spec, f->weights, &desc, &f->calibration, &error),
               CARDINAL_OK, "%s", error.message);
  for (uint64_t i = 0; i < IMAGES; i++)
    cardinal_synthetic_input(i, images + i * IMAGE_FLOATS, IMAGE_FLOATS);
  for (size_t done = 0; done < IMAGES; done += batch) {
    const size_t now = IMAGES - done < batch ? IMAGES - done : batch;
    static float whole[IMAGES * IMAGE_FLOATS]; /* what lies behind the images that count mustn't */
    for (size_t k = 0; k < IMAGES * IMAGE_FLOATS; k++)
      whole[k] = 1e6f;
    memcpy(whole, images + done * IMAGE_FLOATS, now * IMAGE_FLOATS * sizeof images[0]);
    cr_assert_eq(cardinal_calibration_add(&f->calibration, whole, now, &error), CARDINAL_OK, "%s", error.message);
  }
}

static fixture make_fixture(void) {
  fixture f = {.spec = {.struct_size = sizeof f.spec}};
  cardinal_error error;
  cr_assert_eq(cardinal_net_spec_named("resnext17_2x4d_1-2-1-1_16to32", &f.spec, &error), CARDINAL_OK, "%s",
               error.message);
  f.spec.classes = CLASSES;
  cr_assert_eq(cardinal_context_create(NULL, &f.context, &error), CARDINAL_OK, "%s", error.message);
  cr_assert_eq(cardinal_weights_synthetic(&f.spec, 7, &f.weights, &error), CARDINAL_OK, "%s", error.message);
  calibrate(&f, 2);
  const cardinal_range_options options = {.method = CARDINAL_RANGE_LEAST_ERROR};
  cr_assert_eq(cardinal_quantise(&f.calibration, &f.spec, f.weights, &options, f.report, &f.quantised, &error),
               CARDINAL_OK, "%s", error.message);
  return f;
}

static void free_fixture(fixture *f) {
  cardinal_calibration_free(&f->calibration);
  cardinal_weights_destroy(f->quantised);
  cardinal_weights_destroy(f->weights);
  cardinal_context_destroy(f->context);
}

Test(quantise, batches_change_nothing) {
  fixture f = make_fixture();
  for (size_t batch = 1; batch <= 3; batch += 2) {
    fixture other = {.context = f.context, .spec = f.spec, .weights = f.weights};
    calibrate(&other, batch);
    for (size_t i = 0; i < f.calibration.net->step_count; i++) {
      const cardinal_histogram *one = &f.calibration.histograms[i], *two = &other.calibration.histograms[i];
      cr_expect(!memcmp(one->bins, two->bins, sizeof one->bins) && one->count == two->count, "step %zu", i);
      const cardinal_layer *layer = &f.calibration.net->steps[i].shape;
      if (layer->y != CARDINAL_VALUE_LOGITS)
        cr_expect_eq(one->count, (uint64_t)(IMAGES * layer->out_channels * layer->out_height * layer->out_width));
    }
    cr_expect(!memcmp(f.calibration.low, other.calibration.low, sizeof f.calibration.low) &&
              !memcmp(f.calibration.high, other.calibration.high, sizeof f.calibration.high));
    cardinal_calibration_free(&other.calibration);
  }
  free_fixture(&f);
}

Test(quantise, weights_are_the_nearest_steps_of_the_folded_ones) {
  fixture f = make_fixture();
  cardinal_fold fold;
  size_t weights, channels;
  cardinal_net_largest_layer(f.calibration.net, &weights, &channels);
  cr_assert_eq(cardinal_fold_allocate(&fold, weights, channels, NULL), CARDINAL_OK);
  cardinal_quantised_layer q = {malloc(weights), malloc(channels * sizeof(float)), malloc(channels * sizeof(float))};
  cardinal_quantised_input input;
  cr_assert_eq(cardinal_quantised_fetch_input(f.quantised, &input, NULL), CARDINAL_OK);
  size_t layers = 0;
  for (size_t i = 0; i < f.calibration.net->step_count; i++) {
    const cardinal_layer *layer = &f.calibration.net->steps[i].shape;
    if (cardinal_step_pools(&f.calibration.net->steps[i]))
      continue;
    layers++;
    cr_assert_eq(cardinal_fold_layer(f.weights, layer, &fold, NULL), CARDINAL_OK);
    cr_assert_eq(cardinal_quantised_fetch(f.quantised, layer, &q, NULL), CARDINAL_OK);
    const size_t rows = (size_t)layer->out_channels, length = cardinal_layer_weights(layer) / rows;
    cr_expect(!memcmp(q.bias, fold.bias, rows * sizeof *q.bias), "%s", layer->name);
    for (size_t row = 0; row < rows; row++) {
      int largest = 0;
      for (size_t k = 0; k < length; k++) {
        const double colour =
            layer->x == CARDINAL_VALUE_IMAGES ? (double)input.scale[k / 49] : 1; /* folded into the stem */
        const double step = (double)q.weight_scales[row], real = (double)fold.weights[row * length + k] * colour;
        const int found = q.weights[row * length + k];
        largest = abs(found) > largest ? abs(found) : largest;
        if (!(fabs(real - found * step) <= 0.5001 * step))
          cr_assert_fail("%s, weight %zu of channel %zu: %g became %d steps of %g", layer->name, k, row, real, found,
                         step);
      }
      cr_expect_eq(largest, 127, "%s, channel %zu", layer->name, row);
    }
    cr_expect_gt(f.report[i].weight_noise_ratio, 1e4);
  }
  cr_expect_eq(layers, 1 + 5 * 3 + 4 + 1);
  cardinal_fold_free(&fold);
  free(q.weights);
  free(q.weight_scales);
  free(q.bias);
  free_fixture(&f);
}

Test(quantise, images_from_their_least_to_their_largest) {
  fixture f = make_fixture();
  cardinal_quantised_input input;
  cr_assert_eq(cardinal_quantised_fetch_input(f.quantised, &input, NULL), CARDINAL_OK);
  for (int i = 0; i < 3; i++) {
    const double low = (double)f.calibration.low[i], high = (double)f.calibration.high[i];
    cr_expect(low < -1.99 && high > 1.99);
    cr_expect(fabs((double)input.scale[i] * 127 - (high - low)) < 1e-5);
    cr_expect(input.zero[i] == 63 || input.zero[i] == 64, "%d", input.zero[i]);
  }
  static const float low[3] = {-9, 0, 0}, high[3] = {0, 0, 9};
  cardinal_calibration_widen(&f.calibration, low, high);
  cr_expect(f.calibration.low[0] == -9 && f.calibration.low[1] < 0 && f.calibration.high[2] == 9);
  free_fixture(&f);
}

Test(quantise, scales_follow_the_histograms) {
  fixture f = make_fixture();
  const cardinal_net *net = f.calibration.net;
  for (size_t i = 0; i < net->step_count; i++) {
    const cardinal_quantised_report *report = &f.report[i];
    cr_expect_eq(report->has_output, strcmp(report->name, "maxpool") && strcmp(report->name, "fc"));
    if (!report->has_output)
      continue;
    float scale = 0;
    cr_assert_eq(cardinal_quantised_output_scale(f.quantised, report->name, &scale, NULL), CARDINAL_OK);
    cr_expect_eq(scale, report->output_scale);
    /* The stem's outputs go through the max pool. */
    const cardinal_histogram *h = &f.calibration.histograms[i == 0 ? 1 : i];
    cr_expect_eq(scale, (float)(cardinal_histogram_least_error(h) / 127), "%s", report->name);
    cr_expect(report->output.clipped < 0.02 && report->output.noise_ratio > 1000, "%s: %g, %g", report->name,
              report->output.clipped, report->output.noise_ratio);
  }
  free_fixture(&f);
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

Test(quantise, a_file_gives_the_same_numbers) {
  fixture f = make_fixture();
  const char *path = test_path("q.safetensors");
  test_write_made(path, f.quantised, NULL, NULL);
  cardinal_weights *read = test_open_weights(path);
  cardinal_net_spec found = {.struct_size = sizeof found};
  cardinal_error error;
  cr_assert_eq(cardinal_weights_spec(read, &found, &error), CARDINAL_OK, "%s", error.message);
  cr_expect(!memcmp(&found, &f.spec, sizeof found), "taken for %s", found.name);
  cr_expect_eq(cardinal_match_tensors(&read->table, path, &found, &error), CARDINAL_OK, "%s", error.message);
  cr_expect_eq(read->table.count, f.quantised->table.count);
  for (size_t i = 0; i < read->table.count; i++) {
    const cardinal_tensor *a = &read->table.tensors[i], *b = &f.quantised->table.tensors[i];
    cr_assert_str_eq(a->name, b->name);
    float *one = malloc((a->count + 1) * sizeof *one), *two = malloc((a->count + 1) * sizeof *two);
    cr_assert_eq(cardinal_weights_read(read, a->name, one, a->count, NULL), CARDINAL_OK);
    cr_assert_eq(cardinal_weights_read(f.quantised, a->name, two, a->count, NULL), CARDINAL_OK);
    cr_expect(!memcmp(one, two, a->count * sizeof *one), "%s", a->name);
    free(one);
    free(two);
  }
  cardinal_weights_destroy(read);
  free_fixture(&f);
}

Test(quantise, files_that_are_not_what_they_should_be) {
  static const struct {
    const char *from, *to; /* in the header */
    const char *message;
  } headers[] = {
      {"\"cardinal.quantised\":\"1\"", "\"cardinal.quantised\":\"2\"", "expected version 1, found \"2\""},
      {"\"cardinal.model\":\"resnext17_", "\"cardinal.model\":\"resnext18_",
       "metadata \"cardinal.model\": expected \"resnext17_2x4d_1-2-1-1_16to32\", found \"resnext18_"},
      {"\"cardinal.model\"", "\"cardinal.madel\"", "metadata \"cardinal.model\": expected \"resnext17_2x4d_1-2-1-1"},
      {"\"cardinal.quantised\"", "\"cardinal.quantized\"", "found dtype I8, which takes"},
      {"\"avgpool.output_scale\"", "\"avgpool.output_skale\"", "\"avgpool.output_scale\" is missing"},
      {"\"layer1.0.conv1.weight\":{\"dtype\":\"I8\"", "\"layer1.0.conv1.weight\":{\"dtype\":\"U8\"",
       "expected dtype F32, F16, BF16 or I8, found U8"},
      {"\"conv1.input_zero\":{\"dtype\":\"I8\",\"shape\":[3]", "\"conv1.input_zero\":{\"dtype\":\"I8\",\"shape\":[4]",
       "shape [4]"},
  };
  fixture f = make_fixture();
  const char *path = test_path("bad.safetensors");
  for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
    cardinal_weights *read = NULL;
    cardinal_error error = {.message = ""};
    test_write_made(path, f.quantised, headers[i].from, headers[i].to);
    cardinal_status status = cardinal_weights_open(path, &read, &error);
    if (!status)
      status = cardinal_match_tensors(&read->table, path, &f.spec, &error);
    cr_expect_eq(status, CARDINAL_BAD_FILE, "%s", headers[i].to);
    cr_expect(strstr(error.message, headers[i].message), "expected \"%s\", found \"%s\"", headers[i].message,
              error.message);
    cardinal_weights_destroy(read);
  }
  free_fixture(&f);
}

Test(quantise, numbers_out_of_range) {
  static const float nan = NAN, zero = 0, negative = -1, infinite = INFINITY;
  static const int8_t least = -128, below_zero = -1;
  static const struct {
    const char *tensor;
    const void *value;
    size_t index;
    const char *message;
  } cases[] = {
      {"layer2.1.conv2.weight", &least, 77, "expected numbers from -127 to 127, found -128 as element 77"},
      {"layer2.1.conv2.weight_scale", &zero, 3, "expected finite numbers above 0, found 0 as element 3"},
      {"layer2.1.conv2.weight_scale", &nan, 0, "expected finite numbers above 0, found nan as element 0"},
      {"layer2.1.conv2.weight_scale", &infinite, 1, "expected finite numbers above 0, found inf as element 1"},
      {"layer2.1.conv2.bias", &nan, 2, "expected finite numbers, found nan as element 2"},
      {"layer2.1.conv2.output_scale", &negative, 0, "expected finite numbers above 0, found -1 as element 0"},
      {"conv1.input_scale", &zero, 2, "expected finite numbers above 0, found 0 as element 2"},
      {"conv1.input_zero", &below_zero, 1, "expected numbers from 0 to 127, found -1 as element 1"},
  };
  fixture f = make_fixture();
  const cardinal_layer *layer = NULL;
  for (size_t i = 0; i < f.calibration.net->step_count; i++)
    if (!strcmp(f.calibration.net->steps[i].shape.name, "layer2.1.conv2"))
      layer = &f.calibration.net->steps[i].shape;
  cardinal_quantised_layer q = {malloc(cardinal_layer_weights(layer)),
                                malloc((size_t)layer->out_channels * sizeof(float)),
                                malloc((size_t)layer->out_channels * sizeof(float))};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const cardinal_tensor *tensor = cardinal_table_find(&f.quantised->table, cases[i].tensor);
    const size_t bytes = cardinal_dtype_bytes(tensor->dtype);
    unsigned char kept[4], *at = f.quantised->memory + tensor->begin + bytes * cases[i].index;
    memcpy(kept, at, bytes);
    memcpy(at, cases[i].value, bytes);
    cardinal_error error = {.message = ""};
    cardinal_quantised_input input;
    float scale;
    const cardinal_status status = cardinal_quantised_fetch(f.quantised, layer, &q, &error) ||
                                   cardinal_quantised_output_scale(f.quantised, layer->name, &scale, &error) ||
                                   cardinal_quantised_fetch_input(f.quantised, &input, &error);
    cr_expect(status, "%s", cases[i].message);
    cr_expect(strstr(error.message, cases[i].message) && strstr(error.message, cases[i].tensor),
              "expected \"%s\", found \"%s\"", cases[i].message, error.message);
    memcpy(at, kept, bytes);
  }
  free(q.weights);
  free(q.weight_scales);
  free(q.bias);
  free_fixture(&f);
}

Test(quantise, what_overflows_on_the_way_is_told) {
  fixture f = {.spec = {.struct_size = sizeof f.spec}};
  cr_assert_eq(cardinal_net_spec_named("resnext14_2x4d_1-1-1-1_16to32", &f.spec, NULL), CARDINAL_OK);
  f.spec.classes = CLASSES;
  test_write_weights(
      test_path("huge.safetensors"), &f.spec, 1,
      &(test_weights_options){.poison = "layer3.0.bn2.weight", .poison_index = 1, .poison_value = 3.4e38f});
  cr_assert_eq(cardinal_context_create(NULL, &f.context, NULL), CARDINAL_OK);
  f.weights = test_open_weights(test_path("huge.safetensors"));
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc);
  desc.image_height = desc.image_width = SIDE;
  static float image[3 * SIDE * SIDE];
  cardinal_error error = {.message = ""};
  cardinal_synthetic_input(1, image, 3 * SIDE * SIDE);
  cr_assert_eq(cardinal_calibration_start(f.context, &f.spec, f.weights, &desc, &f.calibration, NULL), CARDINAL_OK);
  cr_expect_eq(cardinal_calibration_add(&f.calibration, image, 1, &error), CARDINAL_INVALID_ARGUMENT);
  cr_expect(strstr(error.message, "layer layer3.0.conv2 gives numbers that aren't finite"), "%s", error.message);
  free_fixture(&f);
}
