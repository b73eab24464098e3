/* SPDX-License-Identifier: BSD-3-Clause */
/* usage: resnext50 PHOTO [WEIGHTS]
 * ResNeXt-50 in one's own program: a photo in, the most probable ImageNet class out. WEIGHTS is a safetensors file with
 * torchvision's names; without it the weights are synthetic, and the class means nothing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cardinal/image.h>
#include <cardinal/net.h>

enum {
  CROP = 224,
  CLASSES = 1000
};

static cardinal_error error;

static void must(cardinal_status status) {
  if (status) {
    fprintf(stderr, "resnext50: %s\n", error.message);
    exit(EXIT_FAILURE);
  }
}

int main(int count, char **arguments) {
  if (count < 2 || count > 3) {
    fprintf(stderr, "usage: resnext50 PHOTO [WEIGHTS]\n");
    return 2;
  }
  cardinal_net_spec spec;
  cardinal_net_spec_init(&spec);
  must(cardinal_net_spec_named("resnext50_32x4d", &spec, &error));
  cardinal_weights *weights;
  if (count == 3)
    must(cardinal_weights_open(arguments[2], &weights, &error));
  else
    must(cardinal_weights_synthetic(&spec, 0, &weights, &error));

  cardinal_context *context;
  must(cardinal_context_create(NULL, &context, &error));
  cardinal_net_desc desc;
  cardinal_net_desc_init(&desc); /* one image of 224×224 */
  cardinal_net *net;
  must(cardinal_net_create(context, &spec, weights, &desc, &net, &error));
  cardinal_weights_destroy(weights); /* the network has packed its own */

  static float input[3 * CROP * CROP], logits[CLASSES];
  cardinal_image image;
  must(cardinal_image_read(arguments[1], &image, &error));
  must(cardinal_image_transform(&image, 256, CROP, input, &error));
  cardinal_image_free(&image);

  void *arena = malloc(cardinal_net_arena_bytes(net));
  if (!arena)
    return EXIT_FAILURE;
  must(cardinal_net_run(net, input, NULL, logits, arena, &error));
  int best = 0;
  for (int i = 1; i < CLASSES; ++i)
    if (logits[i] > logits[best])
      best = i;
  double sum = 0;
  for (int i = 0; i < CLASSES; ++i)
    sum += exp(logits[i] - logits[best]);
  printf("%s, %.2f %%\n", cardinal_imagenet_class((size_t)best), 100 / sum);

  free(arena);
  cardinal_net_destroy(net);
  cardinal_context_destroy(context);
  return EXIT_SUCCESS;
}
