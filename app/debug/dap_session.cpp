// SPDX-License-Identifier: MIT
// The table of requests, and those that are about the session itself.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/debug/begin.h"
#include "app/debug/dap_adapter.h"
#include "app/diagnosis.h"
#include "app/text.h"
#include "core/file.h"
#include "core/image.h"

namespace vitrine::app::dap {

using core::ErrorKind;

const Adapter::Row Adapter::kRows[] = {
    {"initialize", When::kEver, &Adapter::initialize},
    {"launch", When::kEver, &Adapter::launch},
    {"attach", When::kEver, &Adapter::attach},
    {"configurationDone", When::kRun, &Adapter::configuration_done},
    {"terminate", When::kEver, &Adapter::terminate},
    {"disconnect", When::kEver, &Adapter::disconnect},
    {"threads", When::kEver, &Adapter::threads},
    {"loadedSources", When::kRun, &Adapter::loaded_sources},
    {"source", When::kRun, &Adapter::source},
    {"continue", When::kStanding, &Adapter::go_on},
    {"next", When::kStanding, &Adapter::next},
    {"stepIn", When::kStanding, &Adapter::step_in},
    {"stepOut", When::kStanding, &Adapter::step_out},
    {"stepBack", When::kStanding, &Adapter::step_back},
    {"reverseContinue", When::kStanding, &Adapter::go_back},
    {"pause", When::kRun, &Adapter::pause},
    {"exceptionInfo", When::kStanding, &Adapter::exception_info},
    {"setBreakpoints", When::kRun, &Adapter::set_breakpoints},
    {"setFunctionBreakpoints", When::kRun, &Adapter::set_function_breakpoints},
    {"setInstructionBreakpoints", When::kRun, &Adapter::set_instruction_breakpoints},
    {"setDataBreakpoints", When::kRun, &Adapter::set_data_breakpoints},
    {"setExceptionBreakpoints", When::kRun, &Adapter::set_exception_breakpoints},
    {"dataBreakpointInfo", When::kStanding, &Adapter::data_breakpoint_info},
    {"breakpointLocations", When::kRun, &Adapter::breakpoint_locations},
    {"stackTrace", When::kStanding, &Adapter::stack_trace},
    {"scopes", When::kStanding, &Adapter::scopes},
    {"variables", When::kStanding, &Adapter::variables},
    {"setVariable", When::kStanding, &Adapter::set_variable},
    {"evaluate", When::kRun, &Adapter::evaluate},
    {"completions", When::kStanding, &Adapter::completions},
    {"disassemble", When::kStanding, &Adapter::disassemble},
    {"readMemory", When::kStanding, &Adapter::read_memory},
    {"writeMemory", When::kStanding, &Adapter::write_memory},
};

const Adapter::Row* Adapter::row_of(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return &row;
  return nullptr;
}

Adapter::~Adapter() { end_run(); }

int Adapter::run() {
  while (!over_) {
    const Channel::Word word = channel_.next();
    if (word.end) {
      if (word.problem.empty()) break;
      say(fmt::format("What the client sends makes no sense any more: {}.\n", word.problem), "important");
      exit_code_ = 1;
      break;
    }
    handle(word.message);
    if (wish_) move(*std::exchange(wish_, std::nullopt));
  }
  end_run();  // then it is kept: editors kill an adapter that has answered
  if (!farewell_.is_null()) channel_.send(std::move(farewell_));
  return exit_code_;
}

// The machine ends before its console.
void Adapter::end_run() {
  state_.reset();
  debuggee_.reset();
  console_.reset();
}

// --- Requests

void Adapter::handle(const Json& message) {
  if (!message.is_object()) return say("A message came that is no JSON object; nothing was done.\n", "important");
  if (text_of(message, "type") != "request") return;
  const std::string command = text_of(message, "command");
  Json response = {{"type", "response"}, {"request_seq", number_of(message, "seq").value_or(0)}, {"command", command}};
  const Row* const row = row_of(command);
  const Answer answer = row ? answer_of(*row, member(message, "arguments"))
                            : Answer(core::error(ErrorKind::kUsage, "There is no request '{}' here.", core::printable(command)));
  response["success"] = answer.ok();
  if (answer) {
    if (!answer.value().is_null()) response["body"] = answer.value();
  } else {
    const std::string& words = answer.error().message;
    response["message"] = words;
    response["body"]["error"] = {{"id", 1}, {"format", "{words}"}, {"variables", {{"words", words}}}, {"showUser", true}};
  }
  if (over_) {
    farewell_ = std::move(response);
    return;
  }
  channel_.send(std::move(response));
  if (afterwards_) std::exchange(afterwards_, {})();
}

Adapter::Answer Adapter::answer_of(const Row& row, const Json& arguments) {
  if (row.when != When::kEver && (!debuggee_ || broken_))
    return core::error(ErrorKind::kUsage, "{}: there is no run{}.", row.name,
                       broken_ ? " any more" : " yet: launch or attach first");
  if (row.when == When::kStanding && moving_)
    return core::error(ErrorKind::kUsage, "{}: the machine is moving; pause it first.", row.name);
  return (this->*row.handler)(arguments);
}

Adapter::Answer Adapter::initialize(const Json& arguments) {
  if (std::exchange(initialized_, true)) return core::error(ErrorKind::kUsage, "initialize: that was done already.");
  lines_from_1_ = flag_of(arguments, "linesStartAt1", true);
  columns_from_1_ = flag_of(arguments, "columnsStartAt1", true);
  Json filters = Json::array();
  for (const core::EventRow& row : core::event_rows()) {
    if (row.column == core::EventColumn::kCounter) continue;
    filters.push_back({{"filter", std::string(row.name)},
                       {"label", debug::event_name_text(row.kind)},
                       {"description", std::string(row.sentence)},
                       {"default", false}});
  }
  Json can = {{"exceptionBreakpointFilters", filters}};
  for (const char* const what :
       {"supportsConfigurationDoneRequest", "supportsFunctionBreakpoints", "supportsEvaluateForHovers", "supportsStepBack",
        "supportsSetVariable", "supportsSteppingGranularity", "supportsInstructionBreakpoints", "supportsDataBreakpoints",
        "supportsDataBreakpointBytes", "supportsReadMemoryRequest", "supportsWriteMemoryRequest", "supportsDisassembleRequest",
        "supportsTerminateRequest", "supportsLoadedSourcesRequest", "supportsExceptionInfoRequest",
        "supportsExceptionFilterOptions", "supportsBreakpointLocationsRequest", "supportsDelayedStackTraceLoading",
        "supportsCompletionsRequest"})
    can[what] = true;
  return can;
}

Adapter::Answer Adapter::launch(const Json& arguments) {
  std::vector<std::string> words;
  std::string guest = text_of(arguments, "guest");
  if (guest.empty()) guest = text_of(arguments, "program");
  const Json& run = member(arguments, "run");
  if (!guest.empty() && !run.is_null())
    return core::error(ErrorKind::kUsage, "launch: 'guest' is a new run and 'run' a kept one; there is one of both.");
  if (!guest.empty()) words.push_back(guest);
  if (const std::string file = text_of(arguments, "run"); !file.empty()) words.push_back(file);
  for (std::string& word : texts_of(arguments, "arguments")) words.push_back(std::move(word));
  if (words.empty() && run.is_null())
    return core::error(
        ErrorKind::kUsage,
        "launch: it wants 'guest' (teach, linux, a kernel's file), or 'run' (a kept run's file, or true: the last run).");
  return begin(words, arguments);
}

Adapter::Answer Adapter::attach(const Json& arguments) {
  std::vector<std::string> words;
  if (const std::string file = text_of(arguments, "run"); !file.empty()) words.push_back(file);
  if (const std::string engine = text_of(arguments, "engine"); !engine.empty()) words.insert(words.end(), {"--engine", engine});
  return begin(words, arguments);
}

// Files are named from where the client is: making a run again goes to the folder of that run.
Adapter::Answer Adapter::begin(const std::vector<std::string>& words, const Json& arguments) {
  if (!initialized_) return core::error(ErrorKind::kUsage, "The client has to initialize first.");
  if (debuggee_) return core::error(ErrorKind::kUsage, "There is a run already; a session has one.");
  if (const std::string folder = text_of(arguments, "cwd"); !folder.empty() && chdir(folder.c_str()) != 0)
    return core::error(ErrorKind::kMissing, "cwd: '{}': {}.", core::printable(folder), strerror(errno));
  std::vector<std::string> symbols;
  for (const std::string& file : texts_of(arguments, "symbols")) symbols.push_back(std::filesystem::absolute(file));
  auto console = ConsolePipe::open([this](std::string text) { say(text, "stdout"); });
  if (!console) return console.error();
  debug::Beginning beginning;
  beginning.console = (*console)->writer();
  program_.words = {"debug"};
  program_.words.insert(program_.words.end(), words.begin(), words.end());
  auto debuggee = debug::begin(program_, words, beginning);
  if (!debuggee) return debuggee.error();
  console_ = std::move(*console);
  debuggee_ = std::move(*debuggee);
  state_ = std::make_unique<debug::State>(*debuggee_);
  state_->input = beginning.input;
  state_->folder = beginning.folder;
  state_->prompted = true;  // the client shows where it stands
  state_->look_in = [this] { return look_in(); };
  state_->is_meant = [this](const debugger::Stop& stop) { return is_meant(stop); };
  if (auto done = open_symbols(symbols); !done) return end_run(), done.error();
  stop_on_entry_ = flag_of(arguments, "stopOnEntry", !debuggee_->live());
  afterwards_ = [this] { channel_.event("initialized", Json::object()); };
  return Json();
}

core::Result<> Adapter::open_symbols(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    auto image = core::read_image(file, core::ImageUse::kKernel);
    if (!image) return image.error();
    if (image->symbols.empty()) say(fmt::format("'{}' has no symbols.\n", core::printable(file)));
    machine().add_symbols(std::move(image->symbols));
    state_->open_lines(file);
    programs_.push_back(std::move(*image));
  }
  return core::Ok{};
}

