// SPDX-License-Identifier: MIT
// kernel.toml: any text. What is refused is refused with a place in the file.
#include "app/kernel_info.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  const auto info = app::parse_kernel_info(input.text(), "kernel.toml");
  if (!info) fuzz::require(info.error().message.starts_with("kernel.toml"), "a refusal names the file");
}
