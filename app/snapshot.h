// SPDX-License-Identifier: MIT
// Snapshots: a machine in a file, at one step of its run, complete. A run that goes on from there is the same
// run: the same states at the same steps, on either engine.
//
//     vitrine run linux --snapshot-at 2000000000:booted    writes it on the way
//     vitrine run booted --input script                    goes on from there
//
// Sections of the file (snapshot_file.h), in this order:
//     head   lines as of a kept run (kept_header.h), and: step N, input-left N, time SECONDS NANOSECONDS (of
//     each disk) inpt   console input that was given as a file, all of it disk   of each disk: how many
//     hashes, and those (snapshot_disks.h) stat   once or more: StateWriter's bytes (core/state.h), as frames
//     of zstd of at most 4 MiB page, ram    RAM (snapshot_ram.h)
//
// Images are not in it. The machine is built from the words of the run that made it, and must be the same
// one: its identity line says so for the images, and the hashes do for the disks. What the guest wrote to a
// disk with `snapshot` is state.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "app/boot.h"
#include "app/kept_run.h"
#include "app/snapshot_disks.h"
#include "app/snapshot_file.h"
#include "core/scheduler.h"

namespace vitrine::app {

class Session;

struct SnapshotHeader {
  KeptHeader made;  // its identity is that of the machine alone (machine_identity())
  core::Step step = 0;
  uint64_t input_left = 0;  // bytes that the guest has not taken yet
  std::vector<SnapshotDisk> disks;
};

// Of a session that stands between two turns. Returns the size of the file.
core::Result<uint64_t> save_snapshot(Session& session, const std::string& path);

class Snapshot {
 public:
  // Refuses what is no snapshot, damaged, or of another version. RAM and state are looked at by load().
  static core::Result<std::shared_ptr<const Snapshot>> open(const std::string& path);

  [[nodiscard]] const SnapshotHeader& header() const { return header_; }
  [[nodiscard]] const std::string& path() const { return file_->path(); }
  [[nodiscard]] uint64_t checksum() const { return file_->checksum(); }

  // The session, which stands at its machine's reset, stands where the other one stood. With `disks`, they
  // must be as they were. An error: the session is good for nothing.
  core::Result<> load(Session& session, bool disks) const;

 private:
  using Sections = std::span<const SnapshotReader::Section>;
  core::Result<> read();
  core::Result<> read_head(Sections& sections);
  core::Result<> read_disks(Sections& sections);
  bool head_line(std::string_view name, std::string_view value);
  core::Result<> check(Session& session, bool disks) const;
  core::Result<std::vector<std::byte>> state(uint64_t most) const;

  std::unique_ptr<SnapshotReader> file_;
  SnapshotHeader header_;
  SnapshotReader::Section input_{};
  Sections state_, ram_;
};

// What a machine is, without its run and the places of its files.
std::string machine_identity(const MachineConfig& config, const BootPlan& boot);
// Of a run that went on from a snapshot: " snapshot=HASH@STEP". Otherwise empty.
std::string snapshot_identity(const RunOptions& options);

}  // namespace vitrine::app
