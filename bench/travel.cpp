// SPDX-License-Identifier: MIT
// What time travel costs, on a kept run: bench/travel builds and runs this and says what it prints.
//   travel_bench RUN ENGINE WHERE    WHERE: a symbol or an address, for going back to the last time that pc was there
#include <fmt/format.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "app/debuggee.h"
#include "app/diagnosis.h"

namespace {

using namespace vitrine;

// Of this thread: the machines of benches are shared.
struct Clock {
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<Clock>;
  static time_point now() {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return time_point(std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec));
  }
};
using core::Step;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

[[noreturn]] void fail(const core::Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  std::exit(1);
}

template <typename T>
T need(core::Result<T> result) {
  if (!result) fail(result.error());
  return std::move(*result);
}

app::KeptRun open_run(const std::string& path) { return need(app::open_kept_run(path)); }

struct Nobody final : core::ByteSink {
  void put(uint8_t) override {}
};

double straight(const std::string& path, app::EngineKind engine) {
  const app::KeptRun run = open_run(path);
  Nobody console;
  auto replay = need(app::Replay::create(run, console, engine));
  const auto begin = Clock::now();
  if (auto done = replay->advance(replay->last_step()); !done) fail(done.error());
  return since(begin);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("travel_bench RUN interpreter|translator WHERE\n", stderr), 2;
  const std::string path = argv[1];
  const app::EngineKind engine = std::string_view(argv[2]) == "interpreter" ? app::EngineKind::kInterpreter : app::kDefaultEngine;
  double forward = 1e9, with = 1e9;
  std::unique_ptr<app::Debuggee> it;
  for (int i = 0; i < 3; ++i) {
    forward = std::min(forward, straight(path, engine));
    it = need(app::Debuggee::of_kept(open_run(path), engine));
    const auto begin = Clock::now();
    need(it->go_to(it->last()));
    with = std::min(with, since(begin));
  }
  debugger::Timeline& timeline = it->control().timeline();
  fmt::print("{} steps of {}; forward {:.2f} s, with checkpoints {:.2f} s: {:.3f} times; {} checkpoints, {:.0f} MiB\n", it->last(), path,
             forward, with, with / forward, timeline.checkpoints().size(), static_cast<double>(timeline.bytes()) / (1 << 20));
  auto begin = Clock::now();
  need(it->go_to(it->last() / 2));
  fmt::print("first jump into the middle: {:.0f} ms\n", 1e3 * since(begin));
  double least = 1e9, most = 0;
  for (int i = 0; i < 50; ++i) {
    begin = Clock::now();
    need(it->step_back(it->current_hart()));
    least = std::min(least, since(begin));
    most = std::max(most, since(begin));
  }
  fmt::print("a step back, once near: {:.1f} to {:.1f} ms\n", 1e3 * least, 1e3 * most);

  const std::string where = argv[3];
  const auto symbol = app::symbol_at(it->machine(), where);
  const uint64_t at = symbol ? *symbol : std::strtoull(where.c_str(), nullptr, 0);
  need(it->go_to(it->last()));
  it->set_stop_points({at}, {});
  begin = Clock::now();
  const debugger::Stop stop = need(it->run_back());
  const double back = since(begin);
  if (stop.kind != debugger::Stop::Kind::kBreak) {
    fmt::print("pc was never at {}\n", where);
    return 1;
  }
  begin = Clock::now();
  it->set_stop_points({}, {});
  need(it->run(it->last()));
  const double again = since(begin);
  fmt::print("back to the last time at {} ({} steps away): {:.0f} ms; forward again {:.0f} ms: {:.2f} times and 100 ms\n", where,
             it->last() - stop.step, 1e3 * back, 1e3 * again, std::max(0.0, back - 0.1) / again);
  return 0;
}
