// SPDX-License-Identifier: MIT
// The words of the classes: reasons, sections, settings, and the condition. Which classes a row has stands in
// the row.
#include "isa/riscv/classes.h"

#include <algorithm>

namespace vitrine::riscv {
namespace {

constexpr std::array<InstanceWords, 2> kInstanceWords = {{
    {"i", "hypervisor in S, guest kernel in U", Privilege::kUser, Privilege::kSupervisor},
    {"ii", "hypervisor in M, guest in S with TVM, TW and TSR", Privilege::kSupervisor, Privilege::kMachine},
}};

constexpr std::array<ClassDefinition, 7> kDefinitions = {{
    {"privileged", "traps in the lower mode and not in the higher"},
    {"control-sensitive",
     "changes a resource: privilege and its trap registers, the address map, interrupt enables and pending, "
     "timers, "
     "counters, FS, the reservation, and the settings of these"},
    {"behaviour-sensitive",
     "its result (registers, memory, what it changes) depends on the mode or on such a resource; that it "
     "traps is no "
     "result, since control is the hypervisor's then; and the reservation is only lr's and sc's own"},
    {"address-sensitive", "reads, writes or asks for memory through the address map: a class of its own"},
    {"innocuous", "not sensitive"},
    {"always traps",
     "traps in both modes of the instance, so that control is the hypervisor's whatever it is"},
    {"as the CSR", "the class is that of the access to the CSR it names"},
}};

std::string_view definition_word(size_t i) { return kDefinitions[i].word; }

// What a row's flags do not say. Rows that are not here follow from their effects.
struct OpWords {
  Op op;
  std::string_view one, two;                      // reasons, by instance; two empty: the same
  std::string_view spec_one = {}, spec_two = {};  // sections beside the row's own
};
constexpr std::string_view kTrapBits = "priv 3.1.6.5";
constexpr OpWords kOpWords[] = {
    {Op::auipc, "adds to pc, which is a virtual address: the address map does not show", ""},
    {Op::fence, "orders memory accesses; FIOM makes it order more, which no result shows", "", "priv 3.1.18",
     "priv 3.1.18"},
    {Op::fence_tso, "orders memory accesses and changes no resource", ""},
    {Op::pause, "a hint that gives up the hart's turn; it changes no resource", ""},
    {Op::fence_i, "orders this hart's own stores and fetches; it changes no resource", ""},
    {Op::ecall,
     "traps in every mode: the hypervisor has control, and answers for the mode that the guest believes in",
     "", "priv 3.3.1", "priv 3.3.1"},
    {Op::ebreak, "traps in every mode: the hypervisor has control", "", "priv 3.3.1", "priv 3.3.1"},
    {Op::mret, "M's own: illegal in U and in S alike, so that it is no instruction of this machine",
     "illegal in S; in M it changes privilege and the interrupt enable"},
    {Op::sret, "illegal in U; in S it changes privilege and the interrupt enable",
     "illegal in S under TSR; in M it changes privilege and the interrupt enable", "", kTrapBits},
    {Op::wfi, "illegal in U; it changes no resource and may be a no-op",
     "illegal in S under TW; it changes no resource and may be a no-op", kTrapBits, kTrapBits},
    {Op::sfence_vma, "illegal in U; in S it ends translations that are kept: the address map changes",
     "illegal in S under TVM; in M it ends translations that are kept: the address map changes", "",
     kTrapBits},
    {Op::sinval_vma, "illegal in U; in S it ends translations that are kept: the address map changes",
     "illegal in S under TVM; in M it ends translations that are kept: the address map changes", "",
     kTrapBits},
    {Op::sfence_w_inval, "illegal in U; it only orders sinval.vma and changes no resource",
     "TVM does not make it trap; it only orders sinval.vma and changes no resource"},
    {Op::sfence_inval_ir, "illegal in U; it only orders sinval.vma and changes no resource",
     "TVM does not make it trap; it only orders sinval.vma and changes no resource"},
    {Op::wrs_nto, "waits for a store to what is reserved, and may be a no-op; TW is clear",
     "illegal in S under TW; it waits for a store to what is reserved, and may be a no-op"},
    {Op::wrs_sto,
     "waits for a store to what is reserved, but not long, and may be a no-op; TW does not make it trap", ""},
    {Op::cbo_inval,
     "needs a translation; CBIE says whether it flushes or throws data away, and the guest is not told", "",
     "19.5", "19.5"},
    {Op::cbo_clean, "needs a translation; it changes no resource", ""},
    {Op::cbo_flush, "needs a translation; it changes no resource", ""},
    {Op::cbo_zero, "writes memory through the address map", ""},
    {Op::prefetch_i, "a hint that never traps and changes no resource", ""},
    {Op::prefetch_r, "a hint that never traps and changes no resource", ""},
    {Op::prefetch_w, "a hint that never traps and changes no resource", ""},
};

const OpWords* words_for(Op op) {
  for (const OpWords& words : kOpWords)
    if (words.op == op) return &words;
  return nullptr;
}

Op op_of(const Row& row) { return static_cast<Op>(&row - kRows.data()); }

std::string memory_reason(const Row& row) {
  if (row.has(kAmo) && !row.has(kLoad))
    return "writes memory through the address map, if it finds the reservation, which it ends";
  if (row.has(kAmo) && !row.has(kStore))
    return "reads memory through the address map, and makes the reservation";
  if (row.has(kAmo)) return "reads and writes memory through the address map";
  return row.has(kLoad) ? "reads memory through the address map" : "writes memory through the address map";
}

std::string float_reason(const Row& row, uint16_t classes) {
  std::string text = row.has(kLoad | kStore) ? memory_reason(row) : "";
  if (!(classes & kCtrl)) return text.empty() ? "only reads an f register" : text;
  if (!text.empty()) text += "; ";
  const bool writes_f = (row.f_registers & kRd) != 0;
  return text +
         (writes_f ? "writes an f register: FS becomes Dirty" : "may raise a flag in fcsr: FS becomes Dirty");
}

std::string general_reason(const Row& row, uint16_t classes) {
  if (classes & kByCsr) return "the class is that of the access to the CSR it names";
  if (row.has(kFloat)) return float_reason(row, classes);
  if (row.has(kLoad | kStore | kAmo)) return memory_reason(row);
  if (row.has(kBranch | kJump))
    return "changes pc, which is a virtual address: the address map does not show";
  return "works on x registers alone";
}

std::string with_section(std::string_view spec, std::string_view more) {
  std::string text(spec);
  if (more.empty() || spec == more) return text;
  const bool same_volume = spec.starts_with("priv ") && more.starts_with("priv ");
  return text + ", " + std::string(same_volume ? more.substr(5) : more);
}

Closing closing_of(const Row& row) {
  switch (row.expands_to) {
    case Op::cbo_inval: return {Closing::Kind::kInval};
    case Op::cbo_clean:
    case Op::cbo_flush: return {Closing::Kind::kClean};
    case Op::cbo_zero: return {Closing::Kind::kZero};
    default: return {row.has(kFloat) ? Closing::Kind::kFloat : Closing::Kind::kNone};
  }
}

Closing closing_of(unsigned csr) {
  if (csr >= 1 && csr <= 3) return {Closing::Kind::kFloat};
  if (csr == 0x14d) return {Closing::Kind::kTimer};
  if (csr >= 0xc00 && csr < 0xc20) return {Closing::Kind::kCounter, csr - 0xc00};
  return {};
}

std::string counter_bit(unsigned n) {
  static constexpr const char* kFirst[] = {"CY", "TM", "IR"};
  return n < 3 ? kFirst[n] : "HPM" + std::to_string(n);
}

// --- CSRs

constexpr unsigned kSatp = 0x180, kScountovf = 0xda0;
unsigned least_privilege(unsigned csr) { return (csr >> 8) & 3; }
bool is_read_only(unsigned csr) { return csr >> 10 == 3; }

// Privileged or not, by the number (priv 2.1) and TVM; what traps in both modes is neither that nor
// sensitive.
uint16_t classes_of(const CsrRow& row, unsigned number, Instance instance, CsrAccess access) {
  const InstanceWords& modes = words_of(instance);
  const bool writes = access == CsrAccess::kWrite;
  if (writes && is_read_only(number)) return kAlwaysTraps;
  if (least_privilege(number) > static_cast<unsigned>(modes.high)) return kAlwaysTraps;
  const bool by_number = least_privilege(number) > static_cast<unsigned>(modes.low);
  const bool by_tvm = number == kSatp && modes.low == Privilege::kSupervisor;
  return static_cast<uint16_t>((by_number || by_tvm ? kPriv : kInnocuous) |
                               (writes ? row.writes : row.reads));
}

std::string effect_words(const CsrRow& row, CsrAccess access, uint16_t classes) {
  const std::string what(row.what);
  if (access == CsrAccess::kRead) return "shows " + what;
  if (!(classes & kCtrl)) return "changes " + what;
  return row.reads & kBehav ? "changes " + what : "makes FS Dirty";
}

}  // namespace

const InstanceWords& words_of(Instance instance) { return kInstanceWords[static_cast<size_t>(instance)]; }

char letter_of(Privilege mode) {
  return mode == Privilege::kUser ? 'U' : mode == Privilege::kSupervisor ? 'S' : 'M';
}

std::span<const ClassDefinition> class_definitions() { return kDefinitions; }

std::vector<std::string_view> class_words(uint16_t classes) {
  std::vector<std::string_view> words;
  const auto add = [&](bool is, size_t definition) {
    if (is) words.push_back(definition_word(definition));
  };
  add(classes & kPriv, 0);
  add(classes & kCtrl, 1);
  add(classes & kBehav, 2);
  add(classes & kAddr, 3);
  add(!(classes & (kSensitive | kAddr | kByCsr)), 4);
  add(classes & kAlwaysTraps, 5);
  add(classes & kByCsr, 6);
  return words;
}

std::string class_text(uint16_t classes) {
  std::string text;
  for (const std::string_view word : class_words(classes))
    text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

std::string text_of(const Closing& closing, Instance instance) {
  const std::string level = instance == Instance::kOne ? "s" : "m";
  switch (closing.kind) {
    case Closing::Kind::kFloat: return level + "status.FS = Off";
    case Closing::Kind::kCounter: return level + "counteren." + counter_bit(closing.counter) + " = 0";
    case Closing::Kind::kTimer: return "menvcfg.STCE = 0";
    case Closing::Kind::kInval: return level + "envcfg.CBIE = 0";
    case Closing::Kind::kClean: return level + "envcfg.CBCFE = 0";
    case Closing::Kind::kZero: return level + "envcfg.CBZE = 0";
    default: return "";
  }
}

bool is_lasting(const Closing& closing, Instance instance) {
  return closing && !(closing.kind == Closing::Kind::kFloat && instance == Instance::kTwo);
}

Classification classify(const Row& row, Instance instance) {
  Classification result;
  result.classes = instance == Instance::kOne ? row.classes_i : row.classes_ii;
  const OpWords* words = words_for(op_of(row));
  if (!words) words = words_for(row.expands_to);
  const bool second = instance == Instance::kTwo;
  if (words)
    result.reason = second && !words->two.empty() ? words->two : words->one;
  else
    result.reason = general_reason(row, result.classes);
  result.spec = with_section(row.spec, !words ? "" : second ? words->spec_two : words->spec_one);
  if (row.has(kFloat) && (result.classes & kCtrl)) result.spec = with_section(result.spec, "priv 3.1.6.6");
  if (!(result.classes & (kPriv | kAlwaysTraps))) result.closing = closing_of(row);
  if (row.expands_to == Op::cbo_inval) result.unseen = kBehav;
  return result;
}

std::string_view text_of(CsrAccess access) { return access == CsrAccess::kRead ? "read" : "write"; }

Classification classify(const CsrRow& row, unsigned number, Instance instance, CsrAccess access) {
  Classification result;
  result.classes = classes_of(row, number, instance, access);
  const InstanceWords& modes = words_of(instance);
  const std::string low(1, letter_of(modes.low)), high(1, letter_of(modes.high));
  if (result.classes & kAlwaysTraps) {
    result.reason = is_read_only(number) && access == CsrAccess::kWrite
                        ? "read-only by its number: a write is illegal in every mode"
                        : "M's own by its number: illegal in " + low + " and in " + high;
    result.spec = with_section(row.spec, "priv 2.1");
    return result;
  }
  const std::string effect = effect_words(row, access, result.classes);
  if (result.classes & kPriv) {
    const bool by_number = least_privilege(number) > static_cast<unsigned>(modes.low);
    result.reason = "illegal in " + low + (by_number ? " by its number; " : " under TVM; ") + effect;
    result.spec = with_section(row.spec, by_number ? "priv 2.1" : kTrapBits);
    return result;
  }
  result.reason = effect;
  result.spec = row.spec;
  result.closing = closing_of(number);
  // In M all bits can be read, in S those that mcounteren lets through (Sscofpmf 2.1).
  if (number == kScountovf && modes.high == Privilege::kMachine) {
    result.shows_mode = true;
    result.reason += ": in S those that mcounteren lets through, in M all";
  }
  if (result.classes & kCtrl && result.closing.kind == Closing::Kind::kFloat)
    result.spec = with_section(result.spec, "priv 3.1.6.6");
  return result;
}

// --- The condition

namespace {

class ConditionBuilder {
 public:
  explicit ConditionBuilder(Instance instance) : instance_(instance) {}

  void add(const std::string& name, const Classification& it, std::string_view resource) {
    if (!(it.classes & kSensitive)) return;
    ++result_.sensitive;
    if (it.classes & (kPriv | kAlwaysTraps))
      ++result_.privileged;
    else if (is_lasting(it.closing, instance_))
      group(result_.closed, group_of(it.closing)).push_back(name);
    else
      group(result_.exceptions, it.closing ? "FS" : resource).push_back(name);
  }
  Condition take() { return std::move(result_); }

 private:
  // The counters' bits stand in one register.
  [[nodiscard]] std::string group_of(const Closing& closing) const {
    const std::string text = text_of(closing, instance_);
    return closing.kind == Closing::Kind::kCounter ? text.substr(0, text.find('.')) + " = 0" : text;
  }
  static std::vector<std::string>& group(std::vector<Condition::Group>& groups, std::string_view what) {
    for (Condition::Group& g : groups)
      if (g.what == what) return g.names;
    return groups.emplace_back(Condition::Group{std::string(what), {}}).names;
  }
  Instance instance_;
  Condition result_;
};

// "hpmcounter3 (read)": what stands before the number, the number, what stands behind it.
struct Counted {
  std::string before, behind;
  unsigned number = 0;
  bool is_counted = false;
};
Counted counted(const std::string& name) {
  const size_t end = std::min(name.find(' '), name.size());
  const size_t digits = name.find_last_not_of("0123456789", end - 1) + 1;
  if (digits == end) return {name, "", 0, false};
  return {name.substr(0, digits), name.substr(end),
          static_cast<unsigned>(std::stoul(name.substr(digits, end - digits))), true};
}
bool follows(const Counted& a, const Counted& b) {
  return a.is_counted && b.is_counted && a.before == b.before && a.behind == b.behind &&
         b.number == a.number + 1;
}

size_t total(const std::vector<Condition::Group>& groups) {
  size_t sum = 0;
  for (const Condition::Group& group : groups) sum += group.names.size();
  return sum;
}

constexpr std::string_view kWhyOne =
    "All that is S's own traps in U: its CSRs by their numbers, sret, wfi and the fences of translations by "
    "themselves. What U may use by a setting, the hypervisor can close. The reservation alone is left: lr "
    "and sc never "
    "trap. Here it ends with every trap, and elsewhere an sc of the hypervisor's ends it (priv 3.3.2): "
    "nothing of one "
    "guest reaches another. So a hypervisor can be built; the condition is sufficient, not necessary. RISC-V "
    "passes "
    "mainly because no register shows the mode.";
constexpr std::string_view kWhyTwo =
    "TVM, TW and TSR make satp, sfence.vma, sinval.vma, wfi, wrs.nto and sret trap; all that is M's own "
    "traps anyway. "
    "The other CSRs of S, FS and the reservation do not trap: they are the guest's own while it runs, and a "
    "hypervisor in M exchanges them when it switches guests. It keeps control all the same: interrupts for M "
    "are "
    "enabled whatever sstatus and sie say (priv 3.1.6.1), satp traps, and PMP holds in S. So a hypervisor "
    "can be built: "
    "the condition is sufficient, not necessary; and this one traps far less than that of (i).";

}  // namespace

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size();) {
    size_t last = i;
    while (last + 1 < names.size() && follows(counted(names[last]), counted(names[last + 1]))) ++last;
    if (!text.empty()) text += ", ";
    if (last < i + 2) last = i;
    const Counted first = counted(names[i]);
    text += last == i ? names[i] : first.before + std::to_string(first.number) + " to " + names[last];
    i = last + 1;
  }
  return text;
}

