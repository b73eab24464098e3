# SPDX-License-Identifier: BSD-3-Clause
set(CARDINAL_NEON_FLAGS -march=armv8-a)
set(CARDINAL_NEON_SOURCES
  arm/avgpool_f32_neon.c
  arm/conv1x1_f32_6x16_neon.c arm/conv1x1_f32_6x16_neon.S
  arm/conv_f32_6x16_neon.c arm/conv_f32_6x16_neon.S
  generic/conv_plain_neon.c
  arm/conv7x7s2_f32_nchw_neon.c arm/conv7x7s2_f32_nchw_neon.S
  arm/fc_f32_3x32_neon.c arm/fc_f32_3x32_neon.S
  arm/gconv3x3_f32_w1_neon.c arm/gconv3x3_f32_w1_neon.S
  arm/gconv3x3_f32_w4_neon.c arm/gconv3x3_f32_w4_neon.S
  arm/gconv3x3_f32_w8_neon.c arm/gconv3x3_f32_w8_neon.S
  arm/gconv3x3_f32_w16_neon.c arm/gconv3x3_f32_w16_neon.S
  arm/maxpool_f32_neon.c arm/move_f32_neon.c)
if(NEON IN_LIST CARDINAL_ISAS AND CARDINAL_NEON_SOURCES)
  cardinal_kernels(cardinal_kernels_neon FLAGS -O3 ${CARDINAL_NEON_FLAGS} SOURCES ${CARDINAL_NEON_SOURCES})
endif()
