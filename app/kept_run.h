// SPDX-License-Identifier: MIT
// A kept run: what a run was made of and what the outside did to it, in a small file. From it the run can be made again,
// bit for bit, on either engine.
//
// The file is text that only grows. A run that was killed is kept up to its last line. Each line begins with eight
// hexadecimal digits, which follow from the line and from all lines before it: what was damaged or edited is refused.
//
//   header   format, version, verb, words, folder, date, clock, identity, the snapshot that it began with, standard input if it
//            was a file, disks; then `begin`
//   records  p STEP TICKS EVENTS TURN [b BYTES] [m TICKS] [s]    what came in during a call of World::poll
//            i STEP TICKS EVENTS TURN [b BYTES] [m TICKS] [s]    the same of World::idle, which answered m
//            at STEP                                             the run came this far
//            p STEP TICKS EVENTS TURN r HART NUMBER VALUE | w ADDRESS BYTES   a debugger wrote a register, bytes of RAM (poke.h)
//            r DISK BLOCK HASH...         blocks that are read for the first time, and what was in them
//            w DISK BLOCK COUNT BYTES     blocks that are overwritten for the first time (kept_disks.h); z: they were zero
//   end      full STEP             there was too much, or a disk of the host failed: from here on nothing is kept
//            hash HASH             the machine's state at its end, of a recording
//            end STEP KIND CODE WORDS
//
// A recording (--record), once its run has ended, is that text as one frame of zstd with a checksum.
//
// A record's first four words are its key: they name one call of the world exactly, whatever the engine, since no engine
// decides when time moves or an event runs. The words b, m, s: bytes of live input, the clock moved, the run was stopped.
// BYTES of blocks are zstd's, in base64. Next: kept_world.h (who writes and plays records), replay.h (a kept run as a session).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "app/outcome.h"
#include "app/poke.h"
#include "app/run_options.h"
#include "core/result.h"
#include "core/scheduler.h"

namespace vitrine::app {

struct KeptKey {
  core::Step step = 0;
  core::Ticks ticks = 0;
  uint64_t events = 0;  // that the scheduler has run
  uint64_t turn = 0;    // 0: no hart has the turn; otherwise its number + 1
  friend bool operator==(const KeptKey&, const KeptKey&) = default;
};

struct KeptRecord {
  bool idle = false;  // of World::idle; otherwise of World::poll
  KeptKey key;
  std::string bytes;
  std::optional<core::Ticks> moved_to;
  bool stop = false;
  std::optional<Poke> poke = std::nullopt;
};

struct KeptDiskHeader {
  std::string path;
  uint64_t sectors = 0, size = 0;  // of the image, when the run began; size: bytes
};

// The run went on from there (snapshot.h).
struct KeptSnapshot {
  std::string path;
  uint64_t checksum = 0;
};

struct KeptHeader {
  std::string version;
  KeptWords words;
  std::string folder;
  int64_t date = 0;  // of the machine at reset: `now` is another one each time
  ClockMode clock = ClockMode::kVirtual;
  std::string identity;
  std::optional<KeptSnapshot> snapshot;
  enum class Input { kNone, kFile, kTooLong } input_kind = Input::kNone;
  std::string input;  // the bytes of a file that was console input
  std::vector<KeptDiskHeader> disks;
};

inline constexpr uint64_t kKeptBlock = 4096;
inline constexpr uint64_t kMaxKeptPiece = 256;  // blocks in a row

struct KeptPiece {
  uint64_t first = 0, count = 0;  // blocks
  std::string packed;             // empty: all zero
};
// Of one disk: what stood there when the run began.
struct KeptDisk {
  std::unordered_map<uint64_t, uint64_t> hashes;  // of blocks that were read
  std::map<uint64_t, KeptPiece> pieces;           // of those that were overwritten, by their first block
  // The one that a block is in, or nullptr.
  [[nodiscard]] const KeptPiece* overwritten(uint64_t block) const;
};
// False: it is damaged. What is missing of the last block of a disk may be missing there.
bool unpack_kept(const KeptPiece& piece, std::vector<uint8_t>& bytes);

struct KeptEnd {
  core::Step step = 0;
  Outcome outcome{};
  std::optional<uint64_t> state_hash;
};

struct KeptRun {
  KeptHeader header;
  std::vector<KeptRecord> records;
  std::vector<KeptDisk> disks;        // as many as in the header
  core::Step reached = 0;             // the last step that is known
  std::optional<core::Step> full_at;  // nothing is kept from there on
  std::optional<KeptEnd> end;         // none: the run was killed, or still runs
};

inline constexpr uint64_t kMaxKeptInput = 4 << 20;
inline constexpr uint64_t kMaxKeptRecords = 8 << 20;
inline constexpr uint64_t kMaxKeptDisks = 128 << 20;  // bytes of the file
inline constexpr uint64_t kMaxKeptFile = (64 << 20) + kMaxKeptDisks;  // an input of 4 MiB, each byte escaped, and all records

// Does it begin as such a file does? False, too, if it cannot be read.
bool looks_like_kept_run(const std::string& path);
// Reads a file that may hold anything.
core::Result<KeptRun> read_kept_run(const std::string& path);
// The same of the last run, if `path` is empty; says what to do if there is none.
core::Result<KeptRun> open_kept_run(const std::string& path);
core::Result<KeptRun> parse_kept_run(std::string_view text, const std::string& name);

// Puts the file into its form for giving away. It holds the run in one form or the other at any moment.
core::Result<> pack_recording(const std::string& path);

// Where the last run is kept: in $XDG_STATE_HOME/vitrine or ~/.local/state/vitrine. Empty: nowhere.
std::string last_run_path();

// Writes such a file. Nothing here fails aloud: a run that cannot be kept is run all the same.
class KeptRunWriter {
 public:
  // Written beside `path` and then given its name, so that two runs at a time do not spoil each other's file.
  KeptRunWriter(const std::string& path, const KeptHeader& header);
  ~KeptRunWriter();
  KeptRunWriter(const KeptRunWriter&) = delete;
  KeptRunWriter& operator=(const KeptRunWriter&) = delete;

  void record(const KeptRecord& record);
  void reached(core::Step step);
  // Of a disk, before the run goes on: blocks from `first` on. False: they are not kept, since there is no more room.
  void disk_read(unsigned disk, uint64_t first, std::span<const uint64_t> hashes);
  [[nodiscard]] bool disk_overwritten(unsigned disk, uint64_t first, std::span<const uint8_t> bytes);
  // What comes from here on is not kept.
  void end_of_knowledge(core::Step step);
  // state_hash: of a recording.
  void end(core::Step step, const Outcome& outcome, std::optional<uint64_t> state_hash = std::nullopt);
  // Something is still kept.
  [[nodiscard]] bool open() const { return fd_ >= 0 && !full_; }
  // Why the file could not be written; empty: it was.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void open_file(const std::string& path);
  void write_header(const KeptHeader& header);
  void line(std::string_view text);
  void put_out();
  void give_up(const char* what);

  int fd_ = -1;
  std::string temporary_;
  uint64_t hash_ = 0;
  uint64_t size_ = 0;  // of all records
  uint64_t disk_size_ = 0;
  bool full_ = false;
  std::string pending_;
  std::string problem_;
};

}  // namespace vitrine::app
