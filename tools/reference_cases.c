/* SPDX-License-Identifier: BSD-3-Clause */
#define _DEFAULT_SOURCE
#include "tools/reference_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/common.h"

enum {
  NAME_BYTES = 256
};

/* What the metadata say of a case follows its name: "stem.case", "stem.judge". */
static const char case_key[] = "case", judge_key[] = "judge";

/* A case on its way out of the file. */
typedef struct reading {
  const cardinal_weights *file;
  char name[NAME_BYTES]; /* of the case, with its dot; "" for the only one of a file */
  int name_length;
  cardinal_error *error;
  size_t tensors; /* that belong to cases */
} reading;

static cardinal_status bad(const cardinal_weights *file, const char *tensor, const char *what, cardinal_error *error) {
  return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: tensor \"%.200s\": %s", file->label, tensor, what);
}

const char *reference_remark(const cardinal_weights *file, const char *key) {
  for (size_t i = 0; i < file->table.remark_count; ++i)
    if (strcmp(file->table.remarks[i].key, key) == 0)
      return file->table.remarks[i].text;
  return NULL;
}

cardinal_status reference_check_version(const cardinal_weights *file, cardinal_error *error) {
  const char *version = reference_remark(file, "cardinal.reference");
  if (!version)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE,
                             "%s: its metadata lack \"cardinal.reference\": not a file of references "
                             "(docs/references.md)",
                             file->label);
  if (strcmp(version, "1") != 0)
    return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: references of version \"%.40s\", this program reads 1",
                             file->label, version);
  return CARDINAL_OK;
}

static int64_t size_at(const cardinal_tensor *tensor, int dimension) {
  return dimension < tensor->rank ? tensor->shape[dimension] : 1;
}

cardinal_status reference_check_shape(const cardinal_weights *file, const cardinal_tensor *tensor,
                                      const int64_t expected[4], cardinal_error *error) {
  bool same = true;
  for (int i = 0; i < CARDINAL_MAX_RANK; ++i)
    same = same && size_at(tensor, i) == (i < 4 ? expected[i] : 1);
  if (same)
    return CARDINAL_OK;
  cardinal_tensor wanted = {.rank = 4};
  memcpy(wanted.shape, expected, 4 * sizeof *expected);
  char wanted_text[CARDINAL_SHAPE_TEXT], found_text[CARDINAL_SHAPE_TEXT], what[2 * CARDINAL_SHAPE_TEXT + 64];
  snprintf(what, sizeof what, "expected shape %s, found %s", cardinal_shape_text(&wanted, wanted_text),
           cardinal_shape_text(tensor, found_text));
  return bad(file, tensor->name, what, error);
}

/* A tensor that a case may have. */
typedef struct part {
  const char *name;
  bool wanted;
  int64_t shape[4];
  float **to;
  const cardinal_tensor *tensor;
} part;

/* Finds the case's tensor of that name and checks it. */
static cardinal_status find_part(reading *r, part *p) {
  char name[NAME_BYTES];
  snprintf(name, sizeof name, "%s%s", r->name, p->name);
  p->tensor = cardinal_table_find(&r->file->table, name);
  if (!p->tensor && !p->wanted)
    return CARDINAL_OK;
  if (!p->tensor)
    return bad(r->file, name, "it is missing, and the case's descriptor asks for it", r->error);
  if (!p->wanted)
    return bad(r->file, name, "the case's descriptor doesn't ask for it", r->error);
  ++r->tensors;
  if (p->tensor->dtype != CARDINAL_DTYPE_F32)
    return bad(r->file, name, "expected dtype F32", r->error);
  return reference_check_shape(r->file, p->tensor, p->shape, r->error);
}

