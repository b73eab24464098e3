/* SPDX-License-Identifier: BSD-3-Clause */
/* Public structs of cardinal_net as programs with older and newer headers have them: what is accepted, and that nothing
 * past the stated size is written. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/image.h>
#include <cardinal/net.h>

#include "net/common.h"

enum {
  SPEC_LEAST = 80, /* sizes of the first release */
  DESC_LEAST = 32,
  LAYER_LEAST = 48,
  TRANSFORM_LEAST = 48,
  LARGEST = 256,
  UNTOUCHED = 0xA5
};

/* A caller's struct, with room for that of any header, and what lies behind it. */
typedef union {
  unsigned char bytes[LARGEST];
  uint32_t struct_size;
  cardinal_net_spec spec;
  cardinal_net_desc desc;
  cardinal_net_layer layer;
  cardinal_transform_desc transform;
} any_struct;

static any_struct of_size(uint32_t size) {
  any_struct made;
  memset(&made, UNTOUCHED, sizeof made);
  made.struct_size = size;
  return made;
}

/* Written up to `size`, whether or not this library knows that much; what it doesn't know is zero. */
static void expect_written(const any_struct *found, uint32_t size, size_t known, const char *what) {
  cr_expect_eq(found->struct_size, size, "%s of %u bytes: the size that it states has changed", what, size);
  for (size_t i = known; i < size; i++)
    cr_assert_eq(found->bytes[i], 0, "%s of %u bytes: byte %zu", what, size, i);
  for (size_t i = size; i < LARGEST; i++)
    cr_assert_eq(found->bytes[i], UNTOUCHED, "%s of %u bytes: byte %zu was written", what, size, i);
}

static cardinal_status fill_named(any_struct *to) {
  return cardinal_net_spec_named("resnet50", &to->spec, NULL);
}

static cardinal_status fill_custom(any_struct *to) {
  return cardinal_net_spec_custom(50, 32, 4, &to->spec, NULL);
}

static cardinal_net *net;
static cardinal_context *context;
static cardinal_weights *weights;

static cardinal_status fill_recognised(any_struct *to) {
  return cardinal_weights_spec(weights, &to->spec, NULL);
}

static cardinal_status fill_layer(any_struct *to) {
  return cardinal_net_layer_get(net, 2, &to->layer);
}

static cardinal_net_spec small_spec(void) {
  return (cardinal_net_spec){.struct_size = sizeof(cardinal_net_spec),
                             .blocks = {1, 1, 1, 1},
                             .cardinality = 1,
                             .width_per_group = 4,
                             .classes = 10};
}

