/* SPDX-License-Identifier: BSD-3-Clause */
/* usage: net JPEG PNG
 * A program on the library cardinal_net, in C or, by its other name, C++: reads the photos and a file that isn't one of
 * weights, so that each library behind it is called. */
#include <stdio.h>
#include <stdlib.h>

#include <cardinal/image.h>
#include <cardinal/net.h>

int main(int count, char **arguments) {
  cardinal_error error;
  cardinal_net_spec spec;
  cardinal_net_spec_init(&spec);
  uint64_t parameters = 0, multiply_adds = 0;
  if (cardinal_net_spec_named("resnext50_32x4d", &spec, &error) ||
      cardinal_net_count(&spec, 224, 224, &parameters, &multiply_adds, &error) || parameters != 25028904) {
    fprintf(stderr, "the network isn't ResNeXt-50\n");
    return EXIT_FAILURE;
  }
  for (int i = 1; i < count; ++i) {
    cardinal_image image;
    cardinal_weights *weights;
    if (cardinal_image_read(arguments[i], &image, &error)) {
      fprintf(stderr, "%s\n", error.message);
      return EXIT_FAILURE;
    }
    printf("%dx%d pixels\n", (int)image.width, (int)image.height);
    cardinal_image_free(&image);
    if (cardinal_weights_open(arguments[i], &weights, &error) != CARDINAL_BAD_FILE)
      return EXIT_FAILURE;
  }
  return count > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