/* All shapes are checked before there is memory for them, so that the file's size bounds it. */
static cardinal_status read_tensors(reading *r, const gauntlet_problem *problem, gauntlet_given *given) {
  const bool is_conv = problem->operation == CARDINAL_PLUGIN_CONV;
  const cardinal_conv_desc *c = &problem->conv;
  const cardinal_pool_desc *p = &problem->pool;
  const int64_t batch = is_conv ? c->batch : p->batch, outputs = is_conv ? c->out_channels : p->channels;
  data_problem *d = &given->operands.data;
  part parts[] = {
      {"input",
       true,
       {batch, is_conv ? c->in_channels : p->channels, is_conv ? c->in_height : p->in_height,
        is_conv ? c->in_width : p->in_width},
       &d->x,
       NULL},
      {"weight",
       is_conv,
       {outputs, is_conv ? c->in_channels / c->groups : 0, c->kernel_height, c->kernel_width},
       &d->weights,
       NULL},
      {"bias", is_conv && c->has_bias, {outputs, 1, 1, 1}, &d->bias, NULL},
      {"residual",
       is_conv && c->has_residual,
       {batch, outputs, problem->out_height, problem->out_width},
       &d->residual,
       NULL},
      {"expected", true, {batch, outputs, problem->out_height, problem->out_width}, &given->expected, NULL},
  };
  const size_t count = sizeof parts / sizeof parts[0];
  for (size_t i = 0; i < count; ++i) {
    const cardinal_status status = find_part(r, &parts[i]);
    if (status)
      return status;
  }
  gauntlet_operands_make(&given->operands, problem, DATA_RANDOM, 0); /* room; the values are the file's */
  given->expected = malloc((d->y_floats ? d->y_floats : 1) * sizeof *given->expected);
  if (!given->expected)
    return cardinal_net_fail(r->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for %zu outputs", r->file->label,
                             d->y_floats);
  cardinal_status status = CARDINAL_OK;
  for (size_t i = 0; !status && i < count; ++i)
    if (parts[i].tensor)
      status = cardinal_weights_fetch(r->file, parts[i].tensor, 0, parts[i].tensor->count, *parts[i].to, r->error);
  return status;
}

static cardinal_status read_problem(reading *r, const char *descriptor, gauntlet_problem *problem) {
  cardinal_error why;
  if (!gauntlet_parse(descriptor, problem, &why))
    return cardinal_net_fail(r->error, CARDINAL_BAD_FILE, "%s: \"%s%s\": %s", r->file->label, r->name, case_key,
                             why.message);
  if (strstr(descriptor, " x:") || strstr(descriptor, " y:"))
    return cardinal_net_fail(r->error, CARDINAL_BAD_FILE,
                             "%s: \"%s%s\": tensors of references are NCHW; leave x: and y: out", r->file->label,
                             r->name, case_key);
  return CARDINAL_OK;
}

static cardinal_status read_rule(const reading *r, gauntlet_rule *rule) {
  char key[NAME_BYTES + sizeof judge_key];
  snprintf(key, sizeof key, "%s%s", r->name, judge_key);
  const char *text = reference_remark(r->file, key);
  if (gauntlet_rule_parse(text ? text : "bound", rule))
    return CARDINAL_OK;
  return cardinal_net_fail(r->error, CARDINAL_BAD_FILE, "%s: \"%s\": expected bits, ulp:N or bound, found \"%.40s\"",
                           r->file->label, key, text);
}

