/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves of bf16 and int8, and of floats to them. */
#include "kernels/format.h"
#include "kernels/move.h"

CARDINAL_INLINE void move_number(void *to, const void *from, cardinal_format to_format, cardinal_format from_format,
                                 float scale) {
  if (to_format == from_format) {
    memcpy(to, from, cardinal_format_bytes(to_format));
    return;
  }
  float value;
  memcpy(&value, from, sizeof value);
  if (to_format == CARDINAL_FORMAT_BF16) {
    const cardinal_bf16 rounded = cardinal_bf16_of_f32(value);
    memcpy(to, &rounded, sizeof rounded);
  } else {
    value /= scale;
    *(int8_t *)to = value > 0.0f ? cardinal_int8_of_f32(value) : 0;
  }
}

/* Lanes of a block that lie side by side, and planes to blocks, have loops in which the compiler sees that. */
CARDINAL_INLINE void move(const cardinal_move_args *a, cardinal_format to, cardinal_format from) {
  if (a->from_lane == 1 && a->to_lane == 1 && a->lanes == 16)
    for (size_t p = 0; p < a->pixels; ++p)
      for (size_t l = 0; l < 16; ++l)
        move_number(cardinal_place(a->to, to, p * a->to_pixel + l), cardinal_at(a->from, from, p * a->from_pixel + l),
                    to, from, a->scale);
  else if (a->from_pixel == 1 && a->to_pixel == 16 && a->to_lane == 1)
    for (size_t l = 0; l < a->lanes; ++l)
      for (size_t p = 0; p < a->pixels; ++p)
        move_number(cardinal_place(a->to, to, p * 16 + l), cardinal_at(a->from, from, p + l * a->from_lane), to, from,
                    a->scale);
  else
    for (size_t p = 0; p < a->pixels; ++p)
      for (size_t l = 0; l < a->lanes; ++l)
        move_number(cardinal_place(a->to, to, p * a->to_pixel + l * a->to_lane),
                    cardinal_at(a->from, from, p * a->from_pixel + l * a->from_lane), to, from, a->scale);
}

void cardinal_move_bf16_generic(const cardinal_move_args *args) {
  move(args, CARDINAL_FORMAT_BF16, CARDINAL_FORMAT_BF16);
}

void cardinal_move_int8_generic(const cardinal_move_args *args) {
  move(args, CARDINAL_FORMAT_INT8, CARDINAL_FORMAT_INT8);
}

void cardinal_move_f32_to_bf16_generic(const cardinal_move_args *args) {
  move(args, CARDINAL_FORMAT_BF16, CARDINAL_FORMAT_F32);
}

void cardinal_move_f32_to_int8_generic(const cardinal_move_args *args) {
  move(args, CARDINAL_FORMAT_INT8, CARDINAL_FORMAT_F32);
}
