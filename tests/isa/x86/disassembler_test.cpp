// SPDX-License-Identifier: MIT
// Host code as text: lines written by hand, and objdump on the code of this very program.
#include "isa/x86/disassembler.h"

#include <gtest/gtest.h>

#include "tests/isa/x86/objdump.h"

namespace vitrine::x86 {
namespace {

using Bytes = std::vector<uint8_t>;

const Disassembler& capstone() {
  static const auto opened = [] {
    auto made = Disassembler::open();
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    return std::move(*made);
  }();
  return opened;
}

struct Case {
  Bytes bytes;
  const char* text;
};

// Encoded by hand from Intel's manual, volume 2.
const Case kCases[] = {
    {{0x49, 0x83, 0xef, 0x05}, "sub r15, 5"},
    {{0x48, 0x89, 0xd9}, "mov rcx, rbx"},
    {{0x48, 0x2b, 0x8d, 0xe8, 0x05, 0x00, 0x00}, "sub rcx, qword ptr [rbp + 0x5e8]"},
    {{0x4c, 0x63, 0x04, 0x19}, "movsxd r8, dword ptr [rcx + rbx]"},
    {{0x8b, 0x45, 0xb0}, "mov eax, dword ptr [rbp - 0x50]"},
    {{0x74, 0x10}, "je 0x1012"},
    {{0x0f, 0x82, 0xfa, 0xff, 0xff, 0xff}, "jb 0x1000"},
    {{0xe9, 0x00, 0x00, 0x00, 0x00}, "jmp 0x1005"},
    {{0xc3}, "ret"},
    {{0x48, 0xb8, 0x34, 0x12, 0x00, 0x80, 0xff, 0xff, 0xff, 0xff}, "movabs rax, 0xffffffff80001234"},
    {{0xf2, 0x0f, 0x58, 0xc1}, "addsd xmm0, xmm1"},
    {{0xc4, 0xe2, 0xf1, 0xa9, 0xc2}, "vfmadd213sd xmm0, xmm1, xmm2"},
    {{0xc4, 0xe2, 0xf9, 0xf7, 0xd9}, "shlx rbx, rcx, rax"},
    {{0x0f, 0xae, 0x55, 0x10}, "ldmxcsr dword ptr [rbp + 0x10]"},
    {{0xf3, 0x48, 0x0f, 0xbd, 0xc1}, "lzcnt rax, rcx"},
};

std::string one_line(std::string text) {  // the blanks between mnemonic and operands
  while (text.find("  ") != text.npos) text.erase(text.find("  "), 1);
  return text.substr(0, text.find('\n'));
}

TEST(HostDisassembler, Text_ByHand) {
  for (const Case& c : kCases) EXPECT_EQ(one_line(capstone().text(c.bytes, 0x1000)), c.text);
}

TEST(HostDisassembler, Listing_AddressesAndBytes) {
  const Bytes code = {0x49, 0x83, 0xef, 0x05, 0xc3};
  EXPECT_EQ(capstone().text(code, 0x7f0010, {.addresses = true, .bytes = true}),
            "0x7f0010  49 83 ef 05                     sub    r15, 5\n"
            "0x7f0014  c3                              ret\n");
}

TEST(HostDisassembler, NoInstruction_OneByteAndOn) {
  const Bytes code = {0x06, 0x0e, 0xc3,
                      0x48};  // push es and push cs are gone in 64-bit mode; the last one is cut off
  EXPECT_EQ(capstone().text(code, 0), ".byte  0x06\n.byte  0x0e\nret\n.byte  0x48\n");
  EXPECT_TRUE(capstone().instructions({}, 0).empty());
}

TEST(HostDisassembler, Instructions_AddressesAndBytesCoverAll) {
  const Bytes code = {0x06, 0x48, 0x89, 0xd9, 0xc3};
  const auto all = capstone().instructions(code, 0x40);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].address, 0x41u);
  EXPECT_EQ(all[1].bytes.data(), code.data() + 1);
  EXPECT_EQ(all[1].bytes.size(), 3u);
  EXPECT_EQ(all[2].address, 0x44u);
}

// add ebx, 4; mov qword ptr [rbp - 0x50], rax; mov r8b, r14b; xor ah, sil cannot be encoded, so ah and dl
TEST(HostDisassembler, Names_WholeRegistersAndMemory) {
  const Bytes code = {0x83, 0xc3, 0x04, 0x48, 0x89, 0x45, 0xb0, 0x45,
                      0x88, 0xf0, 0x30, 0xd4, 0x42, 0x8b, 0x04, 0xbf};
  std::string seen;
  const auto name = [&](const Operand& o) {
    seen += o.base + (o.memory ? "@" + std::to_string(o.displacement) : "") + (o.indexed ? "+" : "") + ":" +
            std::to_string(o.size) + " ";
    return std::string(o.memory && o.base == "rbp" && o.displacement == -0x50 ? "t1"
                       : o.base == "rbx"                                      ? "a5"
                                                                              : "");
  };
  const std::string text = capstone().text(code, 0, {.name = name});
  EXPECT_EQ(seen, "rbx:4 rbp@-80:8 rax:8 r8:1 r14:1 rax:1 rdx:1 rax:4 rdi@0+:4 ");
  EXPECT_EQ(text.substr(0, text.find('\n')), "add    ebx, 4                                    ; a5");
  EXPECT_NE(text.find("mov    qword ptr [rbp - 0x50], rax               ; t1\n"), text.npos) << text;
  EXPECT_NE(text.find("mov    r8b, r14b\n"), text.npos) << text;
}

TEST(HostDisassembler, Names_EachOnceALine) {
  const Bytes code = {0x48, 0x01, 0xdb};  // add rbx, rbx
  EXPECT_EQ(one_line(capstone().text(code, 0, {.name = [](const Operand&) { return std::string("a5"); }})),
            "add rbx, rbx ; a5");
}

// Names that are a matter of taste: nops that fill gaps, string operations (their size is in the operand
// too), and what is no instruction.
bool taste(const std::string& judged) {
  for (const char* word : {"nop", "xchgax,ax", "(bad)", "rex.", "rep"})
    if (judged.find(word) != judged.npos) return true;
  return false;
}

// Compiled code, thousands of instructions, from this program: the same boundaries and the same words.
TEST(HostDisassembler, CompiledCode_AsObjdumpSays) {
  constexpr size_t kSize = 20000;
  const auto* const begin = reinterpret_cast<const uint8_t*>(&testing::UnitTest::GetInstance);
  const std::span<const uint8_t> code(begin, kSize);
  const auto judged = test::objdump_x86(code, 0x10000);
  if (!judged) GTEST_SKIP() << "there is no objdump that knows x86-64 (Debian package binutils)";
  const auto ours = capstone().instructions(code, 0x10000);
  unsigned compared = 0;
  for (size_t i = 0; i < std::min(judged->size(), ours.size()); ++i) {
    const test::HostLine& line = (*judged)[i];
    if (line.address + 15 > 0x10000 + kSize) break;  // what is cut off
    ASSERT_EQ(ours[i].address, line.address) << ours[i].mnemonic << " | " << line.text;
    if (taste(line.text)) continue;
    EXPECT_EQ(test::normal(ours[i].mnemonic + " " + ours[i].operands), line.text);
    ++compared;
  }
  EXPECT_GT(compared, 3000u);
}

}  // namespace
}  // namespace vitrine::x86