/* Reads the case of a key such as "stem.case" into the next place of `cases`. */
static cardinal_status read_case(reading *r, const cardinal_remark *remark, reference_cases *cases) {
  gauntlet_problem *problem = &cases->problems[cases->count];
  gauntlet_given *given = &cases->given[cases->count++];
  given->name = strndup(r->name, r->name_length ? (size_t)r->name_length - 1 : 0);
  if (!given->name)
    return cardinal_net_fail(r->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for names", r->file->label);
  cardinal_status status = read_problem(r, remark->text, problem);
  if (!status)
    status = read_rule(r, &given->rule);
  if (!status)
    status = read_tensors(r, problem, given);
  return status;
}

/* Whether a key is `last`, or ends with it behind a dot; then *length is that of what stands before it. */
static bool key_ends(const char *key, const char *last, int *length) {
  const size_t all = strlen(key), end = strlen(last);
  *length = (int)(all - end);
  return all >= end && all < NAME_BYTES - 16 && strcmp(key + all - end, last) == 0 &&
         (all == end || key[all - end - 1] == '.');
}

/* A judge without a case is a slip of the pen that would go unseen. */
static cardinal_status check_judges(const cardinal_weights *file, cardinal_error *error) {
  for (size_t i = 0; i < file->table.remark_count; ++i) {
    const char *key = file->table.remarks[i].key;
    char of_case[NAME_BYTES];
    int length;
    if (!key_ends(key, judge_key, &length))
      continue;
    snprintf(of_case, sizeof of_case, "%.*s%s", length, key, case_key);
    if (!reference_remark(file, of_case))
      return cardinal_net_fail(error, CARDINAL_BAD_FILE, "%s: its metadata have \"%s\" but no \"%s\"", file->label, key,
                               of_case);
  }
  return CARDINAL_OK;
}

/* Every tensor belongs to a case. */
static cardinal_status check_strangers(const reading *r) {
  for (size_t i = 0; i < r->file->table.count && r->tensors < r->file->table.count; ++i) {
    const char *name = r->file->table.tensors[i].name, *dot = strrchr(name, '.');
    char of_case[NAME_BYTES];
    snprintf(of_case, sizeof of_case, "%.*s%s", dot ? (int)(dot - name) + 1 : 0, name, case_key);
    if (!reference_remark(r->file, of_case))
      return bad(r->file, name, "no case of the metadata has this name", r->error);
    const char *last = dot ? dot + 1 : name;
    if (strcmp(last, "input") != 0 && strcmp(last, "weight") != 0 && strcmp(last, "bias") != 0 &&
        strcmp(last, "residual") != 0 && strcmp(last, "expected") != 0)
      return bad(r->file, name, "a case's tensors are input, weight, bias, residual and expected", r->error);
  }
  return CARDINAL_OK;
}

static cardinal_status read_all(reading *r, const char *only, const gauntlet_rule *rule, reference_cases *cases) {
  const cardinal_tensor_table *table = &r->file->table;
  cases->problems = calloc(table->remark_count + 1, sizeof *cases->problems);
  cases->given = calloc(table->remark_count + 1, sizeof *cases->given);
  if (!cases->problems || !cases->given)
    return cardinal_net_fail(r->error, CARDINAL_OUT_OF_MEMORY, "%s: no memory for its cases", r->file->label);
  size_t found = 0;
  for (size_t i = 0; i < table->remark_count; ++i) {
    if (!key_ends(table->remarks[i].key, case_key, &r->name_length))
      continue;
    ++found;
    snprintf(r->name, sizeof r->name, "%.*s", r->name_length, table->remarks[i].key);
    const size_t bare = r->name_length ? (size_t)r->name_length - 1 : 0;
    if (only && (strlen(only) != bare || strncmp(only, r->name, bare) != 0))
      continue;
    const cardinal_status status = read_case(r, &table->remarks[i], cases);
    if (status)
      return status;
    if (rule)
      cases->given[cases->count - 1].rule = *rule;
  }
  if (!found)
    return cardinal_net_fail(r->error, CARDINAL_BAD_FILE, "%s: it holds no case: no key of its metadata ends in \"%s\"",
                             r->file->label, case_key);
  if (only && !cases->count)
    return cardinal_net_fail(r->error, CARDINAL_BAD_FILE, "%s: none of its %zu cases is named \"%s\"", r->file->label,
                             found, only);
  return only ? CARDINAL_OK : check_strangers(r);
}

cardinal_status reference_cases_read(const char *path, const char *only, const gauntlet_rule *rule,
                                     reference_cases *cases, cardinal_error *error) {
  *cases = (reference_cases){0};
  cardinal_weights *file;
  cardinal_status status = cardinal_weights_open(path, &file, error);
  if (status)
    return status;
  reading r = {.file = file, .error = error};
  status = reference_check_version(file, error);
  if (!status)
    status = check_judges(file, error);
  if (!status)
    status = read_all(&r, only, rule, cases);
  cardinal_weights_destroy(file);
  return status;
}

void reference_cases_free(reference_cases *cases) {
  for (size_t i = 0; i < cases->count; ++i)
    gauntlet_given_free(&cases->given[i]);
  free(cases->given);
  free(cases->problems);
  *cases = (reference_cases){0};
}
