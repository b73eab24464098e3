# SPDX-License-Identifier: BSD-3-Clause
# What is installed beside the libraries and the programs: headers, the CMake package, documents and man pages.
if(NOT CARDINAL_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

set(headers include/cardinal/cardinal.h include/cardinal/plugin.h include/cardinal/version.h)
if(CARDINAL_NET)
  list(APPEND headers include/cardinal/net.h include/cardinal/image.h)
endif()
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cardinal COMPONENT Development)

configure_package_config_file(cmake/cardinalConfig.cmake.in ${PROJECT_BINARY_DIR}/cardinalConfig.cmake
  INSTALL_DESTINATION ${CARDINAL_INSTALL_CMAKEDIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cardinalConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cardinalConfig.cmake ${PROJECT_BINARY_DIR}/cardinalConfigVersion.cmake
  DESTINATION ${CARDINAL_INSTALL_CMAKEDIR} COMPONENT Development)

if(PROJECT_IS_TOP_LEVEL)
  install(FILES LICENSE README.md NEWS.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT Development)
  install(FILES docs/man/cardinal.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT Development)
endif()
