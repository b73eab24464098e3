# SPDX-License-Identifier: BSD-3-Clause
# Three Debian packages, one for each component of the installation: the shared libraries, what developers need, and the
# programs. `cpack` makes them; script/package does all of it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cardinal)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "the Cardinal project")
set(CPACK_PACKAGE_CONTACT "${CARDINAL_PACKAGE_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY >=)
set(runtime libcardinal${CARDINAL_SOVERSION})
set(same "${runtime} (= ${PROJECT_VERSION})")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "convolution kernels for CPUs: shared libraries
Hand-written AVX2, AVX-512 and NEON kernels for convolutions, grouped ones above
all, and the networks that are made of them, ResNet and ResNeXt.")

# The static libraries need what the shared ones bring along; libgomp comes with gcc.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libcardinal-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "${same}, libhwloc-dev, libjansson-dev, libjpeg62-turbo-dev | libjpeg-dev, libpng-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "convolution kernels for CPUs: headers and static libraries
What it takes to build programs with Cardinal: headers, static libraries, a CMake
package, files for pkg-config and a manual page.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME cardinal-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION science)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${same}")
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "convolution kernels for CPUs: programs
The program cardinal, which classifies photos and says which kernel serves which
layer, and cardinal_bench, which measures kernels beside this CPU's peak.")
# The programs' own libraries aren't installed when their dependencies are looked up.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR} ${PROJECT_BINARY_DIR}/net)

foreach(component Runtime Development Tools)
  string(TOUPPER ${component} COMPONENT)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME}
    RENAME copyright COMPONENT ${component})
endforeach()
set(CPACK_COMPONENTS_ALL Runtime Development Tools)
include(CPack)
