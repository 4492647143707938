// SPDX-License-Identifier: MIT
// Files with names of generated code; what a whole run writes, and what perf makes of it:
// tests/app/host_tools_test.py.
#include "isa/x86/host_tools.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace vitrine::x86 {
namespace {

std::string map_path() { return fmt::format("/tmp/perf-{}.map", getpid()); }

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::span<const uint8_t> piece(uint64_t at, size_t size) {
  return {reinterpret_cast<const uint8_t*>(at), size};
}

struct PerfMapFile : testing::Test {
  void TearDown() override { unlink(map_path().c_str()); }
};

TEST_F(PerfMapFile, Added_ALineEach) {
  auto tools = HostTools::create({.perf_map = true});
  ASSERT_TRUE(tools.ok());
  (*tools)->added("guest_U_10000", piece(0x7f0000001000, 0x30));
  (*tools)->added("guest_S_ffffffff80000000", piece(0x7f0000001030, 0xa));
  EXPECT_EQ(text_of(map_path()), "7f0000001000 30 guest_U_10000\n7f0000001030 a guest_S_ffffffff80000000\n");
  EXPECT_EQ((*tools)->problem(), "");
}

TEST_F(PerfMapFile, Forgotten_WhatIsLeftAndWhatComes) {
  auto tools = HostTools::create({.perf_map = true});
  ASSERT_TRUE(tools.ok());
  (*tools)->added("thunk", piece(0x1000, 16));
  (*tools)->added("old", piece(0x2000, 16));
  (*tools)->forgotten(piece(0x2000, 0).data());
  EXPECT_EQ(text_of(map_path()), "1000 10 thunk\n");
  (*tools)->added("new", piece(0x2000, 32));
  EXPECT_EQ(text_of(map_path()), "1000 10 thunk\n2000 20 new\n");
}

// The folder is everybody's: a link that waits there must not lead us to somebody's file.
TEST_F(PerfMapFile, ALinkInItsPlace_IsReplaced) {
  const std::string victim = testing::TempDir() + "vitrine-victim";
  std::ofstream(victim) << "mine";
  ASSERT_EQ(symlink(victim.c_str(), map_path().c_str()), 0);
  {
    auto tools = HostTools::create({.perf_map = true});
    ASSERT_TRUE(tools.ok());
    (*tools)->added("a", piece(0x1000, 1));
  }
  EXPECT_EQ(text_of(victim), "mine");
  struct stat info {};
  ASSERT_EQ(lstat(map_path().c_str(), &info), 0);
  EXPECT_TRUE(S_ISREG(info.st_mode));
  unlink(victim.c_str());
}

}  // namespace
}  // namespace vitrine::x86
