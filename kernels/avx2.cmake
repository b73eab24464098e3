# SPDX-License-Identifier: BSD-3-Clause
set(CARDINAL_AVX2_FLAGS -mavx2 -mfma)
set(CARDINAL_AVX2_SOURCES
  x86/avgpool_f32_avx2.c x86/avgpool_bf16_avx2.c x86/avgpool_int8_avx2.c
  x86/conv1x1_f32_6x16_avx2.c x86/conv1x1_f32_6x16_avx2.S
  x86/conv1x1_bf16_6x16_avx2.c x86/conv1x1_bf16_6x16_avx2.S
  x86/conv1x1_int8_6x16_avx2vnni.c x86/conv1x1_int8_6x16_avx2vnni.S
  x86/conv1x1_int8_6x16_avx2.c x86/conv1x1_int8_6x16_avx2.S
  x86/conv_f32_6x16_avx2.c x86/conv_f32_6x16_avx2.S
  generic/conv_plain_avx2.c
  x86/conv7x7s2_f32_nchw_avx2.c x86/conv7x7s2_f32_nchw_avx2.S
  x86/fc_f32_3x32_avx2.c x86/fc_f32_3x32_avx2.S
  x86/fc_bf16_3x32_avx2.c x86/fc_bf16_3x32_avx2.S
  x86/fc_int8_3x32_avx2vnni.c x86/fc_int8_3x32_avx2vnni.S
  x86/fc_int8_3x32_avx2.c x86/fc_int8_3x32_avx2.S
  x86/gconv3x3_f32_w1_avx2.c x86/gconv3x3_f32_w1_avx2.S
  x86/gconv3x3_f32_w4_avx2.c x86/gconv3x3_f32_w4_avx2.S
  x86/gconv3x3_f32_w8_avx2.c x86/gconv3x3_f32_w8_avx2.S
  x86/gconv3x3_f32_w16_avx2.c x86/gconv3x3_f32_w16_avx2.S
  x86/conv_int8_6x16_avx2.c x86/conv_int8_6x16_avx2.S
  x86/gconv3x3_int8_w4_avx2.c x86/gconv3x3_int8_w4_avx2.S
  x86/gconv3x3_int8_w8_avx2.c x86/gconv3x3_int8_w8_avx2.S
  x86/gconv3x3_int8_w16_avx2.c x86/gconv3x3_int8_w16_avx2.S
  x86/conv_bf16_6x16_avx2.c x86/conv_bf16_6x16_avx2.S
  x86/gconv3x3_bf16_w4_avx2.c x86/gconv3x3_bf16_w4_avx2.S
  x86/gconv3x3_bf16_w8_avx2.c x86/gconv3x3_bf16_w8_avx2.S
  x86/gconv3x3_bf16_w16_avx2.c x86/gconv3x3_bf16_w16_avx2.S
  x86/conv_int8_6x16_avx2vnni.c x86/conv_int8_6x16_avx2vnni.S
  x86/gconv3x3_int8_w4_avx2vnni.c x86/gconv3x3_int8_w4_avx2vnni.S
  x86/gconv3x3_int8_w8_avx2vnni.c x86/gconv3x3_int8_w8_avx2vnni.S
  x86/gconv3x3_int8_w16_avx2vnni.c x86/gconv3x3_int8_w16_avx2vnni.S
  x86/copy_avx2.c x86/maxpool_f32_avx2.c x86/maxpool_bf16_avx2.c x86/maxpool_int8_avx2.c x86/move_f32_avx2.c
  x86/move_bf16_avx2.c x86/move_int8_avx2.c)
# Clang's assembler asks for what tiles use beyond the bundle. C doesn't get these flags: compilers would use them
# wherever they like.
foreach(source IN LISTS CARDINAL_AVX2_SOURCES)
  if(source MATCHES "avx2vnni\\.S$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -mavxvnni)
  endif()
endforeach()
if(AVX2 IN_LIST CARDINAL_ISAS AND CARDINAL_AVX2_SOURCES)
  cardinal_kernels(cardinal_kernels_avx2 FLAGS -O3 ${CARDINAL_AVX2_FLAGS} SOURCES ${CARDINAL_AVX2_SOURCES})
endif()
