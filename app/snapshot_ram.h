// SPDX-License-Identifier: MIT
// Guest RAM in a snapshot: a section with the numbers of all pages that are not zero, in order, and behind it
// their bytes, in sections of 1024 pages, each of them one frame of zstd. Several threads pack and unpack
// them.
#pragma once

#include <span>

#include "app/snapshot_file.h"
#include "core/guest_ram.h"

namespace vitrine::app {

inline constexpr SectionKind kPagesSection = {'p', 'a', 'g', 'e'};
inline constexpr SectionKind kRamSection = {'r', 'a', 'm', ' '};

void write_ram(SnapshotWriter& writer, const core::GuestRam& ram);
// `sections`: these, as they stand in the file. RAM becomes what it was; of what an engine has cached nothing
// may depend on it.
core::Result<> load_ram(const SnapshotReader& reader, std::span<const SnapshotReader::Section> sections,
                        core::GuestRam& ram);

}  // namespace vitrine::app
