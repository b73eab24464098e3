/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/command.h"

static const char *text_at(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static json_int_t number_at(const json_t *object, const char *key) {
  return json_integer_value(json_object_get(object, key));
}

static void print_names(const char *title, const json_t *names) {
  printf("%s", title);
  for (size_t i = 0; i < json_array_size(names); i++)
    printf(" %s", json_string_value(json_array_get(names, i)));
  printf("%s\n", json_array_size(names) ? "" : " none");
}

static bool lists(const json_t *names, const char *wanted) {
  for (size_t i = 0; i < json_array_size(names); i++)
    if (strcmp(json_string_value(json_array_get(names, i)), wanted) == 0)
      return true;
  return false;
}

static void print_cache(const char *title, const json_t *level) {
  if (json_is_null(level))
    return;
  json_int_t cores = number_at(level, "cores");
  printf("%s %lld KiB", title, (long long)number_at(level, "bytes") / 1024);
  if (cores > 1)
    printf(" shared by %lld cores", (long long)cores);
}

void machine_print(const json_t *machine) {
  const json_t *cpu = json_object_get(machine, "cpu"), *features = json_object_get(machine, "features");
  const json_t *isa = json_object_get(machine, "isa"), *topology = json_object_get(machine, "topology");
  const json_t *caches = json_object_get(machine, "caches");
  printf("cardinal %s\n\n", text_at(machine, "version"));
  printf("CPU        %s (%s, family %lld, model %lld, stepping %lld)\n", text_at(cpu, "brand"), text_at(cpu, "vendor"),
         (long long)number_at(cpu, "family"), (long long)number_at(cpu, "model"),
         (long long)number_at(cpu, "stepping"));
  print_names("features   present:", json_object_get(features, "present"));
  print_names("           enabled by the OS:", json_object_get(features, "enabled"));
  print_names("           used:", json_object_get(features, "used"));
  printf("ISA        %s;", text_at(isa, "used"));
  print_names(" available:", json_object_get(isa, "available"));
  if (lists(json_object_get(isa, "available"), "avx512"))
    printf("           512-bit vectors are possible and %s on this CPU\n",
           json_is_true(json_object_get(features, "prefers_512")) ? "preferred"
                                                                  : "not preferred (CARDINAL_ISA=avx512 uses them)");
  printf("cores      %lld (%lld logical) in %lld package(s), %lld NUMA node(s), as told by %s\n",
         (long long)number_at(topology, "cores"), (long long)number_at(topology, "cpus"),
         (long long)number_at(topology, "packages"), (long long)number_at(topology, "numa_nodes"),
         text_at(topology, "source"));
  printf("allowed    %lld cores (%lld logical)", (long long)number_at(topology, "allowed_cores"),
         (long long)number_at(topology, "allowed_cpus"));
  double quota = json_real_value(json_object_get(topology, "cpu_quota"));
  if (quota > 0)
    printf(", with the time of %.2f CPUs\n", quota);
  else
    printf(", no limit of time\n");
  printf("caches     ");
  print_cache("L1d", json_object_get(caches, "l1d"));
  print_cache("; L2", json_object_get(caches, "l2"));
  print_cache("; L3", json_object_get(caches, "l3"));
  printf("\nthreads    %lld (%s)\n", (long long)number_at(machine, "threads"), text_at(machine, "threading"));
  fputs("tuning     ", stdout);
  tool_put_clean(stdout, json_is_null(json_object_get(machine, "tuning")) ? "no file" : text_at(machine, "tuning"));
  putchar('\n');
}

void kernels_print(const json_t *kernels) {
  printf("\n%-34s %-8s %-6s %s\n", "kernel", "ISA", "format", "twin");
  for (size_t i = 0; i < json_array_size(kernels); i++) {
    const json_t *kernel = json_array_get(kernels, i);
    const bool allowed = json_is_true(json_object_get(kernel, "allowed"));
    printf("%-34s %-8s %-6s %s\n", text_at(kernel, "name"), text_at(kernel, "isa"), text_at(kernel, "format"),
           text_at(kernel, "twin"));
    if (!allowed)
      printf("  not used: %s\n", text_at(kernel, "unusable"));
  }
}

/* Kernels that one reason is about, from `first` on. Many of them are told by their number: those of other formats. */
static void print_kernels_of(const json_t *passed_over, size_t first, const char *reason) {
  enum {
    MOST_NAMES = 20
  };
  size_t about = 0;
  for (int naming = 0; naming < 2; naming++)
    for (size_t i = first; i < json_array_size(passed_over); i++) {
      const json_t *candidate = json_array_get(passed_over, i);
      if (strcmp(reason, text_at(candidate, "reason")) != 0)
        continue;
      if (!naming)
        about++;
      else if (about <= MOST_NAMES)
        printf(" %s", text_at(candidate, "kernel"));
    }
  if (about > MOST_NAMES)
    printf(" %zu kernels (--json names them)", about);
}

/* One line for each reason, with the kernels it is about. */
static void print_passed_over(const json_t *passed_over) {
  for (size_t i = 0; i < json_array_size(passed_over); i++) {
    const char *reason = text_at(json_array_get(passed_over, i), "reason");
    bool told = false;
    for (size_t j = 0; j < i && !told; j++)
      told = !strcmp(reason, text_at(json_array_get(passed_over, j), "reason"));
    if (told)
      continue;
    printf("    %s:", reason);
    print_kernels_of(passed_over, i, reason);
    putchar('\n');
  }
}

static void print_layer(const json_t *layer) {
  const json_t *shape = json_object_get(layer, "shape");
  printf("\n  %s: %lldx%lld, %lld", text_at(layer, "name"), (long long)number_at(shape, "in_height"),
         (long long)number_at(shape, "in_width"), (long long)number_at(shape, "in_channels"));
  if (json_object_get(shape, "out_channels")) {
    json_int_t kernel = number_at(shape, "kernel"), groups = number_at(shape, "groups");
    printf(" -> %lld channels, %lldx%lld", (long long)number_at(shape, "out_channels"), (long long)kernel,
           (long long)kernel);
    if (groups > 1)
      printf(" in %lld groups", (long long)groups);
    if (number_at(shape, "stride") > 1)
      printf(", stride %lld", (long long)number_at(shape, "stride"));
  } else {
    printf(" channels");
  }
  printf("\n    %s (%s)\n", text_at(layer, "kernel"), text_at(layer, "basis"));
  print_passed_over(json_object_get(layer, "passed_over"));
}

void model_print(const json_t *model) {
  const json_t *layers = json_object_get(model, "layers");
  printf("\n%s in %s on %lld image(s) of %lldx%lld: %.1f million parameters, %.2f billion multiply-adds an image;\n"
         "%.1f MB of packed weights, %.1f MB for activations and scratch\n",
         text_at(model, "name"), text_at(model, "precision"), (long long)number_at(model, "batch"),
         (long long)number_at(model, "image_height"), (long long)number_at(model, "image_width"),
         1e-6 * (double)number_at(model, "parameters"), 1e-9 * (double)number_at(model, "multiply_adds_per_image"),
         1e-6 * (double)number_at(model, "weight_bytes"), 1e-6 * (double)number_at(model, "arena_bytes"));
  printf(
      "\nFor each layer: the kernel that serves it, in brackets whether by the order of the table, by what is built in "
      "or as measured here; and the others by the reason why they don't.\n");
  for (size_t i = 0; i < json_array_size(layers); i++)
    print_layer(json_array_get(layers, i));
}
