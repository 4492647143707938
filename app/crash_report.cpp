// SPDX-License-Identifier: MIT
// Signals of the host, and the report's lines.
#include "app/crash_report.h"

#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <span>

#include "app/diagnosis.h"
#include "app/terminal.h"
#include "core/safe_text.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // gcc
#define VITRINE_SANITIZED true
#elif defined(__has_feature)  // clang
#define VITRINE_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define VITRINE_SANITIZED false
#endif

namespace vitrine::app {
namespace {

using core::SafeText;

// All but the first are left to a sanitizer, which says more about them.
struct FaultRow {
  int signal;
  const char* words;
  bool has_address;
};
constexpr FaultRow kFaults[] = {{SIGABRT, "abort", false},
                                {SIGSEGV, "segmentation fault", true},
                                {SIGBUS, "bus error", true},
                                {SIGILL, "illegal instruction of the host", false},
                                {SIGFPE, "arithmetic fault", false}};
constexpr std::span<const FaultRow> caught() {
  return std::span(kFaults).first(VITRINE_SANITIZED ? 1 : std::size(kFaults));
}

HostFault g_fault;
bool g_faulted = false;
std::string g_command_line;

void note_registers(const void* context) {
#if defined(__x86_64__)
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  g_fault = {static_cast<uint64_t>(registers[REG_RIP]), static_cast<uint64_t>(registers[REG_R15])};
#else
  (void)context;
#endif
  g_faulted = true;
}

void fault(int signal, siginfo_t* info, void* context) {
  restore_terminal();
  for (const FaultRow& row : kFaults)
    std::signal(row.signal, SIG_DFL);  // a second fault, in the report, kills
  note_registers(context);
  for (const FaultRow& row : kFaults) {
    if (row.signal != signal) continue;
    SafeText where;
    if (row.has_address) (where << ", address ").hex(reinterpret_cast<uint64_t>(info->si_addr));
    (where << ", host pc ").hex(g_fault.pc) << std::string_view("\0", 1);
    core::host_fault(row.words, where.text().data());
  }
}

// When the fault is a stack overflow, a handler needs a stack of its own. (A sanitizer has set one up.)
void use_alternate_stack() {
  static std::array<char, 64 << 10> stack;
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  sigaltstack(&alternative, nullptr);
}

void write_command_line(void*) noexcept { core::write_safely(STDERR_FILENO, g_command_line); }

void add_hart(SafeText& text, const riscv::Hart& hart) {
  text << "hart ";
  text.decimal(hart.id) << ", " << privilege_name(hart.privilege) << ", pc ";
  text.hex(hart.pc) << "\n";
}

}  // namespace

const HostFault* host_fault_now() noexcept { return g_faulted ? &g_fault : nullptr; }

void report_crashes(std::string command_line) {
  g_command_line = "  again: " + std::move(command_line) + "\n";
  core::set_failure_report({write_command_line, nullptr});
  if (!VITRINE_SANITIZED) use_alternate_stack();
  struct sigaction action {};
  action.sa_sigaction = fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const FaultRow& row : caught()) sigaction(row.signal, &action, nullptr);
}

CrashReport::CrashReport(Machine& machine, std::string replay, std::string identity)
    : machine_(machine), replay_(std::move(replay)), identity_(std::move(identity)) {
  before_ = core::set_failure_report({write, this});
}

CrashReport::~CrashReport() { core::set_failure_report(before_); }

// In generated code the registers of the hart are the host's, so the hart's own pc and the clock are those of
// where that code was entered; the block says more, and so does the budget, from which the block has been
// paid.
void CrashReport::write(void* self) noexcept {
  const auto& report = *static_cast<CrashReport*>(self);
  restore_terminal();
  Machine& machine = report.machine_;
  const riscv::Hart& running = machine.system().current();
  SafeText text;
  text << "  at step ";
  text.decimal(machine.clock().step()) << ": ";
  add_hart(text, running);
#ifdef VITRINE_HAS_TRANSLATOR
  const HostFault* const fault = host_fault_now();
  const translator::Translator* const translator = machine.translator();
  if (fault && translator && translator->made(fault->pc)) {
    const uint64_t block = translator->block_of(fault->pc);
    text << "  since then in generated code, by now in ";
    if (block != 0)
      (text << "the block of ").hex(block) << ", which ends behind step ";
    else
      text << "what all blocks share, behind step ";
    text.decimal(running.run_end - fault->budget) << "\n";
  }
#endif
  for (unsigned i = 0; i < machine.hart_count(); ++i)
    if (i != running.id) add_hart(text << "  ", machine.hart(i));
  text.write_to(STDERR_FILENO);
  for (const std::string* line : {&report.replay_, &report.identity_}) {
    core::write_safely(STDERR_FILENO, line == &report.replay_ ? "  again: " : "  ");
    core::write_safely(STDERR_FILENO, *line);
    core::write_safely(STDERR_FILENO, "\n");
  }
}

}  // namespace vitrine::app