std::string Condition::counts() const {
  return std::to_string(sensitive) +
         " instructions and CSR accesses are sensitive: " + std::to_string(privileged) +
         " of them are privileged, " + std::to_string(total(closed)) +
         " trap if the hypervisor sets it so, and " + std::to_string(total(exceptions)) + " do not trap.";
}

Condition condition_of(Instance instance) {
  ConditionBuilder builder(instance);
  for (const Row& row : kRows)
    if (row.length != 0 && row.expands_to == op_of(row))
      builder.add(std::string(row.name), classify(row, instance), "the reservation");
  for (const CsrRow& row : csr_rows())
    for (unsigned i = 0; i < row.count; ++i)
      for (const CsrAccess access : kCsrAccesses)
        builder.add(csr_name(row, i) + " (" + std::string(text_of(access)) + ")",
                    classify(row, row.number + i * row.stride, instance, access), "CSRs of S");
  Condition result = builder.take();
  if (result.holds())
    result.verdict = "It holds: what is sensitive traps.";
  else if (result.exceptions.size() == 1)
    result.verdict =
        "It holds but for " + result.exceptions[0].what + ": " + listed(result.exceptions[0].names) + ".";
  else
    result.verdict = "It does not hold.";
  result.why = instance == Instance::kOne ? kWhyOne : kWhyTwo;
  return result;
}

}  // namespace vitrine::riscv
