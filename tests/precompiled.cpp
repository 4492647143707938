// SPDX-License-Identifier: MIT
// Nothing. CMake precompiles headers for a target that has sources; this is the source of vitrine_test_headers, whose
// precompiled headers the tests share (CMakeLists.txt).
