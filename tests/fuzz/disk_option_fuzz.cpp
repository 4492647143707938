// SPDX-License-Identifier: MIT
// The value of --disk: any text. What is accepted names a file, which is how the text begins.
#include "app/board_table.h"
#include "app/options.h"
#include "tests/fuzz/input.h"

using namespace vitrine;

VITRINE_FUZZ_TARGET(input) {
  auto disk = app::parse_disk(input.text());
  if (!disk.ok()) return;
  fuzz::require(!disk->path.empty() && input.text().starts_with(disk->path), "the file is how the text begins");
  fuzz::require(!disk->read_only || !disk->snapshot, "ro and snapshot exclude each other");
  fuzz::require(disk->slot < static_cast<int>(app::board::kVirtioSlots), "slots are those of the board");
}
