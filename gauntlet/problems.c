/* SPDX-License-Identifier: BSD-3-Clause */
#include "gauntlet/problems.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static void explain(cardinal_error *error, cardinal_status status,
                                                          const char *format, ...) {
  if (error) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    error->status = status;
  }
}

/* A macro, so that compilers and analysers see that it is false. */
#define fail(...) (explain(__VA_ARGS__), false)

bool gauntlet_problems_add(gauntlet_problems *to, const char *descriptor, cardinal_error *error) {
  gauntlet_problem problem;
  if (!gauntlet_parse(descriptor, &problem, error))
    return false;
  gauntlet_problem *more = realloc(to->problem, (to->count + 1) * sizeof *more);
  if (!more)
    return fail(error, CARDINAL_OUT_OF_MEMORY, "no memory for %zu problems", to->count + 1);
  to->problem = more;
  to->problem[to->count++] = problem;
  return true;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static bool add_lines(gauntlet_problems *to, FILE *file, const char *path, cardinal_error *error) {
  char *line = NULL;
  size_t size = 0, number = 0;
  bool good = true;
  while (good && getline(&line, &size, file) > 0) {
    ++number;
    line[strcspn(line, "#\n")] = '\0';
    cardinal_error reason;
    if (!line[strspn(line, " \t\r")] || gauntlet_problems_add(to, line, &reason))
      continue;
    good = fail(error, reason.status, "%.300s, line %zu: %s", path, number, reason.message);
  }
  free(line);
  return good;
}

bool gauntlet_problems_add_file(gauntlet_problems *to, const char *path, cardinal_error *error) {
  const size_t before = to->count;
  FILE *file = fopen(path, "r");
  if (!file)
    return fail(error, CARDINAL_BAD_FILE, "%.300s: %s", path, strerror(errno));
  bool good = add_lines(to, file, path, error);
  if (good && ferror(file))
    good = fail(error, CARDINAL_BAD_FILE, "%.300s: %s", path, strerror(errno));
  fclose(file);
  if (good && to->count == before)
    good = fail(error, CARDINAL_BAD_FILE, "%.300s: holds no problem", path);
  return good;
}

/* ---- sweeps ------------------------------------------------------------------------------------------------------ */

enum {
  MOST_WORDS = 40,
  MOST_VALUES = 64 /* of one list */
};

/* A word of a sweep: "relu" has no values, "k3" one, "g1,32" two. */
typedef struct swept_word {
  const char *name;
  int length; /* of the name, without its numbers */
  const char *values[MOST_VALUES];
  size_t count, now;
} swept_word;

typedef struct sweep {
  char text[GAUNTLET_DESCRIPTOR_BYTES];
  swept_word words[MOST_WORDS];
  size_t count;
} sweep;

/* Cuts a word, in place, at its commas. */
static bool read_word(swept_word *to, char *word, cardinal_error *error) {
  *to = (swept_word){.name = word, .length = (int)strcspn(word, "0123456789,")};
  if (!strchr(word, ',') && !isdigit((unsigned char)word[to->length])) {
    to->length = (int)strlen(word);
    return true;
  }
  char *rest = word + to->length;
  for (char *value = rest; value; value = rest) {
    rest = strchr(value, ',');
    if (rest)
      *rest++ = '\0';
    if (!*value || value[strspn(value, "0123456789")])
      return fail(error, CARDINAL_INVALID_ARGUMENT, "'%.*s': expected whole numbers with commas between, found \"%s\"",
                  to->length, to->name, value);
    if (to->count == MOST_VALUES)
      return fail(error, CARDINAL_INVALID_ARGUMENT, "'%.*s': a list has at most %d numbers", to->length, to->name,
                  MOST_VALUES);
    to->values[to->count++] = value;
  }
  return true;
}

static bool read_sweep(sweep *s, const char *text, cardinal_error *error) {
  if (strlen(text) >= sizeof s->text)
    return fail(error, CARDINAL_INVALID_ARGUMENT, "the sweep has %zu characters, at most %zu are read", strlen(text),
                sizeof s->text - 1);
  memcpy(s->text, text, strlen(text) + 1);
  s->count = 0;
  size_t problems = 1;
  char *rest = s->text;
  for (char *word; (word = strtok_r(rest, "_ \t\r\n", &rest));) {
    if (s->count == MOST_WORDS)
      return fail(error, CARDINAL_INVALID_ARGUMENT, "a sweep has at most %d words", MOST_WORDS);
    swept_word *to = &s->words[s->count++];
    if (!read_word(to, word, error))
      return false;
    problems *= to->count ? to->count : 1;
    if (problems > GAUNTLET_SWEEP_MOST)
      return fail(error, CARDINAL_INVALID_ARGUMENT, "the sweep has more than %d problems", GAUNTLET_SWEEP_MOST);
  }
  return true;
}

static bool is_word(const swept_word *word, const char *name) {
  return word->count && (size_t)word->length == strlen(name) && !strncmp(word->name, name, strlen(name));
}

/* The descriptor of the present combination, `w` put in terms of channels. */
static bool add_combination(const sweep *s, gauntlet_problems *to, cardinal_error *error) {
  char descriptor[2 * GAUNTLET_DESCRIPTOR_BYTES] = "";
  unsigned long long groups = 1, width = 0;
  size_t used = 0;
  for (size_t i = 0; i < s->count; ++i) {
    const swept_word *word = &s->words[i];
    if (is_word(word, "g"))
      groups = strtoull(word->values[word->now], NULL, 10);
    if (is_word(word, "w"))
      width = strtoull(word->values[word->now], NULL, 10);
    else
      used += (size_t)snprintf(descriptor + used, sizeof descriptor - used, "%.*s%s ", word->length, word->name,
                               word->count ? word->values[word->now] : "");
  }
  const unsigned long long most = 1000000;
  if (width > most || groups > most)
    return fail(error, CARDINAL_INVALID_ARGUMENT, "w and g: at most %llu channels and groups", most);
  if (width)
    snprintf(descriptor + used, sizeof descriptor - used, "ic%llu oc%llu", groups * width, groups * width);
  cardinal_error reason;
  return gauntlet_problems_add(to, descriptor, &reason) ||
         fail(error, reason.status, "'%.250s': %s", descriptor, reason.message);
}

/* Counts the lists on, the last one first; false after the last combination. */
static bool next_combination(sweep *s) {
  for (size_t i = s->count; i-- > 0;) {
    swept_word *word = &s->words[i];
    if (++word->now < word->count)
      return true;
    word->now = 0;
  }
  return false;
}

bool gauntlet_problems_add_sweep(gauntlet_problems *to, const char *text, cardinal_error *error) {
  sweep s;
  if (!read_sweep(&s, text, error))
    return false;
  do
    if (!add_combination(&s, to, error))
      return false;
  while (next_combination(&s));
  return true;
}
