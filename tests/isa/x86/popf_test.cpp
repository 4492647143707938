// SPDX-License-Identifier: MIT
// POPF in user mode, on this host: no fault, other flags change, IF does not (Intel SDM volume 2, POPF: CPL >
// IOPL).
#include "isa/x86/popf.h"

#include <gtest/gtest.h>

#include <csignal>

namespace vitrine::x86 {
namespace {

TEST(Popf, InUserMode_LeavesTheInterruptFlagAndDoesNotTrap) {
  const Popf seen = execute_popf();
  EXPECT_EQ(seen.cpl, 3u);
  EXPECT_LT(seen.iopl, 3u);
  EXPECT_FALSE(seen.trapped);
  EXPECT_EQ(seen.before ^ seen.wanted, kInterruptFlag | kCarryFlag);
  EXPECT_TRUE(seen.carry_changed()) << "popf did something";
  EXPECT_FALSE(seen.interrupt_flag_changed());
}

TEST(Popf, HandlerOfFaults_IsAsBefore) {
  struct sigaction before = {}, after = {};
  sigaction(SIGSEGV, nullptr, &before);
  (void)execute_popf();
  sigaction(SIGSEGV, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

}  // namespace
}  // namespace vitrine::x86
