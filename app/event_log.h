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
#include "app/run_options.h"

namespace vitrine::app {

// What --log and its kin say, checked as far as words can be checked.
core::Result<> check_log_options(const LogOptions& options);
[[nodiscard]] LogFormat log_format(const LogOptions& options);
[[nodiscard]] bool wants_retired(const LogOptions& options);

class EventLog final : public core::EventSink {
 public:
  // The machine and the file outlive the log.
  static core::Result<std::unique_ptr<EventLog>> create(const LogOptions& options, Machine& machine,
                                                        LogFile& file);
  ~EventLog() override;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void event(const core::Event& event, const core::EventWords& effect) noexcept override;

 private:
  EventLog(Machine& machine, LogFile& file) : machine_(machine), file_(file) {}
  [[nodiscard]] bool wanted(const core::Event& event) const;
  [[nodiscard]] std::string text_line(const core::Event& event, const std::string& effect) const;
  [[nodiscard]] std::string json_line(const core::Event& event, const std::string& effect) const;

  Machine& machine_;
  LogFile& file_;
  EventChoice choice_;
  EventFilter filter_;
  bool json_ = false;
  bool unanswered_ = false;
};

}  // namespace vitrine::app