Adapter::Answer Adapter::configuration_done(const Json&) {
  if (std::exchange(configured_, true)) return core::error(ErrorKind::kUsage, "configurationDone: that was done already.");
  afterwards_ = [this] {
    for (unsigned hart = 0; hart < machine().hart_count(); ++hart)
      channel_.event("thread", {{"reason", "started"}, {"threadId", hart + 1}});
    focus_ = debuggee_->current_hart();
    if (stop_on_entry_) return tell_standing("entry", "The run begins");
    channel_.event("continued", {{"threadId", focus_ + 1}, {"allThreadsContinued", true}});
    wish_ = Wish{Motion::kRun, focus_, false};
  };
  return Json();
}

Adapter::Answer Adapter::terminate(const Json&) {
  pause_wanted_ = true;
  afterwards_ = [this] {
    if (debuggee_ && debuggee_->outcome()) channel_.event("exited", {{"exitCode", exit_code_of(*debuggee_->outcome())}});
    broken_ = true;
    channel_.event("terminated", Json::object());
  };
  return Json();
}

Adapter::Answer Adapter::disconnect(const Json&) {
  over_ = true;
  return Json();
}

Adapter::Answer Adapter::threads(const Json&) {
  Json all = Json::array();
  for (unsigned i = 0; debuggee_ && i < machine().hart_count(); ++i) {
    const riscv::Hart& hart = machine().hart(i);
    std::string name = fmt::format("hart {}", i);
    if (stands())
      name += hart.stopped ? ": not started" : fmt::format(": {}{}", privilege_name(hart.privilege), hart.waiting ? ", waits" : "");
    all.push_back({{"id", i + 1}, {"name", name}});
  }
  return Json{{"threads", all}};
}

