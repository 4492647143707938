// SPDX-License-Identifier: MIT
// The event log: a line for each exit and guest trap that was asked for (--log), as text for people or as
// JSON, one object a line. The events come from core/events.h, their words from whoever made them; here they
// get their symbol, their address space and their instruction. A log changes nothing of the run, and does not
// depend on the engine.
#pragma once

#include <memory>
#include <string>

#include "app/event_filter.h"
#include "app/log_file.h"
#include "app/machine.h"
#include "app/processes.h"
#include "app/run_options.h"

namespace vitrine::app {

// What --log and its kin say, checked as far as words can be checked.
core::Result<> check_log_options(const LogOptions& options);
[[nodiscard]] LogFormat log_format(const LogOptions& options);
[[nodiscard]] bool wants_retired(const LogOptions& options);

class EventLog final : public core::EventSink {
 public:
  // Machine, processes and file outlive the log.
  static core::Result<std::unique_ptr<EventLog>> create(const LogOptions& options, Machine& machine,
                                                        const Processes& processes, LogFile& file);
  ~EventLog() override;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void event(const core::Event& event, const core::EventWords& effect) noexcept override;

 private:
  EventLog(Machine& machine, const Processes& processes, LogFile& file)
      : machine_(machine), processes_(processes), file_(file) {}
  [[nodiscard]] std::optional<Process> process_of(const core::Event& event) const {
    return processes_.running(event.place.hart, event.place.satp);
  }
  [[nodiscard]] bool wanted(const core::Event& event) const;
  [[nodiscard]] std::string text_line(const core::Event& event, const std::string& effect) const;
  [[nodiscard]] std::string json_line(const core::Event& event, const std::string& effect) const;

  Machine& machine_;
  const Processes& processes_;
  LogFile& file_;
  EventChoice choice_;
  EventFilter filter_;
  bool json_ = false;
  bool unanswered_ = false;
};

}  // namespace vitrine::app
