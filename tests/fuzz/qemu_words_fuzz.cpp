// SPDX-License-Identifier: MIT
// The values of QEMU's options: lists of key=value as of -drive and -device, sizes and numbers.
#include "app/qemu_words.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  const bool implied = input.byte() & 1;
  app::QemuKeyvals words("-drive", input.text(), implied ? "file" : "");
  static_cast<void>(words.asks_for_help());
  for (const char* key : {"file", "if", "format", "id", "drive"}) static_cast<void>(words.take(key));
  static_cast<void>(words.take_bool("readonly", false));
  static_cast<void>(words.finish());
}
