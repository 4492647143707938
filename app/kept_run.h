// SPDX-License-Identifier: MIT
// A kept run: what a run was made of and what the outside did to it, in a small file. From it the run can be made again,
// bit for bit, on either engine.
//
// The file is text that only grows. A run that was killed is kept up to its last line. Each line begins with eight
// hexadecimal digits, which follow from the line and from all lines before it: what was damaged or edited is refused.
//
//   header   format, version, verb, words, folder, date, clock, identity, standard input if it was a file; then `begin`
//   records  p STEP TICKS EVENTS TURN [b BYTES] [m TICKS] [s]    what came in during a call of World::poll
//            i STEP TICKS EVENTS TURN [b BYTES] [m TICKS] [s]    the same of World::idle, which answered m
//            at STEP                                             the run came this far
//   end      full STEP             there were too many records: from here on nothing is kept
//            end STEP KIND CODE WORDS
//
// A record's first four words are its key: they name one call of the world exactly, whatever the engine, since no engine
// decides when time moves or an event runs. The words b, m, s: bytes of live input, the clock moved, the run was stopped.
// Next: kept_world.h (who writes and plays records), replay.h (a kept run as a session).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/outcome.h"
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
};

struct KeptHeader {
  std::string version;
  KeptWords words;
  std::string folder;
  int64_t date = 0;  // of the machine at reset: `now` is another one each time
  ClockMode clock = ClockMode::kVirtual;
  std::string identity;
  enum class Input { kNone, kFile, kTooLong } input_kind = Input::kNone;
  std::string input;  // the bytes of a file that was console input
};

struct KeptEnd {
  core::Step step = 0;
  Outcome outcome{};
};

struct KeptRun {
  KeptHeader header;
  std::vector<KeptRecord> records;
  core::Step reached = 0;             // the last step that is known
  std::optional<core::Step> full_at;  // nothing is kept from there on
  std::optional<KeptEnd> end;         // none: the run was killed, or still runs
};

inline constexpr uint64_t kMaxKeptInput = 4 << 20;
inline constexpr uint64_t kMaxKeptRecords = 8 << 20;

// Reads a file that may hold anything.
core::Result<KeptRun> read_kept_run(const std::string& path);
core::Result<KeptRun> parse_kept_run(std::string_view text, const std::string& name);

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
  void end(core::Step step, const Outcome& outcome);
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
  bool full_ = false;
  std::string pending_;
  std::string problem_;
};

}  // namespace vitrine::app
