// SPDX-License-Identifier: MIT
// The classes as JSON: the same keys whether they were measured or not.

#include "classes/report.h"
#include "classes/states.h"
#include "core/json.h"

namespace vitrine::classes {
namespace {

using Json = nlohmann::ordered_json;

Json words(uint16_t classes) {
  Json list = Json::array();
  for (const std::string_view word : riscv::class_words(classes)) list.push_back(std::string(word));
  return list;
}

std::string shown_class(const Witness& w) {
  switch (w.shows) {
    case riscv::kPriv: return "privileged";
    case riscv::kAlwaysTraps: return "always traps";
    case 0: return "innocuous";
    default: return std::string(riscv::class_words(w.shows).front());
  }
}

Json witnesses(const std::vector<Witness>& list) {
  Json all = Json::array();
  for (const Witness& w : list)
    all.push_back({{"class", shown_class(w)},
                   {"instruction", w.instruction},
                   {"states", {w.states[0], w.states[1]}},
                   {"outcomes", {w.outcomes[0], w.outcomes[1]}}});
  return all;
}

Json of_line(const Line& line, Instance instance) {
  return {{"classes", words(line.column.classes)},
          {"reason", line.column.reason},
          {"spec", line.column.spec},
          {"closed_by", riscv::text_of(line.column.closing, instance)},
          {"not_measurable", line.column.unseen ? words(line.column.unseen) : Json::array()},
          {"pairs", line.measured ? line.measured->pairs : 0},
          {"witnesses", line.measured ? witnesses(line.measured->witnesses) : Json::array()}};
}

// Of a CSR as a whole: sensitive if an access is; privileged if all accesses that exist are.
uint16_t both(uint16_t read, uint16_t write) {
  if (write & riscv::kAlwaysTraps) return read;
  const auto sensitive = static_cast<uint16_t>((read | write) & riscv::kSensitive);
  return static_cast<uint16_t>(sensitive | (read & write & (riscv::kPriv | riscv::kAlwaysTraps)));
}

Json csr_of(const Entry& read, const Entry& write, Instance instance) {
  const auto at = static_cast<size_t>(instance);
  const riscv::Classification &r = read.lines[at].column, &w = write.lines[at].column;
  Json all = {{"classes", words(both(r.classes, w.classes))},
              {"reason", "read: " + r.reason + "; write: " + w.reason},
              {"spec", r.spec == w.spec ? r.spec : r.spec + "; " + w.spec}};
  all["accesses"] = {{"read", of_line(read.lines[at], instance)},
                     {"write", of_line(write.lines[at], instance)}};
  return all;
}

Json condition(Instance instance) {
  const riscv::Condition c = riscv::condition_of(instance);
  Json closed = Json::array(), exceptions = Json::array();
  for (const auto& it : c.closed) closed.push_back({{"setting", it.what}, {"names", it.names}});
  for (const auto& it : c.exceptions) exceptions.push_back({{"resource", it.what}, {"names", it.names}});
  return {{"holds", c.holds()},       {"verdict", c.verdict},       {"why", c.why},
          {"sensitive", c.sensitive}, {"privileged", c.privileged}, {"closed_by_a_setting", closed},
          {"exceptions", exceptions}};
}

template <typename F>
Json by_instance(F f) {
  Json all;
  for (const Instance instance : riscv::kInstances)
    all[std::string(riscv::words_of(instance).name)] = f(instance);
  return all;
}

Json of_foreign(const ForeignInstruction& it) {
  Json line = {{"classes", words(it.classes)},
               {"reason", it.reason},
               {"spec", it.spec},
               {"note", it.note},
               {"witnesses", witnesses(it.witnesses)}};
  return {{"name", it.name}, {"instances", {{"x86", line}}}};
}

}  // namespace

std::string as_json(const Report& report) {
  Json root;
  root["measured"] = report.measured.has_value();
  for (const riscv::ClassDefinition& d : riscv::class_definitions())
    root["definitions"][std::string(d.word)] = d.meaning;
  root["instances"] = by_instance([](Instance instance) {
    return Json{{"what", riscv::words_of(instance).what},
                {"states", describe_base(instance)},
                {"condition", condition(instance)}};
  });
  root["instances"]["x86"] = {{"what", kForeignInstance}};
  root["instructions"] = Json::array();
  root["csrs"] = Json::array();
  const std::vector<Entry> list = entries(report);
  for (size_t i = 0; i < list.size(); ++i) {
    const Entry& entry = list[i];
    if (entry.access.empty()) {
      root["instructions"].push_back(
          {{"name", entry.name}, {"extension", entry.group}, {"instances", by_instance([&](Instance at) {
                                                                return of_line(
                                                                    entry.lines[static_cast<size_t>(at)], at);
                                                              })}});
    } else {
      const Entry& write = list[++i];
      root["csrs"].push_back({{"name", entry.name}, {"instances", by_instance([&](Instance at) {
                                                       return csr_of(entry, write, at);
                                                     })}});
    }
  }
  root["x86"] = Json::array();
  for (const ForeignInstruction& it : report.x86) root["x86"].push_back(of_foreign(it));
  root["disagreements"] = Json::array();
  for (const Disagreement& d : report.disagreements)
    root["disagreements"].push_back({{"name", d.name}, {"text", d.text}});
  return root.dump(1) + "\n";
}

}  // namespace vitrine::classes
