// SPDX-License-Identifier: MIT
// Judging.
#include "app/suite_verdict.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "app/outcome.h"
#include "app/suite_console.h"
#include "app/text.h"
#include "core/file.h"
#include "core/json.h"

namespace vitrine::app {
namespace {

using nlohmann::json;
using MaybeJudgement = std::optional<Judgement>;

Judgement fail(std::string reason, std::string words) {
  return {Verdict::kFail, std::move(reason), std::move(words)};
}

std::string first_line(const std::string& text) {
  const size_t begin = std::min(text.find_first_not_of('\n'), text.size());
  std::string line = text.substr(begin, text.find('\n', begin) - begin);
  if (line.starts_with("vitrine: ")) line.erase(0, 9);
  return core::printable(line, 500);
}

// A diagnosis, such as where each hart is, as one line.
std::string joined_lines(const std::string& text) {
  std::string line;
  for (const char c : text)
    if (c != '\n' && (c != ' ' || !line.ends_with(' ')))
      line += c;
    else if (!line.ends_with(' '))
      line += ' ';
  return core::printable(line, 1000);
}

// --- The emulator and the host

MaybeJudgement judge_worker(const WorkerEnd& end, const json& facts) {
  if (end.hung)
    return Judgement{Verdict::kCrashed, "hangs",
                     "the emulator did not end long after its limit of seconds, and was ended"};
  if (WIFSIGNALED(end.status)) {
    const int signal = WTERMSIG(end.status);
    return Judgement{Verdict::kCrashed, "signal",
                     fmt::format("the emulator was ended by signal {} ({}){}", signal, strsignal(signal),
                                 signal == SIGKILL ? ", as the host does when its memory is used up" : "")};
  }
  const int code = WEXITSTATUS(end.status);
  if (code == exit_code::kBugOfOurs)
    return Judgement{Verdict::kCrashed, "bug",
                     end.messages.empty() ? "the emulator found a bug of its own" : first_line(end.messages)};
  if (!facts.is_object()) {
    const bool known =
        code == exit_code::kUsage || code == exit_code::kBadImage || code == exit_code::kMissing;
    return Judgement{
        known ? Verdict::kError : Verdict::kCrashed, known ? "not-run" : "exit",
        known && !end.messages.empty()
            ? first_line(end.messages)
            : fmt::format("the emulator ended with exit code {} and said nothing of its run", code)};
  }
  return std::nullopt;
}

// --- How the run ended

std::string kind_of(const json& facts) { return facts.value("kind", ""); }

MaybeJudgement judge_end(const SuiteTest& test, const json& facts) {
  const std::string kind = kind_of(facts), words = joined_lines(facts.value("words", ""));
  if (kind == "output-gone" && facts.value("code", 0) == EFBIG)
    return fail("endless-output", "the guest printed more than 8 MiB");
  if (kind == "output-gone" || kind == "broken" || kind == "signal" || kind == "quit")
    return Judgement{Verdict::kError, kind, words};
  if (kind == "engines-differ") return Judgement{Verdict::kCrashed, kind, words};
  std::vector<std::string> good = test.ends;
  if (good.empty()) good = {test.end_at.empty() ? "pass" : "end-text"};
  if (std::find(good.begin(), good.end(), kind) != good.end()) return std::nullopt;
  if (kind == "fail")
    return fail("exit-code", fmt::format("the guest reported failure, code {}", facts.value("code", 0u)));
  if (kind == "pass" || kind == "end-text") return fail("end", words + " That is no success of this test");
  return fail(kind, words);
}

MaybeJudgement judge_panic(const SuiteTest& test, const json& facts, const std::vector<std::string>& lines) {
  std::string line = facts.value("panic", "");
  if (line.empty()) line = find_panic(lines, test.panics);
  if (!line.empty()) return fail("panic", "the guest panicked: " + core::printable(line));
  return std::nullopt;
}

MaybeJudgement judge_system_failure(const json& facts) {
  if (kind_of(facts) == "panic") return fail("panic", first_line(facts.value("words", "")));
  return std::nullopt;
}

// --- What the guest claims

MaybeJudgement judge_claim(const ConsoleClaim& claim) {
  if (claim.kind == ConsoleClaim::Kind::kFail) return fail(claim.reason, claim.words);
  if (claim.kind == ConsoleClaim::Kind::kSkip) return Judgement{Verdict::kSkipped, claim.reason, claim.words};
  return std::nullopt;
}

std::string replaced(std::string text, const std::string& nonce) {
  for (size_t at; (at = text.find("{nonce}")) != std::string::npos;) text.replace(at, 7, nonce);
  return text;
}

MaybeJudgement judge_console(const SuiteTest& test, const json& facts,
                             const std::vector<std::string>& lines) {
  if (facts.contains("answers") && facts["answers"].get<size_t>() < test.dialogue.size())
    return fail("dialogue",
                fmt::format("the console never said '{}'", core::printable(facts.value("waits_for", ""))));
  std::vector<std::string> expected;
  for (const std::string& line : test.expect)
    if (!test.trust_host || line.find("{nonce}") != std::string::npos)
      expected.push_back(replaced(line, test.nonce));
  if (std::string missing = missing_line(lines, expected); !missing.empty())
    return fail("console", std::move(missing));
  return std::nullopt;
}

// --- What the host checks

// Hexadecimal digits in the order of addresses, as of a little-endian machine.
std::optional<uint64_t> number_in(const std::string& digits) {
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  std::string turned;
  for (size_t i = digits.size(); i >= 2; i -= 2) turned += digits.substr(i - 2, 2);
  return parse_number("0x" + turned);
}

std::string hex_of(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::optional<uint64_t> value_of(const SuiteRule& rule, const json& facts) {
  const json* at = nullptr;
  switch (rule.kind) {
    case SuiteRule::Kind::kReached: at = &facts["reached"]; break;
    case SuiteRule::Kind::kMemory: at = &facts["memory"]; break;
    case SuiteRule::Kind::kCount: at = &facts["statistics"]; break;
  }
  const bool is_path = rule.kind == SuiteRule::Kind::kCount;
  for (const std::string& key : is_path ? split(rule.what, '/') : std::vector{rule.what}) {
    if (!at->is_object() || !at->contains(key)) return std::nullopt;
    at = &(*at)[key];
  }
  if (at->is_string()) return number_in(at->get<std::string>());
  return at->is_number() ? std::optional(at->get<uint64_t>()) : std::nullopt;
}

std::string subject_of(const SuiteRule& rule) {
  switch (rule.kind) {
    case SuiteRule::Kind::kReached: return fmt::format("pc was at {}", core::printable(rule.what));
    case SuiteRule::Kind::kMemory: return fmt::format("the memory at {} is", core::printable(rule.what));
    case SuiteRule::Kind::kCount: return fmt::format("{} is", core::printable(rule.what));
  }
  return "";
}

// Empty: it holds.
std::string broken_rule(const SuiteRule& rule, const SuiteTest& test, const json& facts) {
  if (rule.text) {
    const json& memory = facts["memory"];
    const std::string there = memory.contains(rule.what) && memory[rule.what].is_string()
                                  ? memory[rule.what].get<std::string>()
                                  : "";
    return there == hex_of(*rule.text)
               ? ""
               : fmt::format("{} not '{}'", subject_of(rule), core::printable(*rule.text));
  }
  const auto value = value_of(rule, facts);
  if (!value)
    return fmt::format("there is no '{}' in this run, so the rule cannot hold", core::printable(rule.what));
  const auto equals = rule.equals_nonce ? parse_number(test.nonce) : rule.equals;
  const char* const times = rule.kind == SuiteRule::Kind::kReached ? " times" : "";
  const auto told = [&](std::string_view how, uint64_t bound) {
    return fmt::format("{} {}{}, and {}{} was asked for", subject_of(rule), *value, times, how, bound);
  };
  if (equals && *value != *equals) return told("", *equals);
  if (rule.at_least && *value < *rule.at_least) return told("at least ", *rule.at_least);
  if (rule.at_most && *value > *rule.at_most) return told("at most ", *rule.at_most);
  return "";
}

MaybeJudgement judge_rules(const SuiteTest& test, const json& facts) {
  for (const SuiteRule& rule : test.rules)
    if (const std::string what = broken_rule(rule, test, facts); !what.empty())
      return fail("rule",
                  rule.says.empty() ? what : fmt::format("{} ({})", core::printable(rule.says), what));
  return std::nullopt;
}

// A reference has a number a line, of any width, its highest digit first.
core::Result<std::string> reference_bytes(const std::string& path) {
  auto file = core::read_file(path, 16 << 20);
  if (!file) return file.error();
  const std::string_view text(reinterpret_cast<const char*>(file->data()), file->size());
  std::string bytes;
  for (std::string line : split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.size() % 2 != 0 || line.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      return core::error(core::ErrorKind::kBadImage,
                         "'{}' is no signature: a line of one is made of hexadecimal digits.",
                         core::printable(path));
    for (size_t i = line.size(); i >= 2; i -= 2) bytes += lower(line.substr(i - 2, 2));
  }
  return bytes;
}

MaybeJudgement judge_signature(const SuiteTest& test, const json& facts) {
  if (test.signature_file.empty()) return std::nullopt;
  auto wanted = reference_bytes(test.signature_file);
  if (!wanted) return Judgement{Verdict::kError, "signature", wanted.error().message};
  if (!facts["signature"].is_string())
    return fail("signature",
                "the guest has no signature: it wants symbols begin_signature and end_signature");
  const std::string there = facts["signature"];
  if (there == *wanted) return std::nullopt;
  const auto [a, b] = std::mismatch(there.begin(), there.end(), wanted->begin(), wanted->end());
  const size_t offset = static_cast<size_t>(a - there.begin()) / 8 * 4;
  const auto word = [offset](const std::string& digits) {
    const auto number = number_in(digits.size() >= 2 * offset + 8 ? digits.substr(2 * offset, 8) : "");
    return number ? fmt::format("{:#010x}", *number) : "nothing";
  };
  return fail("signature", fmt::format("the signature differs at begin_signature+{:#x}: {} instead of {}",
                                       offset, word(there), word(*wanted)));
}

Judgement judge_run(const SuiteTest& test, const WorkerEnd& end, json& facts) {
  if (auto found = judge_worker(end, facts)) return *found;
  const std::vector<std::string> lines = console_lines(end.console);
  if (auto found = judge_panic(test, facts, lines)) return *found;
  const ConsoleClaim exit_line = test.trust_host ? ConsoleClaim{} : claim_of_exit_line(lines);
  // kvm-unit-tests shut down with a "system failure" whenever they did not pass, skipped ones too.
  if (kind_of(facts) == "panic" || kind_of(facts) == "fail")
    if (auto found = judge_claim(exit_line)) return *found;
  if (auto found = judge_system_failure(facts)) return *found;
  if (auto found = judge_end(test, facts)) return *found;
  if (auto found = judge_claim(exit_line)) return *found;
  if (!test.trust_host)
    if (auto found = judge_claim(claim_of_tap(lines))) return *found;
  if (auto found = judge_console(test, facts, lines)) return *found;
  if (auto found = judge_signature(test, facts)) return *found;
  if (auto found = judge_rules(test, facts)) return *found;
  return {};
}

}  // namespace

RunNumbers numbers_of(const WorkerEnd& end) {
  const json facts = core::parse_json(end.facts);
  if (!facts.is_object()) return {};
  return {facts.value("steps", uint64_t{0}), facts.value("guest_seconds", 0.0)};
}

Judgement judge(const SuiteTest& test, const WorkerEnd& end) {
  json facts = core::parse_json(end.facts);
  Judgement found = judge_run(test, end, facts);
  if (test.known_failure.empty()) return found;
  if (found.verdict == Verdict::kFail) {
    found.verdict = Verdict::kExpectedFailure;
    found.words += fmt::format("; known: {}", core::printable(test.known_failure));
  } else if (found.verdict == Verdict::kPass) {
    found = {Verdict::kUnexpectedPass, "unexpected-pass",
             fmt::format("it passed, and is known to fail: {}", core::printable(test.known_failure))};
  }
  return found;
}

}  // namespace vitrine::app
