// SPDX-License-Identifier: MIT
// The words of the command line: sizes, numbers, dates, processors, disks, and what is said about wrong ones.
#include "app/options.h"

#include <gtest/gtest.h>

#include "app/cpu_option.h"
#include "app/text.h"

namespace vitrine::app {
namespace {

using Words = std::vector<std::string>;

MachineOptions parsed(const Words& words) {
  auto result = parse_words(words, 1);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? result->options : MachineOptions{};
}

// The message that refuses these words.
std::string refused(const Words& words) {
  auto result = parse_words(words, 1);
  if (result.ok()) return "(accepted)";
  EXPECT_EQ(result.error().kind, core::ErrorKind::kUsage);
  return result.error().message;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(ParseSize, Forms_AreBytes) {
  const std::pair<const char*, uint64_t> rows[] = {
      {"128M", 134217728},
      {"128m", 134217728},
      {"2G", 2147483648},
      {"512MiB", 536870912},
      {"512MB", 536870912},
      {"64k", 65536},
      {"1T", 1099511627776},
      {"4096b", 4096},
      {"0x1000", 4096},
      {"1'000", 1000},
      {"17179869183G", 18446744072635809792u},
  };
  for (const auto& [text, bytes] : rows) EXPECT_EQ(parse_size(text), bytes) << text;
  EXPECT_EQ(parse_size("256", 1 << 20), uint64_t{256} << 20);
}

TEST(ParseSize, Nonsense_IsNothing) {
  for (const char* text :
       {"", "M", "-1M", "1.5G", "12X", "1Mb2", "1 M", "17179869184G", "0x", "1e3", "128Mi", "1bb"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(ParseDate, Forms_AreSecondsSince1970) {
  const std::pair<const char*, int64_t> rows[] = {
      {"1970-01-01", 0},
      {"2026-01-01", 1767225600},
      {"2026-01-31T12:30:00", 1769862600},
      {"2026-01-31 12:30:00", 1769862600},
      {"2024-02-29", 1709164800},
      {"@1767225600", 1767225600},
  };
  for (const auto& [text, seconds] : rows) EXPECT_EQ(parse_date(text), seconds) << text;
}

TEST(ParseDate, Nonsense_IsNothing) {
  for (const char* text :
       {"", "yesterday", "2025-02-29", "2026-13-01", "2026-01-01T", "1969-12-31", "@", "@-1", "2026-01-01x"})
    EXPECT_EQ(parse_date(text), std::nullopt) << text;
}

TEST(Nearest, Slips_AreFound) {
  const std::string_view names[] = {"--memory", "--harts", "--max-seconds", "--seed"};
  EXPECT_EQ(nearest("--memroy", names), "--memory");
  EXPECT_EQ(nearest("--mem", names), "--memory");
  EXPECT_EQ(nearest("--hart", names), "--harts");
  EXPECT_EQ(nearest("--max-second", names), "--max-seconds");
  EXPECT_EQ(nearest("--frobnicate", names), "");
}

TEST(ShellWord, AnyText_IsQuotedWhenItMustBe) {
  EXPECT_EQ(shell_word("a/b-c=1,d"), "a/b-c=1,d");
  EXPECT_EQ(shell_word("two words"), "'two words'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(MachineOptions, EachOption_ReachesTheConfiguration) {
  const MachineOptions o = parsed({"--bios",
                                   "none",
                                   "--kernel",
                                   "k",
                                   "--initrd",
                                   "i",
                                   "--append",
                                   "a b",
                                   "--dtb",
                                   "d",
                                   "--dump-dtb",
                                   "out",
                                   "--memory",
                                   "128M",
                                   "--harts",
                                   "4",
                                   "--cpu",
                                   "rv64,zba=off",
                                   "--disk",
                                   "x.img",
                                   "--rng",
                                   "--port-disk",
                                   "y,img,ro",
                                   "--engine",
                                   "interpreter",
                                   "--clock",
                                   "real",
                                   "--seed",
                                   "0x10",
                                   "--date",
                                   "1970-01-02",
                                   "--slice",
                                   "500",
                                   "--input",
                                   "in",
                                   "--max-instructions",
                                   "1'000",
                                   "--max-seconds",
                                   "1.5",
                                   "--state-hash-every",
                                   "9",
                                   "--stats",
                                   "--stats-json",
                                   "s.json",
                                   "--no-reboot"});
  EXPECT_EQ(o.config.bios, "none");
  EXPECT_EQ(o.config.kernel, "k");
  EXPECT_EQ(o.config.initrd, "i");
  EXPECT_EQ(o.config.append, "a b");
  EXPECT_EQ(o.config.dtb, "d");
  EXPECT_EQ(o.dump_dtb, "out");
  EXPECT_EQ(o.config.memory, 128u << 20);
  EXPECT_EQ(o.config.harts, 4u);
  EXPECT_FALSE(o.config.cpu.extensions.has(riscv::Extension::Zba));
  ASSERT_EQ(o.config.virtio.size(), 2u);
  EXPECT_EQ(o.config.virtio[0].path, "x.img");
  EXPECT_EQ(o.config.virtio[1].kind, VirtioConfig::Kind::kRng);
  ASSERT_TRUE(o.config.port_disk.has_value());
  EXPECT_EQ(o.config.port_disk->path, "y,img");
  EXPECT_TRUE(o.config.port_disk->read_only);
  EXPECT_FALSE(o.run.one_console);
  EXPECT_EQ(o.run.clock, ClockMode::kReal);
  EXPECT_EQ(o.config.seed, 16u);
  EXPECT_EQ(o.config.date, 86400);
  EXPECT_EQ(o.config.slice, 500u);
  EXPECT_EQ(o.run.input, "in");
  EXPECT_EQ(o.run.max_instructions, 1000u);
  EXPECT_EQ(o.run.max_seconds, 1.5);
  EXPECT_EQ(o.run.state_hash_every, 9u);
  EXPECT_TRUE(o.run.stats);
  EXPECT_EQ(o.run.stats_json, "s.json");
  EXPECT_FALSE(o.run.reboot);
}

TEST(MachineOptions, VirtioConsole_WritesToTheConsole) {
  const MachineOptions o = parsed({"--virtio-console"});
  ASSERT_EQ(o.config.virtio.size(), 1u);
  EXPECT_EQ(o.config.virtio[0].kind, VirtioConfig::Kind::kConsole);
  EXPECT_TRUE(o.run.one_console);
}

TEST(MachineOptions, DisksKeptAsTheyAre_BecomeSnapshots) {
  MachineOptions o = parsed({"--disk", "a", "--disk", "b,ro", "--rng", "--port-disk", "c"});
  o.config.keep_disks_as_they_are();
  EXPECT_TRUE(o.config.virtio[0].snapshot);
  EXPECT_FALSE(o.config.virtio[1].snapshot);
  EXPECT_FALSE(o.config.virtio[2].snapshot);
  EXPECT_TRUE(o.config.port_disk->snapshot);
}

TEST(MachineOptions, Breaks_AreASet) {
  const MachineOptions o = parsed({"--break", "timer-late,sie-silent", "--untrack-after", "0"});
  EXPECT_TRUE(o.config.breaks.has(core::Break::kTimerLate));
  EXPECT_TRUE(o.config.breaks.has(core::Break::kSieSilent));
  EXPECT_FALSE(o.config.breaks.has(core::Break::kSumIgnored));
  EXPECT_FALSE(o.list_breaks);
  EXPECT_EQ(o.config.untrack_after, 0u);
  EXPECT_TRUE(parsed({"--break", "help"}).list_breaks);
}

TEST(MachineOptions, NothingGiven_Defaults) {
  const MachineOptions o = parsed({});
  EXPECT_EQ(o.config.memory, 512u << 20);
  EXPECT_EQ(o.config.harts, 1u);
  EXPECT_EQ(o.config.slice, 20'000u);
  EXPECT_EQ(o.config.untrack_after, 16u);
  EXPECT_FALSE(o.config.port_disk.has_value());
  EXPECT_FALSE(o.config.breaks.any());
  EXPECT_TRUE(o.config.caching);
  EXPECT_FALSE(o.run.clock.has_value());
  EXPECT_EQ(o.run.max_instructions, core::kNever);
  EXPECT_TRUE(o.run.reboot);
}

TEST(MachineOptions, Forms_EqualsSignAndOtherWordsAnywhere) {
  auto result = parse_words({"--memory=1G", "guest", "--harts=2"}, 1);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->words, Words{"guest"});
  EXPECT_EQ(result->options.config.memory, uint64_t{1} << 30);
  EXPECT_EQ(result->options.config.harts, 2u);
}

TEST(MachineOptions, GivenTwice_TheLastCountsAndDisksAddUp) {
  const MachineOptions o = parsed({"--memory", "64M", "--disk", "a", "--memory", "96M", "--disk", "b"});
  EXPECT_EQ(o.config.memory, 96u << 20);
  ASSERT_EQ(o.config.virtio.size(), 2u);
  EXPECT_EQ(o.config.virtio[1].path, "b");
}

TEST(MachineOptions, WrongValues_AreRefusedWithWhatIsPossible) {
  const struct {
    Words words;
    const char* part;
  } rows[] = {
      {{"--memory", "lots"}, "--memory lots: not a size; sizes look like 128M"},
      {{"--memory", "128G"}, "not between 1M and 64G"},
      {{"--memory", "1048577b"}, "multiple of 4096"},
      {{"--harts", "9"}, "--harts 9: not a whole number from 1 to 8"},
      {{"--harts", "0"}, "from 1 to 8"},
      {{"--harts", "-1"}, "from 1 to 8"},
      {{"--slice", "0"}, "--slice 0"},
      {{"--seed", "abc"}, "--seed abc"},
      {{"--date", "today"}, "2026-01-31"},
      {{"--clock", "fast"}, "paced, virtual, real"},
      {{"--break", "timer-lat"}, "did you mean timer-late?"},
      {{"--break", ""}, "there is no such break"},
      {{"--untrack-after", "-1"}, "--untrack-after -1"},
      {{"--engine", "lokstep"}, "did you mean lockstep?"},
      {{"--engine", "interpeter"}, "did you mean interpreter?"},
      {{"--max-seconds", "0"}, "greater than 0"},
      {{"--max-seconds", "nan"}, "greater than 0"},
      {{"--max-instructions", "0"}, "at least 1"},
      {{"--cpu", "rv64,zbb=maybe"}, "zbb=on or zbb=off"},
      {{"--disk", ",ro"}, "there is no file"},
      {{"--disk", "f,ro,snapshot"}, "exclude each other"},
      {{"--disk", "f,slot=8"}, "0 to 7"},
      {{"--port-disk", ",ro"}, "--port-disk ,ro: there is no file"},
      {{"--port-disk", "f,snapshot,ro"}, "exclude each other"},
      {{"--bios", ""}, "none, builtin"},
  };
  for (const auto& row : rows) EXPECT_TRUE(has(refused(row.words), row.part)) << refused(row.words);
}

TEST(MachineOptions, UnknownOption_NearestIsNamed) {
  EXPECT_TRUE(has(refused({"--memroy", "1G"}), "--memroy; did you mean --memory?"))
      << refused({"--memroy", "1G"});
  EXPECT_TRUE(has(refused({"-memory=1G"}), "did you mean --memory?")) << refused({"-memory=1G"});
  EXPECT_TRUE(has(refused({"--frobnicate"}), "There is no option --frobnicate."))
      << refused({"--frobnicate"});
}

TEST(MachineOptions, MissingValue_IsRefused) {
  EXPECT_TRUE(has(refused({"--memory"}), "--memory")) << refused({"--memory"});
}

TEST(MachineOptions, TooManyWords_TheExtraOneIsNamed) {
  EXPECT_TRUE(has(refused({"one", "two"}), "'two'")) << refused({"one", "two"});
}

TEST(MachineOptions, ControlCharacters_NeverReachTheTerminal) {
  const std::string message = refused({"--memory", "\x1b[2J"});
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

TEST(ParseDisk, Forms_AreRead) {
  auto disk = parse_disk("my,odd,name.img,snapshot,slot=0");
  ASSERT_TRUE(disk.ok());
  EXPECT_EQ(disk->path, "my,odd,name.img");
  EXPECT_TRUE(disk->snapshot);
  EXPECT_EQ(disk->slot, 0);
  disk = parse_disk("a.img,ro");
  ASSERT_TRUE(disk.ok());
  EXPECT_TRUE(disk->read_only);
  EXPECT_EQ(disk->slot, -1);
}

TEST(ParseCpu, Lists_AreApplied) {
  const auto cpu = [](const char* text) {
    auto result = parse_cpu(text);
    EXPECT_TRUE(result.ok()) << text << ": " << (result.ok() ? "" : result.error().message);
    return result.ok() ? *result : riscv::HartConfig{};
  };
  using riscv::Extension;
  EXPECT_EQ(cpu("rv64").max_levels, 3);
  EXPECT_EQ(cpu("max").max_levels, 5);
  EXPECT_EQ(cpu("rv64,sv48=on").max_levels, 4);
  EXPECT_EQ(cpu("sv57=on,sv57=off").max_levels, 4);
  EXPECT_EQ(cpu("max,sv48=off").max_levels, 3);
  EXPECT_FALSE(cpu("rv64,pmp=false").pmp);
  EXPECT_TRUE(cpu("rv64,svade=on,svadu=off").svade);
  EXPECT_FALSE(cpu("rv64,svadu=on").svade);
  EXPECT_FALSE(cpu("rv64").sscofpmf);
  EXPECT_TRUE(cpu("rv64,sscofpmf=on").sscofpmf);
  EXPECT_TRUE(cpu("max").sscofpmf);
  EXPECT_FALSE(cpu("-zbb").extensions.has(Extension::Zbb));
  EXPECT_TRUE(cpu("rv64,zbb=off,+zbb").extensions.has(Extension::Zbb));
  EXPECT_FALSE(cpu("ZBB=off").extensions.has(Extension::Zbb));
  // What needs F goes with it.
  for (const Extension e : {Extension::F, Extension::D, Extension::Zfh, Extension::Zfhmin})
    EXPECT_FALSE(cpu("rv64,f=off").extensions.has(e));
  EXPECT_FALSE(cpu("rv64,zfhmin=off").extensions.has(Extension::Zfh));
}

TEST(ParseCpu, WrongWords_AreRefused) {
  for (const char* text :
       {"rv32", "rv64,frob=on", "rv64,i=off", "rv64,zicsr=off", "rv64,f=off,d=on", "sifive-u54"})
    EXPECT_FALSE(parse_cpu(text).ok()) << text;
  EXPECT_TRUE(has(parse_cpu("rv64,zzb=on").error().message, "did you mean zbb?"));
}

}  // namespace
}  // namespace vitrine::app
