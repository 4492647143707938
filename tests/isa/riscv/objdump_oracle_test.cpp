// SPDX-License-Identifier: MIT
// Decoder and disassembler against outside disassemblers, GNU objdump and LLVM's: all 16-bit encodings, a
// sweep of 32-bit ones made from the rows, and random words. Where we differ on purpose, or the tool is old
// or wrong, the difference is a line of a table with its reason; an unlisted difference fails the test, and
// so does a line that no longer occurs. Texts are compared, so that mnemonic, operands, legality and the
// shown row are all judged.
#include <gtest/gtest.h>
#include <regex.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "isa/riscv/decoder.h"
#include "isa/riscv/disassembler.h"
#include "tests/isa/riscv/encoding_sweep.h"
#include "tests/isa/riscv/objdump.h"

namespace vitrine::test {
namespace {

using riscv::ExtensionSet;

// Arch strings: all that Vitrine has and the tool knows.
const std::string kCommonArch =
    "rv64i2p1_m2p0_a2p1_f2p2_d2p2_c2p0_zicbom1p0_zicbop1p0_zicboz1p0_zicsr2p0_zifencei2p0_zihintpause2p0_"
    "zawrs1p0_"
    "zfh1p0_zfhmin1p0_zba1p0_zbb1p0_zbc1p0_zbkb1p0_zbkc1p0_zbkx1p0_zbs1p0_svinval1p0";

// `lines` is a regular expression on "ours | theirs"; `where`, if there is one, must hold for the encoding as
// well.
struct Difference {
  const char* lines;
  const char* reason;
  bool (*where)(uint32_t bits) = nullptr;
};

bool reserved_rm(uint32_t bits) { return (bits >> 12 & 7) == 5 || (bits >> 12 & 7) == 6; }
bool fm_rd_or_rs1(uint32_t bits) { return (bits & 0xf00f8f80) != 0; }
bool rd_or_rs1(uint32_t bits) { return (bits & 0x000f8f80) != 0; }
bool imm_rd_or_rs1(uint32_t bits) { return (bits & 0xffff8f80) != 0; }

const std::vector<Difference> kGnu16 = {
    {R"(\.2byte 0x0 \| c\.unimp)", "a name for the defined illegal instruction"},
    {R"(c\.nop \| c\.addi zero,-?[0-9]+)", "objdump counts c.nop as an alias"},
    {R"(c\.(s\w+) (\w+),0x0 \| c\.\1(64) \2)",
     "the name that a shift by 0 has on RV128, where it shifts by 64"},
    {R"(\.2byte 0x6101 \| c\.addi16sp sp,0)",
     "objdump does not know that the immediate 0 is reserved (26.5.2)"},
};

const std::vector<Difference> kLlvm16 = {
    {R"(illegal \| c\.unimp)", "a name for the defined illegal instruction"},
    {R"(c\.nop \| c\.nop -?[0-9]+)", "LLVM shows the immediate of the hint"},
    {R"(c\.(s\w+) (\w+),0 \| c\.\1(64) \2)",
     "the name that a shift by 0 has on RV128, where it shifts by 64"},
    {R"(illegal \| c\.lui \w+,0)", "LLVM does not know that the immediate 0 is reserved (26.5.1)"},
    {R"(c\.lui zero,10485[0-9][0-9] \| c\.lui zero,-[0-9]+)",
     "LLVM shows the hint's immediate signed, and others' not"},
};

const std::vector<Difference> kGnu32 = {
    {R"(\.4byte \S+ \| f\S+ \S+,unknown)", "objdump prints reserved rounding modes instead of refusing them",
     reserved_rm},
    {R"((fcvt\.(d\.wu?|d\.s|d\.h|s\.h)) \S+,(rtz|rdn|rup|rmm|dyn) \| \.4byte \S+)",
     "objdump has these exact conversions with rm = 0 only; the manual has rm as usual (20.2)"},
    {R"(fence \w+,\w+ \| \.4byte \S+)", "reserved fm, rd, rs1: a fence to a hart (2.7), unknown to objdump",
     fm_rd_or_rs1},
    {R"(fence (0,\w+|\w+,0) \| fence (unknown|[iorw]+),(unknown|[iorw]+))", "the empty set"},
    {R"(fence\.tso \| \.4byte \S+)", "reserved rd and rs1, to be ignored (2.7)", rd_or_rs1},
    {R"(fence\.i \| \.4byte \S+)", "reserved fields, to be ignored (6)", imm_rd_or_rs1},
    {R"(czero\.\w+ \S+ \| \.4byte \S+)", "Zicond is younger than binutils 2.40"},
    {R"(\.4byte \S+ \| [uh]ret)", "withdrawn before ratification"},
    {R"(\.4byte \S+ \| sfence\.vm)", "the name of privileged architecture 1.9, withdrawn"},
    {R"((csrr\w+ \w+),0x\w+,(\w+) \| \1,[a-z]\w+,\2)", "CSRs that Vitrine's hart does not have"},
};

const std::vector<Difference> kLlvm32 = {
    {R"(pause \| fence w,0)", "LLVM counts pause as an alias"},
    {R"(fence \w+,\w+ \| illegal)", "reserved fm, rd, rs1: a fence to a hart (2.7), unknown to LLVM",
     fm_rd_or_rs1},
    {R"(fence\.tso \| illegal)", "reserved rd and rs1, to be ignored (2.7)", rd_or_rs1},
    {R"(fence\.i \| illegal)", "reserved fields, to be ignored (6)", imm_rd_or_rs1},
    {R"((csrr\w+ \w+),[0-9]+,(\w+) \| \1,[a-z]\w+,\2)", "CSRs that Vitrine's hart does not have"},
};

// Brings the two dialects together: LLVM prints numbers in hexadecimal, and the dynamic rounding mode.
std::string llvm_dialect(const std::string& text) {
  if (text == "<unknown>" || text.starts_with('.')) return "illegal";
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text.compare(i, 2, "0x") != 0) {
      out += text[i++];
      continue;
    }
    size_t digits = 0;
    out += std::to_string(std::stoull(text.substr(i + 2), &digits, 16));
    i += 2 + digits;
  }
  if (out.ends_with(",dyn")) out.resize(out.size() - 4);
  return out;
}

