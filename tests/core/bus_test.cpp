// SPDX-License-Identifier: MIT
// The bus: what may be plugged in where, and which accesses reach a device.
#include "core/bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace vitrine::core {
namespace {

// Writes down what reaches it; reads give the offset.
class Probe : public Device {
 public:
  explicit Probe(std::string name, unsigned widths = 1 | 2 | 4 | 8)
      : name_(std::move(name)), widths_(widths) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const RegisterRow> registers() const override { return {}; }
  [[nodiscard]] unsigned widths() const override { return widths_; }
  uint64_t read(uint64_t offset, unsigned width) override {
    log += fmt::format("r{:x}/{} ", offset, width);
    return offset;
  }
  void write(uint64_t offset, unsigned width, uint64_t value) override {
    log += fmt::format("w{:x}/{}={:x} ", offset, width, value);
  }
  [[nodiscard]] uint64_t peek(uint64_t offset, unsigned) const override { return offset + 1000; }
  void reset() override {}
  void serialize(Archive&) override {}
  std::string log;

 private:
  std::string name_;
  unsigned widths_;
};

TEST(Bus, Access_ReachesTheDeviceByOffset) {
  Probe uart("uart"), plic("plic");
  Bus bus;
  ASSERT_TRUE(bus.plug({0x10000000}, 0x100, uart).ok());
  ASSERT_TRUE(bus.plug({0xc000000}, 0x600000, plic).ok());
  EXPECT_EQ(bus.read({0x10000004}, 4), 4u);
  EXPECT_TRUE(bus.write({0xc200004}, 4, 0xabc));
  EXPECT_EQ(uart.log, "r4/4 ");
  EXPECT_EQ(plic.log, "w200004/4=abc ");
}

TEST(Bus, Edges_AreExact) {
  Probe a("a"), b("b");
  Bus bus;
  ASSERT_TRUE(bus.plug({0x2000}, 0x1000, b).ok());
  ASSERT_TRUE(bus.plug({0x1000}, 0x1000, a).ok()) << "neighbours touch and do not overlap";
  EXPECT_EQ(bus.find({0xfff}), nullptr);
  EXPECT_EQ(bus.find({0x1000})->device, &a);
  EXPECT_EQ(bus.find({0x1fff})->device, &a);
  EXPECT_EQ(bus.find({0x2000})->device, &b);
  EXPECT_EQ(bus.find({0x2fff})->device, &b);
  EXPECT_EQ(bus.find({0x3000}), nullptr);
  EXPECT_EQ(bus.find({0}), nullptr);
  EXPECT_EQ(bus.find({~uint64_t{0}}), nullptr);
  EXPECT_EQ(bus.mappings().front().device, &a) << "in order of address";
}

TEST(Bus, Overlap_IsRefusedAndNamesBoth) {
  Probe a("uart0"), b("rtc0");
  for (const auto& [base, size] : {std::pair{0x1000, 0x1000},
                                   {0x1fff, 1},
                                   {0x1000, 1},
                                   {0x1800, 0x100},
                                   {0x0, 0x1001},
                                   {0x0, 0x10000},
                                   {0x1fff, 0x1000}}) {
    Bus bus;
    ASSERT_TRUE(bus.plug({0x1000}, 0x1000, a).ok());
    const auto plugged = bus.plug({static_cast<uint64_t>(base)}, static_cast<uint64_t>(size), b);
    ASSERT_FALSE(plugged.ok()) << base << " " << size;
    EXPECT_THAT(plugged.error().message, ::testing::HasSubstr("rtc0"));
    EXPECT_THAT(plugged.error().message, ::testing::HasSubstr("overlaps uart0 at 0x1000"));
    EXPECT_EQ(bus.mappings().size(), 1u);
  }
}

TEST(Bus, Ranges_MustExist) {
  Probe a("a");
  Bus bus;
  EXPECT_FALSE(bus.plug({0x1000}, 0, a).ok());
  EXPECT_FALSE(bus.plug({~uint64_t{0} - 0xfff}, 0x1001, a).ok()) << "it wraps around";
  EXPECT_FALSE(bus.plug({2}, ~uint64_t{0}, a).ok());
}

TEST(Bus, LastRangeOfTheAddressSpace_Works) {
  Probe a("a"), b("b");
  Bus bus;
  ASSERT_TRUE(bus.plug({~uint64_t{0} - 0xfff}, 0x1000, a).ok());
  EXPECT_EQ(bus.read({~uint64_t{0}}, 1), 0xfffu);
  EXPECT_FALSE(bus.plug({~uint64_t{0}}, 1, b).ok());
}

TEST(Bus, NothingThere_IsABusError) {
  Probe a("a");
  Bus bus;
  EXPECT_EQ(bus.read({0x1000}, 4), std::nullopt);
  ASSERT_TRUE(bus.plug({0x1000}, 0x100, a).ok());
  EXPECT_EQ(bus.read({0x1100}, 4), std::nullopt);
  EXPECT_FALSE(bus.write({0xffc}, 4, 1));
  EXPECT_EQ(bus.peek({0x1100}, 4), std::nullopt);
  EXPECT_EQ(a.log, "");
}

TEST(Bus, Widths_AreTheDevices) {
  for (const unsigned widths : {1u, 4u, 4u | 8u, 1u | 2u | 4u}) {
    Probe a("a", widths);
    Bus bus;
    ASSERT_TRUE(bus.plug({0x1000}, 0x100, a).ok());
    for (const unsigned width : {1u, 2u, 4u, 8u}) {
      const bool answers = (widths & width) != 0;
      EXPECT_EQ(bus.read({0x1010}, width).has_value(), answers) << widths << " " << width;
      EXPECT_EQ(bus.write({0x1010}, width, 0), answers);
      EXPECT_EQ(bus.peek({0x1010}, width).has_value(), answers);
    }
  }
}

TEST(Bus, MisalignedAccess_IsABusError) {
  Probe a("a");
  Bus bus;
  ASSERT_TRUE(bus.plug({0x1000}, 0x100, a).ok());
  for (const unsigned width : {2u, 4u, 8u})
    for (unsigned offset = 0; offset < 16; ++offset) {
      EXPECT_EQ(bus.read({0x1000 + offset}, width).has_value(), offset % width == 0);
      EXPECT_EQ(bus.write({0x1000 + offset}, width, 0), offset % width == 0);
    }
}

TEST(Bus, AccessOverTheEnd_IsABusError) {
  Probe a("a"), b("b");
  Bus bus;
  ASSERT_TRUE(bus.plug({0x1000}, 0x14, a).ok());  // a range that is no multiple of 8
  ASSERT_TRUE(bus.plug({0x1014}, 0x100, b).ok());
  EXPECT_EQ(bus.read({0x1010}, 4), 0x10u);
  EXPECT_EQ(bus.read({0x1010}, 8), std::nullopt);
  EXPECT_FALSE(bus.write({0x1010}, 8, 0));
  EXPECT_EQ(b.log, "");
}

TEST(Bus, Peek_HasNoSideEffect) {
  Probe a("a");
  Bus bus;
  ASSERT_TRUE(bus.plug({0x1000}, 0x100, a).ok());
  EXPECT_EQ(bus.peek({0x1008}, 8), 1008u);
  EXPECT_EQ(a.log, "");
}

TEST(FindRegister, RowsAndRanges) {
  static constexpr RegisterRow kRows[] = {
      {"control", 0, 4, true, true, ""},
      {"priority", 0x100, 4, true, true, "", 3, 4},
      {"sparse", 0x200, 4, true, true, "", 2, 0x10},
  };
  const auto name = [](uint64_t offset) -> std::string_view {
    const RegisterRow* row = find_register(kRows, offset);
    return row ? row->name : "none";
  };
  EXPECT_EQ(name(0), "control");
  EXPECT_EQ(name(3), "control");
  EXPECT_EQ(name(4), "none");
  EXPECT_EQ(name(0x100), "priority");
  EXPECT_EQ(name(0x10b), "priority");
  EXPECT_EQ(name(0x10c), "none");
  EXPECT_EQ(name(0x213), "sparse");
  EXPECT_EQ(name(0x204), "none") << "between two registers of a range";
  EXPECT_EQ(name(0x220), "none");
}

}  // namespace
}  // namespace vitrine::core
