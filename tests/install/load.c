/* SPDX-License-Identifier: BSD-3-Clause */
/* usage: load LIBRARY
 * Opens the core library at run time, uses it and closes it again. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cardinal/cardinal.h>

static void *library;

/* Copies the function's address into the pointer, since C has no conversion from void *. */
static void find(const char *name, void *function) {
  void *address = dlsym(library, name);
  if (!address) {
    fprintf(stderr, "load: %s\n", dlerror());
    exit(EXIT_FAILURE);
  }
  memcpy(function, &address, sizeof address);
}

int main(int count, char **arguments) {
  library = count == 2 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!library) {
    fprintf(stderr, "load: %s\n", count == 2 ? dlerror() : "usage: load LIBRARY");
    return EXIT_FAILURE;
  }
  const char *(*version)(void);
  uint32_t (*api_version)(void);
  cardinal_status (*create)(const cardinal_context_desc *, cardinal_context **, cardinal_error *);
  void (*destroy)(cardinal_context *);
  find("cardinal_version", &version);
  find("cardinal_api_version", &api_version);
  find("cardinal_context_create", &create);
  find("cardinal_context_destroy", &destroy);

  cardinal_context *context;
  if (strcmp(version(), CARDINAL_VERSION_STRING) || api_version() != CARDINAL_API_VERSION ||
      create(NULL, &context, NULL))
    return EXIT_FAILURE;
  destroy(context);
  if (dlsym(library, "cardinal_fail")) {
    fprintf(stderr, "load: an internal function is to be seen\n");
    return EXIT_FAILURE;
  }
  printf("loaded %s\n", version());
  return dlclose(library) ? EXIT_FAILURE : EXIT_SUCCESS;
}
