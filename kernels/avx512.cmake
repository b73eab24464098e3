# SPDX-License-Identifier: BSD-3-Clause
set(CARDINAL_AVX512_FLAGS -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma)
set(CARDINAL_AVX512_SOURCES
  x86/avgpool_f32_avx512.c
  x86/conv1x1_f32_14x32_avx512.c x86/conv1x1_f32_14x32_avx512.S
  x86/conv1x1_bf16_14x32_avx512bf16.c x86/conv1x1_bf16_14x32_avx512bf16.S
  x86/conv1x1_bf16_14x32_avx512.c x86/conv1x1_bf16_14x32_avx512.S
  x86/conv1x1_int8_14x32_avx512vnni.c x86/conv1x1_int8_14x32_avx512vnni.S
  x86/conv1x1_int8_14x32_avx512.c x86/conv1x1_int8_14x32_avx512.S
  x86/conv_f32_14x16_avx512.c x86/conv_f32_14x16_avx512.S
  generic/conv_plain_avx512.c
  x86/conv7x7s2_f32_nchw_avx512.c x86/conv7x7s2_f32_nchw_avx512.S
  x86/fc_f32_3x64_avx512.c x86/fc_f32_3x64_avx512.S
  x86/fc_bf16_3x64_avx512bf16.c x86/fc_bf16_3x64_avx512bf16.S
  x86/fc_bf16_3x64_avx512.c x86/fc_bf16_3x64_avx512.S
  x86/fc_int8_3x64_avx512vnni.c x86/fc_int8_3x64_avx512vnni.S
  x86/fc_int8_3x64_avx512.c x86/fc_int8_3x64_avx512.S
  x86/gconv3x3_f32_w1_avx512.c x86/gconv3x3_f32_w1_avx512.S
  x86/gconv3x3_f32_w4_avx512.c x86/gconv3x3_f32_w4_avx512.S
  x86/gconv3x3_f32_w8_avx512.c x86/gconv3x3_f32_w8_avx512.S
  x86/gconv3x3_f32_w16_avx512.c x86/gconv3x3_f32_w16_avx512.S
  x86/gconv3x3_int8_w4_avx512vnni.c x86/gconv3x3_int8_w4_avx512vnni.S
  x86/gconv3x3_int8_w8_avx512vnni.c x86/gconv3x3_int8_w8_avx512vnni.S
  x86/gconv3x3_int8_w16_avx512vnni.c x86/gconv3x3_int8_w16_avx512vnni.S
  x86/gconv3x3_bf16_w4_avx512bf16.c x86/gconv3x3_bf16_w4_avx512bf16.S
  x86/gconv3x3_bf16_w8_avx512bf16.c x86/gconv3x3_bf16_w8_avx512bf16.S
  x86/gconv3x3_bf16_w16_avx512bf16.c x86/gconv3x3_bf16_w16_avx512bf16.S
  x86/conv_int8_14x16_avx512vnni.c x86/conv_int8_14x16_avx512vnni.S
  x86/conv_bf16_14x16_avx512bf16.c x86/conv_bf16_14x16_avx512bf16.S
  x86/gconv3x3_int8_w4_avx512.c x86/gconv3x3_int8_w4_avx512.S
  x86/gconv3x3_int8_w8_avx512.c x86/gconv3x3_int8_w8_avx512.S
  x86/gconv3x3_int8_w16_avx512.c x86/gconv3x3_int8_w16_avx512.S
  x86/conv_int8_14x16_avx512.c x86/conv_int8_14x16_avx512.S
  x86/gconv3x3_bf16_w4_avx512.c x86/gconv3x3_bf16_w4_avx512.S
  x86/gconv3x3_bf16_w8_avx512.c x86/gconv3x3_bf16_w8_avx512.S
  x86/gconv3x3_bf16_w16_avx512.c x86/gconv3x3_bf16_w16_avx512.S
  x86/conv_bf16_14x16_avx512.c x86/conv_bf16_14x16_avx512.S
  x86/copy_avx512.c x86/maxpool_f32_avx512.c x86/move_f32_avx512.c)
# Clang's assembler asks for what tiles use beyond the bundle. C doesn't get these flags: compilers would use them
# wherever they like.
foreach(source IN LISTS CARDINAL_AVX512_SOURCES)
  if(source MATCHES "avx512(bf16|vnni)\\.S$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -mavx512${CMAKE_MATCH_1})
  endif()
endforeach()
if(AVX512 IN_LIST CARDINAL_ISAS AND CARDINAL_AVX512_SOURCES)
  cardinal_kernels(cardinal_kernels_avx512 FLAGS -O3 ${CARDINAL_AVX512_FLAGS} SOURCES ${CARDINAL_AVX512_SOURCES})
endif()
