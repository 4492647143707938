# SPDX-License-Identifier: MIT
# Cross build for 64-bit Arm Linux on a Debian host; docs/other-hosts.md has the commands.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# Debian's libfdt-dev cannot be installed for two architectures: its headers serve both, the library is libfdt1's.
set(FDT_LIBRARY /usr/lib/aarch64-linux-gnu/libfdt.so.1 CACHE FILEPATH "libfdt")
# Programs that the build runs (test discovery) and ctest's.
find_program(QEMU_AARCH64 qemu-aarch64)
if(QEMU_AARCH64)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${QEMU_AARCH64})
endif()