// --- Source text

Json Adapter::source_json(const std::string& file) const {
  const std::string path = path_here(file);
  return {{"name", std::filesystem::path(path).filename().string()}, {"path", path}};
}

// Where the compiler had it; or, if that is not here, where the client has said that it is, or below the folder that files are named from.
std::string Adapter::path_here(const std::string& file) const {
  namespace fs = std::filesystem;
  const auto [known, fresh] = paths_.try_emplace(file, file);
  std::error_code problem;
  if (!fresh || (fs::path(file).is_absolute() && fs::exists(file, problem))) return known->second;
  const fs::path path = fs::path(file).relative_path();
  for (auto part = path.begin(); part != path.end(); ++part) {
    fs::path tail = state().folder;
    for (auto rest = part; rest != path.end(); ++rest) tail /= *rest;
    if (!fs::is_regular_file(tail, problem)) continue;
    known->second = tail.string();
    break;
  }
  return known->second;
}

Adapter::Answer Adapter::loaded_sources(const Json&) {
  Json all = Json::array();
  for (const std::string& file : state().lines().files()) all.push_back(source_json(file));
  return Json{{"sources", all}};
}

// Only what the guest's programs were made of is given away.
Adapter::Answer Adapter::source(const Json& arguments) {
  constexpr uint64_t kLargest = 16 << 20;
  const std::string path = text_of(member(arguments, "source"), "path");
  const auto& files = state().lines().files();
  if (std::none_of(files.begin(), files.end(), [&](const std::string& file) { return path_here(file) == path; }))
    return core::error(ErrorKind::kUsage, "source: no program of the guest was made of '{}'.", core::printable(path));
  auto bytes = core::read_file(path, kLargest);
  if (!bytes) return bytes.error();
  return Json{{"content", std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size())}};
}

