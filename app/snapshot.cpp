// SPDX-License-Identifier: MIT
// Sessions into files, and back.
#include "app/snapshot.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <filesystem>

#include "app/identity.h"
#include "app/kept_header.h"
#include "app/kept_line.h"
#include "app/session.h"
#include "app/snapshot_ram.h"
#include "core/file.h"

namespace vitrine::app {

using core::ErrorKind;

namespace {

constexpr SectionKind kHead = {'h', 'e', 'a', 'd'}, kInput = {'i', 'n', 'p', 't'},
                      kDisks = {'d', 'i', 's', 'k'}, kState = {'s', 't', 'a', 't'};
constexpr size_t kStatePart = 4 << 20;
constexpr uint64_t kMostState = 64 << 20;  // without what was written to disks
constexpr uint64_t kMostHead = 4 << 20, kMostInput = 64 << 20, kMostHashes = 256 << 20;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string present_folder() {
  std::array<char, PATH_MAX> folder{};
  return getcwd(folder.data(), folder.size()) ? folder.data() : "/";
}

// The words are those with which the machine was built first.
core::Result<SnapshotHeader> header_of(Session& session) {
  const RunOptions& options = session.options();
  if (!options.from && !options.kept_words)
    return core::error(ErrorKind::kUsage, "Nothing says what was typed to make this machine.");
  Machine& machine = session.machine();
  SnapshotHeader header;
  if (options.from) {
    header.made = options.from->header().made;
  } else {
    header.made.words = *options.kept_words;
    header.made.folder = present_folder();
    header.made.date = machine.config().date;
    header.made.identity = machine_identity(machine.config(), machine.boot());
  }
  header.made.version = version();
  header.made.clock = session.clock_mode();
  header.made.disks.clear();
  header.step = machine.clock().step();
  header.input_left = session.feeder().file_left();
  for (const DiskConfig& disk : disks_of(machine.config())) {
    auto seen = look_at_disk(disk.path);
    if (!seen) return seen.error();
    header.made.disks.push_back({disk.path, (seen->size + 511) / 512, seen->size});
    header.disks.push_back(std::move(*seen));
  }
  return header;
}

std::string head_text(const SnapshotHeader& header) {
  std::string text;
  for (const std::string& line : kept::header_lines(header.made)) text += line + "\n";
  text += fmt::format("step {}\ninput-left {}\n", header.step, header.input_left);
  for (const SnapshotDisk& disk : header.disks)
    text += fmt::format("time {} {} {}\n", disk.seconds, disk.nanoseconds, kept::escaped(disk.path));
  return text;
}

std::vector<uint64_t> hashes_of(const SnapshotHeader& header) {
  std::vector<uint64_t> all;
  for (const SnapshotDisk& disk : header.disks) {
    all.push_back(disk.hashes.size());
    all.insert(all.end(), disk.hashes.begin(), disk.hashes.end());
  }
  return all;
}

void write_state(SnapshotWriter& writer, std::span<const std::byte> state) {
  std::vector<std::byte> packed(ZSTD_compressBound(kStatePart));
  for (size_t at = 0; at < state.size(); at += kStatePart) {
    const auto part = state.subspan(at, std::min(kStatePart, state.size() - at));
    writer.add(kState, std::span(packed).first(
                           ZSTD_compress(packed.data(), packed.size(), part.data(), part.size(), 1)));
  }
}

// Why the session's disks do not say what they held at this step; or nothing.
core::Result<> check_disks(Session& session) {
  const bool past = session.replaying() || (session.history() && session.history()->behind());
  if (!past) return core::Ok{};
  for (const DiskConfig& disk : disks_of(session.machine().config()))
    if (!disk.read_only && !disk.snapshot)
      return core::error(ErrorKind::kUsage,
                         "No snapshot of a moment that is past can be made if the run writes to a disk: what "
                         "'{}' held at this step is in no "
                         "file. Disks that are given with ,snapshot or ,ro have none of this.",
                         core::printable(disk.path));
  return core::Ok{};
}

// A section at the front, if it is of this kind.
const SnapshotReader::Section* take(std::span<const SnapshotReader::Section>& sections, SectionKind kind) {
  if (sections.empty() || sections[0].kind != kind) return nullptr;
  const SnapshotReader::Section* const section = sections.data();
  sections = sections.subspan(1);
  return section;
}

}  // namespace

std::string machine_identity(const MachineConfig& config, const BootPlan& boot) {
  MachineConfig named = config;
  const auto leave_folder_out = [](std::string& path) { path.erase(0, path.rfind('/') + 1); };
  for (VirtioConfig& device : named.virtio) leave_folder_out(device.path);
  if (named.port_disk) leave_folder_out(named.port_disk->path);
  return identity_line(named, boot, ClockMode::kVirtual, {});
}

std::string snapshot_identity(const RunOptions& options) {
  if (!options.from) return {};
  return fmt::format(" snapshot={:016x}@{}", options.from->checksum(), options.from->header().step);
}

core::Result<uint64_t> save_snapshot(Session& session, const std::string& path) {
  if (const char* const why = session.machine().why_not_saved())
    return core::error(ErrorKind::kUsage, "No snapshot of this machine can be made: {}.", why);
  if (auto good = check_disks(session); !good) return good.error();
  auto header = header_of(session);
  if (!header) return header.error();
  auto writer = SnapshotWriter::create(path);
  if (!writer) return writer.error();
  (*writer)->add(kHead, bytes_of(head_text(*header)));
  (*writer)->add(kInput, bytes_of(session.feeder().file()));
  const auto hashes = hashes_of(*header);
  (*writer)->add(kDisks, std::as_bytes(std::span(hashes)));
  core::StateWriter state;
  session.serialize_guest(state);
  write_state(**writer, state.data());
  write_ram(**writer, session.machine().ram());
  if (auto done = (*writer)->finish(); !done) return done.error();
  return (*writer)->size();
}

core::Result<std::shared_ptr<const Snapshot>> Snapshot::open(const std::string& path) {
  auto file = SnapshotReader::open(path);
  if (!file) return file.error();
  auto made = std::make_shared<Snapshot>();
  made->file_ = std::move(*file);
  if (auto done = made->read(); !done) return done.error();
  return std::shared_ptr<const Snapshot>(std::move(made));
}

core::Result<> Snapshot::read() {
  Sections sections(file_->sections());
  if (auto done = read_head(sections); !done) return done;
  const SnapshotReader::Section* const input = take(sections, kInput);
  if (!input || input->length > kMostInput || header_.input_left > input->length)
    return file_->damaged("its console input is missing");
  input_ = *input;
  if (auto done = read_disks(sections); !done) return done;
  const auto ram = std::find_if(sections.begin(), sections.end(),
                                [](const auto& section) { return section.kind != kState; });
  state_ = sections.first(static_cast<size_t>(ram - sections.begin()));
  ram_ = sections.subspan(state_.size());
  if (state_.empty()) return file_->damaged("it has no state");
  return core::Ok{};
}

bool Snapshot::head_line(std::string_view name, std::string_view value) {
  if (name == "step") return kept::read_number(value, header_.step);
  if (name == "input-left") return kept::read_number(value, header_.input_left);
  if (name != "time") return kept::read_header_line(header_.made, name, value);
  SnapshotDisk& disk = header_.disks.emplace_back();
  return kept::read_number(kept::next_word(value), disk.seconds) &&
         kept::read_number(kept::next_word(value), disk.nanoseconds) && kept::read_text(value, disk.path);
}

core::Result<> Snapshot::read_head(Sections& sections) {
  const SnapshotReader::Section* const section = take(sections, kHead);
  if (!section) return file_->damaged("it has no head");
  auto bytes = file_->read(*section, kMostHead);
  if (!bytes) return bytes.error();
  std::string_view rest(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::string_view name = kept::next_word(line);
    const bool good = head_line(name, line);
    if (!header_.made.version.empty() && header_.made.version != version())
      return core::error(
          ErrorKind::kUsage,
          "'{}' was made by vitrine {}, and this is {}: another version may make another machine of it.",
          core::printable(path()), core::printable(header_.made.version), version());
    if (!good) return file_->damaged(fmt::format("its head has a line '{}'", core::printable(name, 40)));
  }
  return core::Ok{};
}

core::Result<> Snapshot::read_disks(Sections& sections) {
  const SnapshotReader::Section* const section = take(sections, kDisks);
  if (!section || header_.disks.size() != header_.made.disks.size())
    return file_->damaged("it says nothing of its disks");
  auto bytes = file_->read(*section, kMostHashes);
  if (!bytes) return bytes.error();
  size_t at = 0;
  const auto word = [&](uint64_t& to) {
    if (bytes->size() - at < sizeof to) return false;
    std::memcpy(&to, bytes->data() + at, sizeof to);
    at += sizeof to;
    return true;
  };
  for (size_t i = 0; i < header_.disks.size(); ++i) {
    SnapshotDisk& disk = header_.disks[i];
    disk.size = header_.made.disks[i].size;
    const uint64_t pieces = disk.size / SnapshotDisk::kPiece + (disk.size % SnapshotDisk::kPiece != 0);
    uint64_t count = 0;
    bool good = word(count) && count == pieces && count <= (bytes->size() - at) / sizeof count;
    for (uint64_t piece = 0; good && piece < count; ++piece) good = word(disk.hashes.emplace_back());
    if (!good) return file_->damaged("hashes of its disks are missing");
  }
  return at == bytes->size() ? core::Result<>(core::Ok{}) : file_->damaged("it has hashes of too many disks");
}

core::Result<> Snapshot::check(Session& session, bool disks) const {
  const MachineConfig& config = session.machine().config();
  const auto refused = [this](std::string_view what, std::string_view advice) {
    return core::error(ErrorKind::kUsage, "The machine of '{}' cannot go on: {}.{}", core::printable(path()),
                       what, advice);
  };
  const std::string now = machine_identity(config, session.machine().boot());
  if (const std::string what = identity_difference(header_.made.identity, now); !what.empty())
    return refused(what, "");
  const auto all = disks_of(config);
  if (all.size() != header_.disks.size())
    return file_->damaged("it has another number of disks than its machine");
  for (size_t i = 0; disks && i < all.size(); ++i) {
    const std::string what = disk_difference(header_.disks[i], all[i].path);
    if (what.empty()) continue;
    const bool writes = !all[i].read_only && !all[i].snapshot;
    return refused(what, writes ? " Its guest writes to this disk. If it is given with ,snapshot when the "
                                  "snapshot is made, what the "
                                  "guest writes is in the snapshot, and the file stays as it is."
                                : "");
  }
  return core::Ok{};
}

core::Result<std::vector<std::byte>> Snapshot::state(uint64_t most) const {
  std::vector<std::byte> all, part(kStatePart);
  for (const SnapshotReader::Section& section : state_) {
    auto packed = file_->read(section, ZSTD_compressBound(kStatePart));
    if (!packed) return packed.error();
    const size_t got = ZSTD_decompress(part.data(), part.size(), packed->data(), packed->size());
    if (ZSTD_isError(got)) return file_->damaged("its state cannot be unpacked");
    if (got > most - all.size()) return file_->damaged("its state is too long");
    all.insert(all.end(), part.begin(), part.begin() + static_cast<ptrdiff_t>(got));
  }
  return all;
}

core::Result<> Snapshot::load(Session& session, bool disks) const {
  if (auto good = check(session, disks); !good) return good;
  uint64_t most = kMostState;
  for (const SnapshotDisk& disk : header_.disks) most += disk.size + disk.size / 32;
  auto bytes = state(most);
  if (!bytes) return bytes.error();
  auto input = file_->read(input_, kMostInput);
  if (!input) return input.error();
  if (auto done = load_ram(*file_, ram_, session.machine().ram()); !done) return done;
  session.feeder().set_file({reinterpret_cast<const char*>(input->data()), input->size()});
  core::StateReader reader(*bytes);
  session.serialize_guest(reader);
  if (reader.good() && !reader.at_end()) reader.fail("there is more of it than the machine has");
  if (reader.good() && session.machine().clock().step() != header_.step) reader.fail("it is of another step");
  if (auto done = session.restored(reader); !done) return file_->damaged(done.error().message);
  return core::Ok{};
}

}  // namespace vitrine::app
