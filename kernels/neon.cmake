# SPDX-License-Identifier: BSD-3-Clause
set(CARDINAL_NEON_FLAGS -march=armv8-a)
set(CARDINAL_NEON_SOURCES
  arm/avgpool_f32_neon.c arm/avgpool_bf16_neon.c arm/avgpool_int8_neon.c
  arm/conv1x1_f32_6x16_neon.c arm/conv1x1_f32_6x16_neon.S
  arm/conv1x1_bf16_6x16_neonbf16.c arm/conv1x1_bf16_6x16_neonbf16.S
  arm/conv1x1_bf16_4x16_neon.c arm/conv1x1_bf16_4x16_neon.S
  arm/conv1x1_int8_6x16_neoni8mm.c arm/conv1x1_int8_6x16_neoni8mm.S
  arm/conv1x1_int8_6x16_neondotprod.c arm/conv1x1_int8_6x16_neondotprod.S
  arm/conv1x1_int8_4x16_neon.c arm/conv1x1_int8_4x16_neon.S
  arm/conv_f32_6x16_neon.c arm/conv_f32_6x16_neon.S
  generic/conv_plain_neon.c
  arm/conv7x7s2_f32_nchw_neon.c arm/conv7x7s2_f32_nchw_neon.S
  arm/fc_f32_3x32_neon.c arm/fc_f32_3x32_neon.S
  arm/fc_bf16_3x32_neonbf16.c arm/fc_bf16_3x32_neonbf16.S
  arm/fc_bf16_3x16_neon.c arm/fc_bf16_3x16_neon.S
  arm/fc_int8_3x32_neondotprod.c arm/fc_int8_3x32_neondotprod.S
  arm/fc_int8_3x16_neon.c arm/fc_int8_3x16_neon.S
  arm/gconv3x3_f32_w1_neon.c arm/gconv3x3_f32_w1_neon.S
  arm/gconv3x3_f32_w4_neon.c arm/gconv3x3_f32_w4_neon.S
  arm/gconv3x3_f32_w8_neon.c arm/gconv3x3_f32_w8_neon.S
  arm/gconv3x3_f32_w16_neon.c arm/gconv3x3_f32_w16_neon.S
  arm/gconv3x3_bf16_w4_neonbf16.c arm/gconv3x3_bf16_w4_neonbf16.S
  arm/gconv3x3_bf16_w8_neonbf16.c arm/gconv3x3_bf16_w8_neonbf16.S
  arm/gconv3x3_bf16_w16_neonbf16.c arm/gconv3x3_bf16_w16_neonbf16.S
  arm/conv_bf16_6x16_neonbf16.c arm/conv_bf16_6x16_neonbf16.S
  arm/gconv3x3_bf16_w4_neon.c arm/gconv3x3_bf16_w4_neon.S
  arm/gconv3x3_bf16_w8_neon.c arm/gconv3x3_bf16_w8_neon.S
  arm/gconv3x3_bf16_w16_neon.c arm/gconv3x3_bf16_w16_neon.S
  arm/conv_bf16_4x16_neon.c arm/conv_bf16_4x16_neon.S
  arm/gconv3x3_int8_w4_neondotprod.c arm/gconv3x3_int8_w4_neondotprod.S
  arm/gconv3x3_int8_w8_neondotprod.c arm/gconv3x3_int8_w8_neondotprod.S
  arm/gconv3x3_int8_w16_neondotprod.c arm/gconv3x3_int8_w16_neondotprod.S
  arm/conv_int8_6x16_neondotprod.c arm/conv_int8_6x16_neondotprod.S
  arm/gconv3x3_int8_w4_neon.c arm/gconv3x3_int8_w4_neon.S
  arm/gconv3x3_int8_w8_neon.c arm/gconv3x3_int8_w8_neon.S
  arm/gconv3x3_int8_w16_neon.c arm/gconv3x3_int8_w16_neon.S
  arm/conv_int8_4x16_neon.c arm/conv_int8_4x16_neon.S
  arm/maxpool_f32_neon.c arm/maxpool_bf16_neon.c arm/maxpool_int8_neon.c arm/move_f32_neon.c
  arm/move_bf16_neon.c arm/move_int8_neon.c)
# Tiles that use what an Armv8.0 CPU lacks: clang's assembler takes that from the command line only. Those of i8mm have
# dot products as well, for the pixels that make no pairs.
set(CARDINAL_NEON_MARCH_dotprod -march=armv8.2-a+dotprod)
set(CARDINAL_NEON_MARCH_bf16 -march=armv8.2-a+bf16)
set(CARDINAL_NEON_MARCH_i8mm -march=armv8.2-a+dotprod+i8mm)
foreach(source IN LISTS CARDINAL_NEON_SOURCES)
  if(source MATCHES "_neon(dotprod|bf16|i8mm)\\.S$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS ${CARDINAL_NEON_MARCH_${CMAKE_MATCH_1}})
  endif()
endforeach()
if(NEON IN_LIST CARDINAL_ISAS AND CARDINAL_NEON_SOURCES)
  cardinal_kernels(cardinal_kernels_neon FLAGS -O3 ${CARDINAL_NEON_FLAGS} SOURCES ${CARDINAL_NEON_SOURCES})
endif()
