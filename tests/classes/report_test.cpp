// SPDX-License-Identifier: MIT
// The three forms: every name is in each, and a disagreement is not lost in any.
#include "classes/report.h"

#include <gtest/gtest.h>

namespace vitrine::classes {
namespace {

Report with_popf() {
  Report report;
  report.x86.push_back({"popf", riscv::kCtrl | riscv::kBehav, "a reason", "a section", {}, "a note"});
  return report;
}

TEST(Report, EveryName_IsInEveryForm) {
  const Report report = with_popf();
  const std::string table = as_table(report), json = as_json(report), page = as_page(report);
  for (const std::string& name : names(report)) {
    EXPECT_NE(table.find("\n" + name + " "), std::string::npos) << name;
    EXPECT_NE(json.find("\"name\": \"" + name + "\""), std::string::npos) << name;
    EXPECT_NE(page.find(">" + name + "<") == std::string::npos ? page.find(">" + name + " <") : 0,
              std::string::npos)
        << name;
  }
}

TEST(Report, Page_NeedsNothingElse) {
  const std::string page = as_page(with_popf());
  for (const char* outside : {"http:", "https:", "src=", "href=", "<script", "url(", "@import"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
}

TEST(Report, Disagreement_IsInJsonAndPage) {
  Report report = with_popf();
  report.measured = measure([](riscv::Hart& hart, uint32_t bits, const std::function<void()>& really) {
    if (bits == 0x10200073 && hart.privilege == Privilege::kUser)
      hart.pc += 4;  // sret, silent in U
    else
      really();
  });
  report.disagreements = report.measured->disagreements;
  ASSERT_EQ(report.disagreements.size(), 1u);
  EXPECT_NE(as_json(report).find("\"text\": \"sret: (i) the column says"), std::string::npos);
  EXPECT_NE(as_page(report).find("Measurement and column disagree"), std::string::npos);
  EXPECT_NE(as_table(report).find("not as the columns say: sret."), std::string::npos);
}

TEST(Report, Witness_OfAnUnknownName_IsNothing) {
  EXPECT_FALSE(as_witness(with_popf(), "hlt"));
  EXPECT_TRUE(as_witness(with_popf(), "popf"));
  EXPECT_TRUE(as_witness(with_popf(), "mhpmcounter7"));
}

}  // namespace
}  // namespace vitrine::classes