// --- What is told unasked

void Adapter::say(std::string_view text, std::string_view category) {
  channel_.event("output", {{"category", std::string(category)}, {"output", std::string(text)}});
}

void Adapter::tell_console() {
  if (debuggee_->live()) {
    debuggee_->flush_console();
    return console_->drain();
  }
  const std::string_view all = debuggee_->console().all();
  std::string_view fresh = all.substr(told_bytes_);
  fresh.remove_suffix(unfinished(fresh));
  told_bytes_ += fresh.size();
  if (!fresh.empty()) say(fresh, "stdout");
}

// --- Arguments

const Json& member(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text_of(const Json& object, const char* key) {
  const Json& it = member(object, key);
  return it.is_string() ? it.get<std::string>() : std::string();
}

std::vector<std::string> texts_of(const Json& object, const char* key) {
  std::vector<std::string> texts;
  const Json& it = member(object, key);
  if (!it.is_array()) return texts;
  for (const Json& each : it)
    if (each.is_string()) texts.push_back(each.get<std::string>());
  return texts;
}

std::optional<int64_t> number_of(const Json& object, const char* key) {
  constexpr int64_t kLargest = (int64_t{1} << 53) - 1;  // that the protocol has
  const Json& it = member(object, key);
  if (!it.is_number_integer()) return std::nullopt;
  if (it.is_number_unsigned() && it.get<uint64_t>() > static_cast<uint64_t>(kLargest)) return std::nullopt;
  const auto number = it.get<int64_t>();
  return number < -kLargest || number > kLargest ? std::nullopt : std::optional(number);
}

bool flag_of(const Json& object, const char* key, bool otherwise) {
  const Json& it = member(object, key);
  return it.is_boolean() ? it.get<bool>() : otherwise;
}

core::Error missing(std::string_view request, std::string_view key) {
  return core::error(ErrorKind::kUsage, "{}: '{}' is missing, or is not of its type.", request, key);
}

std::string hex(uint64_t value) { return fmt::format("{:#x}", value); }

core::Result<unsigned> Adapter::hart_of(const Json& arguments) const {
  const auto thread = number_of(arguments, "threadId");
  const unsigned harts = debuggee_->machine().hart_count();
  if (thread && *thread >= 1 && *thread <= harts) return static_cast<unsigned>(*thread - 1);
  return core::error(ErrorKind::kUsage, "There is no such thread; harts have the numbers 1 to {}.", harts);
}

}  // namespace vitrine::app::dap
