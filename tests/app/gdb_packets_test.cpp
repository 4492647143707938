// SPDX-License-Identifier: MIT
// gdb's remote protocol as bytes and as commands: what the manual's words about packets say, and that no bytes whatever end in a
// crash or a hang. The program under a real gdb: gdb_test.py.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "app/debug/gdb_listener.h"
#include "app/debug/gdb_packets.h"
#include "app/debug/gdb_stub.h"
#include "app/program.h"
#include "tests/app/guests.h"

namespace vitrine::app::gdb {
namespace {

// By the manual's words, in another way than the program does it.
std::string unpacked(std::string_view packet) {
  EXPECT_EQ(packet.front(), '$');
  const size_t end = packet.rfind('#');
  unsigned sum = 0;
  std::string data;
  for (size_t i = 1; i < end; ++i) {
    sum += static_cast<uint8_t>(packet[i]);
    if (packet[i] == '}') {
      sum += static_cast<uint8_t>(packet[++i]);
      data += static_cast<char>(packet[i] ^ 0x20);
    } else if (packet[i] == '*') {
      const char count = packet[++i];
      EXPECT_TRUE(count >= ' ' && count <= '~' && count != '#' && count != '$') << static_cast<int>(count);
      sum += static_cast<uint8_t>(count);
      data.append(static_cast<size_t>(count - 29), data.back());
    } else {
      EXPECT_NE(packet[i], '$');
      data += packet[i];
    }
  }
  char text[3];
  std::snprintf(text, sizeof text, "%02x", sum & 0xff);
  EXPECT_EQ(packet.substr(end + 1), text);
  return data;
}

TEST(GdbPackets, Framed_Text_HasTheManualsChecksum) {
  EXPECT_EQ(framed("OK"), "$OK#9a");
  EXPECT_EQ(framed(""), "$#00");
  EXPECT_EQ(framed("a#b"), "$a}\x03" "b#43");  // 61 7d 03 62
}

TEST(GdbPackets, Framed_RunsOfEachLength_AreThoseBytes) {
  for (size_t length = 1; length < 300; ++length)
    for (const char c : {'0', 'f', '\0', '}', '*', '\xff'}) {
      const std::string data = "x" + std::string(length, c) + "y";
      EXPECT_EQ(unpacked(framed(data)), data) << length;
    }
  EXPECT_LT(framed(std::string(200, '0')).size(), 20u);
}

TEST(GdbPackets, Reader_PiecesOfAStream_GivesPacketsAndInterrupts) {
  const std::string stream = "+$qC#b4+\x03$m0,4#fd$X0,1:}\x03#9f$OK#00-$cut$OK#9a";
  for (size_t piece = 1; piece < stream.size(); ++piece) {
    PacketReader reader;
    std::vector<std::string> got;
    for (size_t at = 0; at < stream.size(); at += piece) {
      reader.put(std::string_view(stream).substr(at, piece));
      while (const auto item = reader.next()) got.push_back(std::to_string(static_cast<int>(item->kind)) + item->data);
    }
    EXPECT_EQ(got, (std::vector<std::string>{"0qC", "1", "0m0,4", "0X0,1:#", "3", "2", "0OK"})) << piece;
  }
}

TEST(GdbPackets, Reader_PacketWithoutEnd_TakesNoMoreThanAPacketsSize) {
  PacketReader reader;
  reader.put("$" + std::string(kPacketSize + 1, 'a'));
  uint8_t sum = 0;
  for (size_t i = 0; i <= kPacketSize; ++i) sum = static_cast<uint8_t>(sum + 'a');
  char text[4];
  std::snprintf(text, sizeof text, "#%02x", sum);
  reader.put(text);
  EXPECT_EQ(reader.next()->kind, Item::Kind::kDamaged);
}

TEST(GdbPackets, Numbers_OfMoreThan64Bits_AreNone) {
  std::string_view text = "ffffffffffffffff,";
  EXPECT_EQ(take_hex(text), ~uint64_t{0});
  EXPECT_EQ(text, ",");
  text = "10000000000000000";
  EXPECT_FALSE(take_hex(text));
  EXPECT_EQ(from_hex("0aFf"), std::string("\x0a\xff"));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(GdbAddress, Texts_AreAddresses) {
  EXPECT_EQ(parse_address("")->port, 1234);
  EXPECT_EQ(parse_address(":5")->port, 5);
  EXPECT_EQ(parse_address(":5")->host, "127.0.0.1");
  EXPECT_EQ(parse_address("tcp::26000")->port, 26000);
  EXPECT_EQ(parse_address("tcp:0.0.0.0:7")->host, "0.0.0.0");
  EXPECT_EQ(parse_address("[::1]:7")->host, "::1");
  EXPECT_EQ(parse_address("unix:/tmp/x")->path, "/tmp/x");
  for (const char* text : {":", "tcp:", ":65536", "host", "unix:", "tcp::x", ":-1"}) EXPECT_FALSE(parse_address(text)) << text;
}

class GdbStub : public testing::Test {
 protected:
  [[nodiscard]] virtual std::vector<std::string> more_words() const { return {"--max-instructions", "5000"}; }
  // A loop that counts, stores and calls nobody; it ends at a limit, so that no motion is long.
  GdbStub() {
    const test::Words words = {
        0x00000297,  // auipc t0, 0
        0x00150513,  // addi  a0, a0, 1
        0x10a2b023,  // sd    a0, 0x100(t0)
        0xff9ff06f,  // j     .-8
    };
    const auto image = test::raw_image(words);
    std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
  }
  void SetUp() override {
    std::vector<std::string> words = {"--kernel", file, "--bios", "none", "--memory", "4M", "--no-keep"};
    for (const std::string& word : more_words()) words.push_back(word);
    auto read = read_run_words("vitrine", words);
    EXPECT_TRUE(read) << read.error().message;
    read->options.run.console = -1;
    read->options.run.standard_input = false;
    read->options.run.stop_signals = false;
    auto made = Debuggee::of_new(read->options);
    EXPECT_TRUE(made) << made.error().message;
    debuggee = std::move(*made);
    stub = std::make_unique<Stub>(*debuggee, [this](std::string_view data) { said += data; }, Stub::Options{});
    stub->begin();
    // Through the board's boot ROM.
    ask("Z0,80000000,4");
    ask("c");
    ask("z0,80000000,4");
    first = debuggee->now();
  }
  // Of a register, as the answer to `p` says it.
  static std::string word(uint64_t value) { return fmt::format("{:016x}", __builtin_bswap64(value)); }
  ~GdbStub() override { std::filesystem::remove(file); }

  std::string ask(std::string_view packet) {
    said.clear();
    stub->handle(packet);
    return said;
  }

  const std::string file = testing::TempDir() + "gdb_stub." + std::to_string(getpid());
  std::unique_ptr<Debuggee> debuggee;
  std::string said;
  core::Step first = 0;  // of the guest's own
  std::unique_ptr<Stub> stub;
};

TEST_F(GdbStub, Steps_ForwardsAndBack_ShowTheRegisters) {
  EXPECT_EQ(ask("?"), "T05thread:1;");
  EXPECT_EQ(ask("p20"), "0000008000000000");
  EXPECT_EQ(ask("s"), "T05thread:1;");
  EXPECT_EQ(ask("p20"), "0400008000000000");
  EXPECT_EQ(ask("p5"), "0000008000000000");  // t0
  EXPECT_EQ(ask("bs"), "T05thread:1;");
  EXPECT_EQ(ask("p20"), "0000008000000000");
  for (core::Step i = 0; i < first; ++i) EXPECT_EQ(ask("bs"), "T05thread:1;");
  EXPECT_EQ(ask("bs"), "T05thread:1;replaylog:begin;");
  EXPECT_EQ(ask("m80000000,4"), "97020000");
  EXPECT_EQ(ask("m1,4"), "E14");
}

// The store has been made when a watch point stops forwards, and not yet backwards.
TEST_F(GdbStub, WatchPoint_BothWays_IsTold) {
  EXPECT_EQ(ask("Z2,80000100,8"), "OK");
  EXPECT_EQ(ask("c"), "T05thread:1;watch:80000100;");
  EXPECT_EQ(ask("m80000100,1"), "01");
  EXPECT_NE(ask("c").find("watch:"), said.npos);
  EXPECT_EQ(ask("m80000100,1"), "02");
  EXPECT_NE(ask("bc").find("watch:"), said.npos);
  EXPECT_EQ(ask("m80000100,1"), "01");
  EXPECT_EQ(ask("z2,80000100,8"), "OK");
  EXPECT_NE(ask("bc").find("replaylog:begin;"), said.npos);
}

TEST_F(GdbStub, Writes_AtTheEdge_AreInputs_AndNotInThePast) {
  EXPECT_EQ(ask("Pa=3412000000000000"), "OK");
  EXPECT_EQ(ask("M80000100,2:beef"), "OK");
  EXPECT_EQ(ask("m80000100,2"), "beef");
  EXPECT_EQ(ask("X80000100,1:\xff"), "OK");
  EXPECT_EQ(ask("s"), "T05thread:1;");
  EXPECT_EQ(ask("s"), "T05thread:1;");
  EXPECT_EQ(ask("pa"), "3512000000000000");
  EXPECT_EQ(ask("m80000100,2"), "ffef");
  EXPECT_EQ(ask("bs"), "T05thread:1;");
  EXPECT_EQ(ask("pa"), "3412000000000000");
  EXPECT_TRUE(ask("Pa=0000000000000000").starts_with("E.The past cannot be changed")) << said;
  EXPECT_EQ(ask("s"), "T05thread:1;");
  EXPECT_EQ(ask("pa"), "3512000000000000");
  EXPECT_EQ(ask("Pa=0000000000000000"), "OK");
  EXPECT_EQ(ask(fmt::format("P{:x}=0200000000000000", kRegPrivilege)), "E.That cannot be written: there is no such privilege: 0 is U, 1 S, 3 M.");
}

TEST_F(GdbStub, WhatIsNotKnown_IsAnsweredWithNothing) {
  for (const char* packet : {"", "vMustReplyEmpty", "qCRC:0,1", "qTStatus", "vCont?x", "y", "Z5,0,0", "QNonStop:1"}) EXPECT_EQ(ask(packet), "") << packet;
}

TEST_F(GdbStub, End_OfTheGuest_IsAMomentLikeOthers) {
  EXPECT_NE(ask("c").find("replaylog:end;"), said.npos) << said;
  EXPECT_EQ(ask(fmt::format("p{:x}", kRegEnd)), "8813000000000000");  // 5000
  EXPECT_EQ(ask("bs"), "T05thread:1;");
  EXPECT_EQ(ask(fmt::format("p{:x}", kRegEnd)), "8713000000000000");
}

class GdbStubOfHarts : public GdbStub {
 protected:
  [[nodiscard]] std::vector<std::string> more_words() const override {
    return {"--max-instructions", "5000", "--harts", "2", "--slice", "1000"};
  }
};

// The turn of the other hart has begun there, and none of its steps is made.
TEST_F(GdbStubOfHarts, BreakPoint_BeforeTheFirstStepOfATurn_CanBeLeftAndComeBackTo) {
  const std::string step = fmt::format("p{:x}", kRegEnd);
  EXPECT_EQ(ask("Z0,1000,4"), "OK");
  EXPECT_EQ(ask("c"), "T05thread:2;");
  EXPECT_EQ(ask(step), word(1000));
  EXPECT_EQ(ask("P1c=" + word(0x1234)), "OK");  // t3
  EXPECT_EQ(ask("bs"), "T05thread:2;replaylog:begin;");
  EXPECT_EQ(ask("c"), "T05thread:2;");
  EXPECT_EQ(ask(step), word(1000));
  EXPECT_EQ(ask("s"), "T05thread:2;");
  EXPECT_EQ(ask("p1c"), word(0x1234));
  EXPECT_EQ(ask("Hg1"), "OK");
  EXPECT_EQ(ask("P1c=" + word(0x77)), "OK");
  EXPECT_EQ(ask("bs"), "T05thread:2;");
  EXPECT_EQ(ask(step), word(1000));
  EXPECT_EQ(ask("Hg1"), "OK");
  EXPECT_EQ(ask("p1c"), word(0));
  EXPECT_EQ(ask("vCont;s:1"), "T05thread:1;");
  EXPECT_EQ(ask("p1c"), word(0x77));
  EXPECT_EQ(ask(step), word(2001));  // its turn came first
  EXPECT_NE(ask("c").find("replaylog:end;"), said.npos) << said;
  EXPECT_EQ(ask("qThreadExtraInfo,2"), to_hex("hart 1: running in M mode"));
  EXPECT_EQ(ask("qfThreadInfo"), "m1,2");
}

// What a gdb says, changed at random: no crash, no hang, and the stub still answers.
TEST_F(GdbStub, Fuzz_TenThousandMutations_StillAnswers) {
  const std::vector<std::string> seeds = {
      "qSupported:multiprocess+;swbreak+;hwbreak+", "vCont;s:p1.1;c", "vCont;c", "vCont;C05:1;t:p1.-1", "Z0,80000004,2", "Z1,80000008,4",
      "Z2,80000100,8", "Z3,80000100,1", "Z4,80000100,ffffffffffffffff", "z0,80000004,2", "z2,80000100,8", "m80000000,40", "mffffffffffffffff,10",
      "M80000100,4:01020304", "X80000100,3:a}\x03", "g", "G0000000000000000", "p20", "p1042", "P5=0102030405060708", "P1042=0a00000000000000",
      "P41=0100000000000000", "P1c2=ffffffffffffffff", "P342=0000000000000080", "Hgp1.1", "Hc-1", "Tp1.1", "qThreadExtraInfo,p1.1", "qXfer:features:read:target.xml:0,ffb",
      "qXfer:memory-map:read::0,ffff", "qRcmd,676f746f20313030", "qRcmd,7374657020", "Qqemu.PhyMemMode:1", "Qqemu.sstep=7", "bs", "bc", "c80000000", "s", "C05;80000004",
      "?", "R00", "vAttach;1", "qfThreadInfo", "qsThreadInfo", "qC", "!"};
  std::mt19937_64 random(1);
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (unsigned i = 0; i < 10'000; ++i) {
    std::string packet = seeds[below(seeds.size())];
    for (size_t changes = below(4); changes != 0; --changes) {
      const size_t at = below(packet.size() + 1);
      switch (below(4)) {
        case 0: packet.insert(at, 1, static_cast<char>(random())); break;
        case 1: packet.insert(at, seeds[below(seeds.size())].substr(0, below(12))); break;
        case 2: packet.erase(at, below(6)); break;
        default:
          if (at < packet.size()) packet[at] = static_cast<char>(packet[at] ^ 1 << below(8));
      }
    }
    // As bytes, too: whole, and with one of them changed.
    std::string stream = framed(packet);
    if (below(2) == 0) stream[below(stream.size())] = static_cast<char>(random());
    PacketReader reader;
    reader.put(stream);
    while (const auto item = reader.next())
      if (item->kind == Item::Kind::kPacket) ask(item->data);
  }
  EXPECT_EQ(ask("vMustReplyEmpty"), "");
  EXPECT_EQ(ask("?").substr(0, 3), "T05");
}

}  // namespace
}  // namespace vitrine::app::gdb
