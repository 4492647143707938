// SPDX-License-Identifier: MIT
// -cpu MODEL[,NAME=VALUE]...: QEMU's models and properties in terms of cpu_option.h, which knows what our
// harts can have. What QEMU's processors have and ours do not may be switched off, which changes nothing, but
// not on.
#include <iterator>

#include "app/cpu_option.h"
#include "app/qemu_draft.h"
#include "app/text.h"
#include "core/file.h"

namespace vitrine::app::qemu {
namespace {

struct ModelRow {
  std::string_view name;
  std::string_view as;  // in the words of parse_cpu
  std::string_view what;
};
// A processor of the base profile: RV64GC and nothing that came after it.
constexpr std::string_view kBase =
    "rv64,zihintpause=off,zawrs=off,zicond=off,zicbom=off,zicbop=off,zicboz=off,zfh=off,zfhmin=off,zba=off,"
    "zbb=off,"
    "zbc=off,zbs=off,zbkb=off,zbkc=off,zbkx=off,svinval=off,svnapot=off,svpbmt=off,sstc=off";
constexpr ModelRow kModels[] = {
    {"rv64", "rv64", "everything that this version has, address translation up to Sv39"},
    {"max", "max", "the same, up to Sv57, and Sscofpmf"},
    {"any", "max", "another name of max"},
    {"base", kBase, "RV64GC with Zicsr and Zifencei only: no Zb*, no Sstc"},
    {"sifive-u54", kBase, "another name of base"},
};

// Names that QEMU's processors know and ours have not. Lower case.
struct MissingRow {
  std::string_view name;
  std::string_view what;
};
constexpr MissingRow kMissing[] = {
    {"v", "vector instructions"},
    {"h", "the hypervisor extension"},
    {"e", "RV32E/RV64E"},
    {"zfa", "more floating-point instructions"},
    {"zfbfmin", "BF16"},
    {"zfinx", "floating point in x registers"},
    {"zdinx", "floating point in x registers"},
    {"zhinx", "floating point in x registers"},
    {"zhinxmin", "floating point in x registers"},
    {"zve32f", "vector instructions"},
    {"zve32x", "vector instructions"},
    {"zve64d", "vector instructions"},
    {"zve64f", "vector instructions"},
    {"zve64x", "vector instructions"},
    {"zvfh", "vector instructions"},
    {"zvfhmin", "vector instructions"},
    {"zvbb", "vector instructions"},
    {"zvbc", "vector instructions"},
    {"zvkn", "vector instructions"},
    {"zvks", "vector instructions"},
    {"zca", "Zc*"},
    {"zcb", "Zc*"},
    {"zcd", "Zc*"},
    {"zce", "Zc*"},
    {"zcf", "Zc*"},
    {"zcmp", "Zc*"},
    {"zcmt", "Zc*"},
    {"zk", "scalar cryptography"},
    {"zkn", "scalar cryptography"},
    {"zknd", "scalar cryptography"},
    {"zkne", "scalar cryptography"},
    {"zknh", "scalar cryptography"},
    {"zkr", "the entropy source"},
    {"zks", "scalar cryptography"},
    {"zksed", "scalar cryptography"},
    {"zksh", "scalar cryptography"},
    {"zkt", "scalar cryptography"},
    {"zacas", "compare and swap"},
    {"zabha", "byte and halfword atomics"},
    {"zihintntl", "hints"},
    {"zimop", "may-be operations"},
    {"zcmop", "may-be operations"},
    {"zama16b", "16-byte atomicity"},
    {"smaia", "AIA"},
    {"ssaia", "AIA"},
    {"smepmp", "Smepmp"},
    {"epmp", "Smepmp"},
    {"x-epmp", "Smepmp"},
    {"smstateen", "Smstateen"},
    {"svvptc", "Svvptc"},
    {"smrnmi", "resumable non-maskable interrupts"},
    {"ssdbltrp", "double traps"},
    {"smdbltrp", "double traps"},
    {"xventanacondops", "Ventana's extension"},
    {"debug", "triggers"},
    {"rva22u64", "the profile as a switch"},
    {"rva22s64", "the profile as a switch"},
};

// Parameters and parts that are always there, with the only value they have here; "*": any value says
// nothing.
struct FixedRow {
  std::string_view name;
  std::string_view value;
};
constexpr FixedRow kFixed[] = {
    {"i", "on"},
    {"s", "on"},
    {"u", "on"},
    {"mmu", "on"},
    {"sv39", "on"},
    {"counters", "on"},
    {"zicntr", "on"},
    {"zihpm", "on"},
    {"zicsr", "on"},
    {"cbom_blocksize", "64"},
    {"cbop_blocksize", "64"},
    {"cboz_blocksize", "64"},
    {"priv_spec", "v1.12.0"},
    {"pmu-num", "16"},
    {"vlen", "*"},
    {"elen", "*"},
    {"vext_spec", "*"},
    {"bext_spec", "*"},
    {"pmu-mask", "*"},
    {"resetvec", "*"},
    {"short-isa-string", "*"},
    {"rvv_ta_all_1s", "*"},
    {"rvv_ma_all_1s", "*"},
};

template <typename Rows>
auto find_row(const Rows& rows, std::string_view name) -> decltype(&*std::begin(rows)) {
  for (const auto& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

std::string model_list() {
  std::string list;
  for (const ModelRow& row : kModels) list += fmt::format("{}\n", row.name);
  return list;
}

// One property after the model. What cpu_option.h shall see goes to `spec`.
Done set_property(riscv::HartConfig& ids, std::string& spec, const QemuKeyvals& words,
                  const QemuKeyvals::Pair& pair) {
  if (!pair.has_value) return words.error("Expected key=value format, found {}.", core::printable(pair.key));
  const std::string name = lower(pair.key);
  const auto on = qemu_bool(pair.value);
  const std::string value = on ? (*on ? "on" : "off") : pair.value;
  if (uint64_t* id = name == "mvendorid" ? &ids.mvendorid
                     : name == "marchid" ? &ids.marchid
                     : name == "mimpid"  ? &ids.mimpid
                                         : nullptr) {
    const auto number = qemu_number(value);
    if (!number) return words.error("Parameter '{}' expects uint64", name);
    *id = *number;
    return core::Ok{};
  }
  if (const FixedRow* row = find_row(kFixed, name)) {
    if (row->value == "*" || row->value == value) return core::Ok{};
    return words.error("{}={}: in this version it is always {}", name, core::printable(value), row->value);
  }
  if (!on) return words.error("Parameter '{}' expects 'on' or 'off'", core::printable(pair.key));
  if (const MissingRow* row = find_row(kMissing, name)) {
    if (!*on) return core::Ok{};
    return words.error("{}={}: this version does not have {} yet; leave it out", name,
                       core::printable(pair.value), row->what);
  }
  if (name == "g") {
    for (const char* part : {"m", "a", "f", "d", "zifencei"}) spec += fmt::format(",{}={}", part, value);
    return core::Ok{};
  }
  for (const std::string& known : cpu_properties()) {
    if (known != name) continue;
    spec += fmt::format(",{}={}", name, value);
    return core::Ok{};
  }
  const std::vector<std::string> names = cpu_properties();
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view meant = nearest(name, views);
  return words.error("Property 'rv64-riscv-cpu.{}' not found{}", core::printable(pair.key),
                     meant.empty() ? "" : fmt::format("\nDid you mean {}?", meant));
}

}  // namespace

Done set_cpu(Draft& draft, const Word& word) {
  if (word.value == "help" || word.value == "?") {
    draft.answer(model_list());
    return core::Ok{};
  }
  draft.cpu = word;
  return core::Ok{};
}

Done finish_cpu(Draft& draft) {
  const std::string text = (draft.cpu ? draft.cpu->value : "rv64") + draft.cpu_globals;
  QemuKeyvals words(draft.cpu ? draft.cpu->option() : "-cpu rv64", text, "model");
  const std::string model = words.take("model").value_or("");
  const ModelRow* row = find_row(kModels, model);
  if (!row) {
    const char* why = model.starts_with("rv32")    ? "; this is a 64-bit machine"
                      : model.starts_with("rv128") ? "; this is a 64-bit machine"
                      : model == "host"            ? "; a RISC-V guest has to be emulated on this processor"
                                                   : "";
    return words.error("unable to find CPU model '{}'{}\nThere are: rv64 max base any sifive-u54",
                       core::printable(model), why);
  }
  std::string spec(row->as);
  riscv::HartConfig ids;
  for (const QemuKeyvals::Pair& pair : words.pairs()) {
    if (pair.taken) continue;
    if (auto done = set_property(ids, spec, words, pair); !done) return done;
  }
  auto cpu = parse_cpu(spec);
  if (!cpu) return words.error("{}", cpu.error().message);
  cpu->mvendorid = ids.mvendorid;
  cpu->marchid = ids.marchid;
  cpu->mimpid = ids.mimpid;
  draft.options.machine.cpu = *cpu;
  return core::Ok{};
}

}  // namespace vitrine::app::qemu