static void make_net(void) {
  cardinal_net_spec spec = small_spec();
  cr_assert_eq(cardinal_context_create(NULL, &context, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_weights_synthetic(&spec, 1, &weights, NULL), CARDINAL_OK);
  cr_assert_eq(cardinal_net_create(context, &spec, weights, NULL, &net, NULL), CARDINAL_OK);
}

static void destroy_net(void) {
  cardinal_net_destroy(net);
  cardinal_weights_destroy(weights);
  cardinal_context_destroy(context);
}

TestSuite(abi, .init = make_net, .fini = destroy_net);

Test(abi, sizes_of_the_first_release) {
  cr_expect_geq(sizeof(cardinal_net_spec), SPEC_LEAST);
  cr_expect_geq(sizeof(cardinal_net_desc), DESC_LEAST);
  cr_expect_geq(sizeof(cardinal_net_layer), LAYER_LEAST);
  cr_expect_geq(sizeof(cardinal_transform_desc), TRANSFORM_LEAST);
}

Test(abi, structs_that_are_filled) {
  static const struct {
    const char *what;
    cardinal_status (*fill)(any_struct *to);
    uint32_t least;
    size_t known;
  } cases[] = {
      {"a named spec", fill_named, SPEC_LEAST, sizeof(cardinal_net_spec)},
      {"a custom spec", fill_custom, SPEC_LEAST, sizeof(cardinal_net_spec)},
      {"a recognised spec", fill_recognised, SPEC_LEAST, sizeof(cardinal_net_spec)},
      {"a layer", fill_layer, LAYER_LEAST, sizeof(cardinal_net_layer)},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    for (uint32_t size = 0; size <= LARGEST; size++) {
      any_struct before = of_size(size), found = before;
      cardinal_status status = cases[i].fill(&found);
      if (size < cases[i].least) {
        cr_expect_eq(status, CARDINAL_INVALID_ARGUMENT, "%s of %u bytes", cases[i].what, size);
        cr_expect(!memcmp(&found, &before, sizeof found), "%s of %u bytes was changed", cases[i].what, size);
        continue;
      }
      cr_assert_eq(status, CARDINAL_OK, "%s of %u bytes", cases[i].what, size);
      expect_written(&found, size, cases[i].known, cases[i].what);
    }
}

Test(abi, structs_that_are_made_ready) {
  for (uint32_t size = DESC_LEAST; size <= LARGEST; size++) {
    any_struct desc = of_size(0);
    cardinal_net_desc_init_sized(&desc.desc, size);
    expect_written(&desc, size, sizeof desc.desc, "a desc");
    cr_expect(desc.desc.batch == 1 && desc.desc.image_height == 224 && desc.desc.image_width == 224);
    any_struct spec = of_size(0), layer = of_size(0);
    cardinal_net_spec_init_sized(&spec.spec, size);
    expect_written(&spec, size, 4, "a spec");
    cardinal_net_layer_init_sized(&layer.layer, size);
    expect_written(&layer, size, 4, "a layer");
    any_struct transform = of_size(0);
    if (size >= TRANSFORM_LEAST) {
      cardinal_transform_desc_init_sized(&transform.transform, size);
      expect_written(&transform, size, sizeof transform.transform, "a transform's desc");
    }
  }
  /* Programs without the header find functions, which know the first release only. */
  any_struct desc = of_size(0), spec = of_size(0), layer = of_size(0), transform = of_size(0);
  (cardinal_net_desc_init)(&desc.desc);
  (cardinal_transform_desc_init)(&transform.transform);
  (cardinal_net_spec_init)(&spec.spec);
  (cardinal_net_layer_init)(&layer.layer);
  expect_written(&desc, DESC_LEAST, DESC_LEAST, "a desc");
  expect_written(&spec, SPEC_LEAST, 4, "a spec");
  expect_written(&layer, LAYER_LEAST, 4, "a layer");
  expect_written(&transform, TRANSFORM_LEAST, TRANSFORM_LEAST, "a transform's desc");
}

static cardinal_status take_spec(const any_struct *from) {
  uint64_t parameters;
  return cardinal_net_count(&from->spec, 64, 64, &parameters, NULL, NULL);
}

static cardinal_status take_desc(const any_struct *from) {
  cardinal_net_spec spec = small_spec();
  cardinal_net *made = NULL;
  cardinal_status status = cardinal_net_create(context, &spec, weights, &from->desc, &made, NULL);
  cardinal_net_destroy(made);
  return status;
}

static cardinal_status take_transform(const any_struct *from) {
  uint8_t pixel[3] = {1, 2, 3};
  const cardinal_image image = {1, 1, pixel};
  float values[3];
  return cardinal_image_prepare(&image, &from->transform, values, NULL);
}

Test(abi, structs_that_are_taken) {
  /* The bytes past a member of a union are anything when it is initialised. */
  any_struct spec, desc, transform;
  const cardinal_net_spec small = small_spec();
  memset(&spec, 0, sizeof spec);
  memset(&desc, 0, sizeof desc);
  memset(&transform, 0, sizeof transform);
  memcpy(&spec, &small, sizeof small);
  cardinal_net_desc_init(&desc.desc);
  cardinal_transform_desc_init(&transform.transform);
  transform.transform.resize = transform.transform.crop = 1;
  const struct {
    const char *what;
    cardinal_status (*take)(const any_struct *from);
    any_struct whole;
    uint32_t least;
    size_t known;
  } cases[] = {{"a spec", take_spec, spec, SPEC_LEAST, sizeof spec.spec},
               {"a desc", take_desc, desc, DESC_LEAST, sizeof desc.desc},
               {"a transform's desc", take_transform, transform, TRANSFORM_LEAST, sizeof transform.transform}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    for (uint32_t size = 0; size <= LARGEST; size += size < cases[i].known + 2 ? 1 : 31) {
      any_struct given = cases[i].whole;
      given.struct_size = size;
      bool taken = size >= cases[i].least;
      cr_expect_eq(cases[i].take(&given), taken ? CARDINAL_OK : CARDINAL_INVALID_ARGUMENT, "%s of %u bytes",
                   cases[i].what, size);
      if (size <= cases[i].known)
        continue;
      given.bytes[size - 1] = 1; /* a field of a newer header */
      cr_expect_eq(cases[i].take(&given), CARDINAL_INVALID_ARGUMENT, "%s of %u bytes", cases[i].what, size);
    }
}

/* This library has had one release. Of a later one, with a struct of 16 bytes that had 8 at first, all that matters is
 * in these functions. */
Test(abi, structs_of_an_older_header) {
  const uint32_t older[4] = {12, 1, 2, 99};
  uint32_t taken[4] = {0, 0, 0, 7};
  cr_assert_eq(cardinal_net_take(taken, 16, 8, older, "struct", NULL), CARDINAL_OK);
  cr_expect(taken[1] == 1 && taken[2] == 2 && taken[3] == 7, "what an older struct lacks keeps its default");
  const uint32_t newest[4] = {16, 10, 20, 30};
  uint32_t filled[4] = {12, 0, 0, 99};
  cr_assert_eq(cardinal_net_check_room(filled, 8, "struct", NULL), CARDINAL_OK);
  cardinal_net_give(filled, newest, 16);
  cr_expect(filled[0] == 12 && filled[1] == 10 && filled[2] == 20 && filled[3] == 99);
}

Test(abi, no_desc_stands_for_the_defaults) {
  cr_expect_gt(cardinal_net_arena_bytes(net), (size_t)4 * 16 * 112 * 112 * 4);
}
