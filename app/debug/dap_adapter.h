// SPDX-License-Identifier: MIT
// The Debug Adapter Protocol, as requests: what a client asks of a run and its machine, and the answer. The harts are threads,
// numbered from 1 on. All of it is done over app/debug/state.h, as in the terminal. Bytes and the reading thread: dap_channel.h.
// "Debug Adapter Protocol", specification. Next: dap_session.cpp (beginning and end), dap_motion.cpp, dap_points.cpp (stop points),
// dap_state.cpp (frames and values), dap_memory.cpp.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/debug/dap_channel.h"
#include "app/debug/dap_console.h"
#include "app/debug/motion.h"
#include "app/debug/state.h"
#include "app/program.h"
#include "core/image.h"

namespace vitrine::app::dap {

class Adapter {
 public:
  // `program` is for messages and for kept runs.
  Adapter(Program program, Channel& channel) : program_(std::move(program)), channel_(channel) {}
  ~Adapter();

  // Until the client is done. The exit code: 0, or 1 if its stream made no sense.
  int run();

 private:
  // The body, or what is told to the user.
  using Answer = core::Result<Json>;
  using Handler = Answer (Adapter::*)(const Json& arguments);
  // When a request can be answered: ever; once there is a run; while it stands.
  enum class When : uint8_t { kEver, kRun, kStanding };
  struct Row {
    std::string_view name;
    When when;
    Handler handler;
  };
  static const Row kRows[];
  static const Row* row_of(std::string_view name);

  // --- The session
  Answer initialize(const Json&);
  Answer launch(const Json&);
  Answer attach(const Json&);
  Answer configuration_done(const Json&);
  Answer terminate(const Json&);
  Answer disconnect(const Json&);
  Answer threads(const Json&);
  Answer loaded_sources(const Json&);
  Answer source(const Json&);
  // --- Motion
  Answer go_on(const Json&);
  Answer next(const Json&);
  Answer step_in(const Json&);
  Answer step_out(const Json&);
  Answer step_back(const Json&);
  Answer go_back(const Json&);
  Answer pause(const Json&);
  Answer exception_info(const Json&);
  // --- Stop points
  Answer set_breakpoints(const Json&);
  Answer set_function_breakpoints(const Json&);
  Answer set_instruction_breakpoints(const Json&);
  Answer set_data_breakpoints(const Json&);
  Answer set_exception_breakpoints(const Json&);
  Answer data_breakpoint_info(const Json&);
  Answer breakpoint_locations(const Json&);
  // --- Frames and values
  Answer stack_trace(const Json&);
  Answer scopes(const Json&);
  Answer variables(const Json&);
  Answer set_variable(const Json&);
  Answer evaluate(const Json&);
  Answer obey(const std::string& line);
  Answer completions(const Json&);
  // --- Memory
  Answer disassemble(const Json&);
  Answer read_memory(const Json&);
  Answer write_memory(const Json&);

  void handle(const Json& message);
  Answer answer_of(const Row& row, const Json& arguments);
  Answer begin(const std::vector<std::string>& words, const Json& arguments);
  core::Result<> open_symbols(const std::vector<std::string>& files);
  void end_run();
  void say(std::string_view text, std::string_view category = "console");
  // The guest's output since the last time, of a kept run.
  void tell_console();

  enum class Motion : uint8_t { kRun, kNext, kStepIn, kStepOut, kStepBack, kRunBack };
  struct Wish {
    Motion motion;
    unsigned hart;
    bool line;  // statements, not instructions
  };
  Answer want(Motion motion, const Json& arguments);
  void move(const Wish& wish);
  core::Result<debugger::Stop> moved(const Wish& wish);
  core::Result<debugger::Stop> line_on(unsigned hart, bool into);
  core::Result<debugger::Stop> line_back(unsigned hart);
  core::Result<debugger::Stop> back_over(unsigned hart);
  bool look_in();
  void tell_stop(const debugger::Stop& stop, const Wish& wish);
  void tell_standing(std::string_view reason, const std::string& description);
  [[nodiscard]] bool stands() const { return !moving_; }

  using Numbers = std::vector<unsigned>;
  Json add_point(debug::StopPoint point, const std::vector<uint64_t>& places, Numbers& numbers);
  Json refuse_point(const std::string& why, Numbers& numbers);
  void forget_points(const std::string& of);
  [[nodiscard]] Numbers hit_points(const debugger::Stop& stop) const;
  [[nodiscard]] std::string_view reason_of(const debugger::Stop& stop, const Numbers& hit) const;

  // A break point by names or lines of a program is for that program, and other ones may have its addresses.
  [[nodiscard]] bool is_meant(const debugger::Stop& stop) const;
  // With the path that a file has here, if it can be found.
  [[nodiscard]] Json source_json(const std::string& file) const;
  [[nodiscard]] std::string path_here(const std::string& file) const;
  core::Result<unsigned> hart_of(const Json& arguments) const;

  [[nodiscard]] debug::State& state() const { return *state_; }
  Machine& machine() { return debuggee_->machine(); }

  Program program_;
  Channel& channel_;
  std::unique_ptr<ConsolePipe> console_;
  std::unique_ptr<Debuggee> debuggee_;
  std::unique_ptr<debug::State> state_;
  int input_ = -1;
  bool initialized_ = false, over_ = false;
  bool stop_on_entry_ = false, configured_ = false;
  bool lines_from_1_ = true, columns_from_1_ = true;
  bool moving_ = false, pause_wanted_ = false;
  bool broken_ = false;    // the run is none any more
  size_t told_bytes_ = 0;  // of the console of a kept run
  unsigned focus_ = 0;     // the hart that stopped
  std::optional<Wish> wish_;
  std::function<void()> afterwards_;       // what comes behind the present response
  std::map<std::string, Numbers> points_;  // numbers of stop points, by what the client calls their kind
  std::optional<debugger::Stop> last_stop_;
  std::string last_words_;
  Json farewell_;  // the last response
  std::vector<core::Image> programs_;                 // that the guest loads itself
  mutable std::map<std::string, std::string> paths_;  // of source files, by their names in the programs
  int exit_code_ = 0;
};

// A hart is looked at, as long as this lives: verbs and names of registers are about it.
class Look {
 public:
  Look(debug::State& state, unsigned hart) : state_(state), before_(state.chosen) { state.chosen = hart; }
  ~Look() { state_.chosen = before_; }
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;

 private:
  debug::State& state_;
  std::optional<unsigned> before_;
};

// --- Arguments, which may be anything. Absent and of another type is the same.
std::string text_of(const Json& object, const char* key);
std::vector<std::string> texts_of(const Json& object, const char* key);
std::optional<int64_t> number_of(const Json& object, const char* key);
bool flag_of(const Json& object, const char* key, bool otherwise = false);
const Json& member(const Json& object, const char* key);  // or null
core::Error missing(std::string_view request, std::string_view key);

std::string hex(uint64_t value);

}  // namespace vitrine::app::dap
