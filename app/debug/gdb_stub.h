// SPDX-License-Identifier: MIT
// gdb's remote protocol, as commands: what a packet asks of a run and its machine, and the answer. The harts are threads of one
// process. Bytes: gdb_packets.h; registers: gdb_target.h; sockets: gdb_listener.h.
// "Debugging with GDB", appendix E, "Remote Serial Protocol".
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "app/debug/state.h"

namespace vitrine::app::gdb {

class Stub {
 public:
  struct Options {
    bool report_exit = false;  // the guest's end is the program's (QEMU); false: it is a moment like others
  };
  // `debuggee` outlives this. `send` takes the data of a packet.
  using Send = std::function<void(std::string_view data)>;
  Stub(Debuggee& debuggee, Send send, const Options& options) : debuggee_(debuggee), send_(std::move(send)), options_(options) {}

  // Answers a packet. A motion has ended when this returns.
  void handle(std::string_view packet);
  // Whoever is connected is another one.
  void begin();
  // It is gone: nothing stops for it any more.
  void end();
  // An interrupt came during the present motion.
  void interrupted() { debuggee_.interrupt(); }

  // What is to be done by whoever runs this.
  enum class Wish : uint8_t { kNone, kDetach, kKill, kExit };
  [[nodiscard]] Wish wish() const { return wish_; }
  // A motion forwards was asked for, ever.
  [[nodiscard]] bool went_on() const { return went_on_; }
  // The guest's end was told.
  [[nodiscard]] std::optional<Outcome> told_end() const { return told_end_; }

 private:
  enum class Motion : uint8_t { kRun, kStep, kRunBack, kStepBack };
  using Handler = void (Stub::*)(std::string_view arguments);
  struct Row {
    std::string_view name;
    Handler handler;
  };
  static const Row kRows[];

  // Queries, and what a session begins with.
  void supported(std::string_view features);
  void no_acks(std::string_view);
  void attached(std::string_view);
  void current_thread(std::string_view);
  void first_threads(std::string_view);
  void more_threads(std::string_view);
  void thread_text(std::string_view thread);
  void transfer_features(std::string_view arguments);
  void transfer_map(std::string_view arguments);
  void symbols(std::string_view);
  void step_bits(std::string_view);
  void step_mask(std::string_view);
  void set_step_mask(std::string_view mask);
  void physical_mode(std::string_view);
  void set_physical_mode(std::string_view mode);
  void monitor(std::string_view command);
  void continue_actions(std::string_view);
  void attach(std::string_view);
  void kill_process(std::string_view);
  void extended(std::string_view);
  void why_stopped(std::string_view);
  void select_thread(std::string_view thread);
  void thread_alive(std::string_view thread);
  // Registers and memory.
  void read_registers(std::string_view);
  void write_registers(std::string_view values);
  void read_register(std::string_view number);
  void write_register(std::string_view assignment);
  void read_memory(std::string_view range);
  void write_memory(std::string_view assignment);
  void write_memory_binary(std::string_view assignment);
  // Stop points.
  void insert(std::string_view point) { change_points(point, true); }
  void remove(std::string_view point) { change_points(point, false); }
  void change_points(std::string_view point, bool in);
  // Motion and the end of it.
  void go(std::string_view);
  void go_with_signal(std::string_view);
  void step(std::string_view);
  void step_with_signal(std::string_view);
  void go_verbosely(std::string_view actions);
  void step_back(std::string_view);
  void go_back(std::string_view);
  void detach(std::string_view);
  void kill(std::string_view);
  void restart(std::string_view);

  void answer(std::string_view text) { send_(text); }
  void ok() { send_("OK"); }
  void refuse(std::string_view why);
  void transfer(std::string_view range, const std::string& document);
  void move(Motion motion, unsigned hart);
  std::string go_to(core::Step step);
  void apply_points(Motion motion);
  [[nodiscard]] bool is_passed(Motion motion, unsigned hart) const;
  void jump(std::string_view address);
  void tell(const debugger::Stop& stop);
  void say(std::string_view text);
  void poke(unsigned hart, uint64_t at, std::string_view bytes);
  [[nodiscard]] std::string stop_text(const debugger::Stop& stop, unsigned hart) const;
  [[nodiscard]] std::string watch_text(const debugger::Stop& stop) const;
  [[nodiscard]] std::string thread_name(unsigned hart) const;
  // "p1.2", "2", "-1"; nullopt: there is no such hart.
  struct Thread {
    bool any = false;  // 0 or all
    unsigned hart = 0;
  };
  [[nodiscard]] std::optional<Thread> thread_of(std::string_view text) const;

  Debuggee& debuggee_;
  Send send_;
  Options options_;
  Wish wish_ = Wish::kNone;
  bool went_on_ = false, multiprocess_ = false, knows_swbreak_ = false, knows_hwbreak_ = false, physical_ = false;
  unsigned hart_ = 0, step_hart_ = 0;  // selected for registers and memory, and for plain `s`
  std::string last_stop_;
  std::optional<Outcome> told_end_;
  struct Point {
    unsigned type;
    uint64_t at, size;
    friend auto operator<=>(const Point&, const Point&) = default;
  };
  std::set<Point> points_;
  std::unique_ptr<debug::State> verbs_;  // of `monitor`, once it was used
  struct Passed {
    bool backwards;
    unsigned hart;
  };
  std::optional<Passed> passed_;  // the last stop was an access, which lies behind
};

}  // namespace vitrine::app::gdb