using Dialect = std::string (*)(const std::string&);
std::string as_it_is(const std::string& text) { return text; }

// A POSIX extended regular expression, with glibc's \w, \S and back references, that must match all of a
// text. (Not std::regex: gcc 12 warns about its insides when a sanitizer is on.)
class Pattern {
 public:
  explicit Pattern(const std::string& text) {
    if (regcomp(&regex_, ("^" + text + "$").c_str(), REG_EXTENDED) != 0) ADD_FAILURE() << "bad: " << text;
  }
  ~Pattern() { regfree(&regex_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  bool matches(const std::string& text) const { return regexec(&regex_, text.c_str(), 0, nullptr, 0) == 0; }

 private:
  regex_t regex_;
};

// Counts which listed differences occur and reports the others, at most a screenful.
class Judge {
 public:
  explicit Judge(const std::vector<Difference>& listed) : listed_(listed), seen_(listed.size()) {
    for (const Difference& d : listed) patterns_.emplace_back(d.lines);
  }
  void compare(uint32_t bits, const std::string& ours, const std::string& theirs) {
    if (ours == theirs) return;
    const std::string lines = ours + " | " + theirs;
    for (size_t i = 0; i < patterns_.size(); ++i) {
      if (listed_[i].where != nullptr && !listed_[i].where(bits)) continue;
      if (patterns_[i].matches(lines)) return void(++seen_[i]);
    }
    if (++unlisted_ <= 40) ADD_FAILURE() << std::hex << bits << ": " << lines;
  }
  void finish() const {
    EXPECT_EQ(unlisted_, 0u);
    for (size_t i = 0; i < seen_.size(); ++i) {
      EXPECT_GT(seen_[i], 0u) << "listed, but no longer a difference: " << listed_[i].reason;
      std::printf("  %7zu x %s\n", seen_[i], listed_[i].reason);
    }
  }

 private:
  const std::vector<Difference>& listed_;
  std::deque<Pattern> patterns_;
  std::vector<size_t> seen_;
  size_t unlisted_ = 0;
};

void judge(const Disassembler& tool, const std::vector<uint32_t>& words, unsigned length,
           const std::string& arch, const std::vector<Difference>& listed, Dialect dialect) {
  const std::vector<std::string> theirs = run(tool, words, length, arch);
  ASSERT_EQ(theirs.size(), words.size()) << tool.name << " did not print one line for each encoding";
  std::printf("  %7zu encodings against %s\n", words.size(), tool.name.c_str());
  Judge judge(listed);
  for (size_t i = 0; i < words.size(); ++i) {
    const riscv::Insn insn = riscv::decode(words[i], ExtensionSet::standard());
    const std::string ours = riscv::disassemble(insn, i * length, riscv::Style::canonical);
    judge.compare(words[i], dialect(ours), dialect(theirs[i]));
  }
  judge.finish();
}

std::vector<uint32_t> sweep_of_rows() {
  std::vector<uint32_t> words;
  for (const riscv::Row& row : riscv::kRows) {
    if (row.length != 4) continue;
    for (uint32_t word : operand_corners(row)) words.push_back(word);
    for (uint32_t word : near_misses(row)) words.push_back(word);
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  for (uint32_t word : random_words(10000)) words.push_back(word);
  for (uint32_t csr = 0; csr < 4096; ++csr) words.push_back(row_of(riscv::Op::csrrs).match | csr << 20);
  return words;
}

constexpr const char* kNoGnu = "no riscv64-unknown-elf-objdump (Debian: binutils-riscv64-unknown-elf)";
constexpr const char* kNoLlvm = "no llvm-objdump-19 (Debian: llvm-19)";

TEST(ObjdumpOracle, Gnu_All16BitEncodings_SameText) {
  const std::optional<Disassembler> tool = find_gnu_objdump();
  if (!tool) GTEST_SKIP() << kNoGnu;
  judge(*tool, all_compressed(), 2, kCommonArch, kGnu16, as_it_is);
}

TEST(ObjdumpOracle, Gnu_SweepOf32BitRows_SameText) {
  const std::optional<Disassembler> tool = find_gnu_objdump();
  if (!tool) GTEST_SKIP() << kNoGnu;
  judge(*tool, sweep_of_rows(), 4, kCommonArch, kGnu32, as_it_is);
}

TEST(ObjdumpOracle, Llvm_All16BitEncodings_SameText) {
  const std::optional<Disassembler> tool = find_llvm_objdump();
  if (!tool) GTEST_SKIP() << kNoLlvm;
  judge(*tool, all_compressed(), 2, kCommonArch, kLlvm16, llvm_dialect);
}

TEST(ObjdumpOracle, Llvm_SweepOf32BitRows_SameText) {
  const std::optional<Disassembler> tool = find_llvm_objdump();
  if (!tool) GTEST_SKIP() << kNoLlvm;
  judge(*tool, sweep_of_rows(), 4, kCommonArch + "_zicond1p0", kLlvm32, llvm_dialect);
}

}  // namespace
}  // namespace vitrine::test
