// SPDX-License-Identifier: MIT
// Types by BTF: members are found where the format says, and whatever is in the file, nothing but a type is
// found. The bytes are written here by the format's description; a real kernel's are read in
// processes_test.py.
#include "app/kernel_types.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace vitrine::app {
namespace {

using Bytes = std::vector<std::byte>;

// Types in the order of their numbers, from 1 on.
class Btf {
 public:
  uint32_t type(const char* name, uint32_t kind, uint32_t entries, uint32_t size_or_type,
                std::vector<uint32_t> more = {}, bool flag = false) {
    for (const uint32_t word : {text(name), uint32_t{flag} << 31 | kind << 24 | entries, size_or_type})
      types_.push_back(word);
    types_.insert(types_.end(), more.begin(), more.end());
    return ++count_;
  }
  uint32_t text(const char* name) {
    if (*name == '\0') return 0;
    const auto at = static_cast<uint32_t>(names_.size());
    names_ += name;
    names_ += '\0';
    return at;
  }
  [[nodiscard]] Bytes file() const {
    const auto types = static_cast<uint32_t>(types_.size() * 4), names = static_cast<uint32_t>(names_.size());
    Bytes file(100, std::byte{0x9f});  // what is before it
    const uint32_t header[] = {0x0001eb9f, 24, 0, types, types, names};
    add(file, header, sizeof header);
    add(file, types_.data(), types);
    add(file, names_.data(), names);
    file.resize(file.size() + 50);
    return file;
  }

 private:
  static void add(Bytes& to, const void* from, size_t size) {
    const auto* begin = static_cast<const std::byte*>(from);
    to.insert(to.end(), begin, begin + size);
  }
  std::vector<uint32_t> types_;
  std::string names_ = std::string(1, '\0');
  uint32_t count_ = 0;
};

enum : uint32_t {
  kInt = 1,
  kPointer = 2,
  kArray = 3,
  kStruct = 4,
  kUnion = 5,
  kForward = 7,
  kTypedef = 8,
  kConst = 10
};

// struct task { const int state; unsigned flag : 1; union { struct { name_t comm; }; long raw; }; struct
// task* next; }
Btf task() {
  Btf btf;
  const uint32_t integer = btf.type("int", kInt, 0, 4, {32});
  const uint32_t character = btf.type("char", kInt, 0, 1, {8});
  const uint32_t text = btf.type("", kArray, 0, 0, {character, integer, 16});
  const uint32_t name = btf.type("name_t", kTypedef, 0, text);
  const uint32_t constant = btf.type("", kConst, 0, integer);
  const uint32_t inner = btf.type("", kStruct, 1, 16, {btf.text("comm"), name, 0});
  const uint32_t both = btf.type("", kUnion, 2, 16, {0, inner, 0, btf.text("raw"), integer, 0});
  btf.type("task", kForward, 0, 0);
  const uint32_t pointer = btf.type("", kPointer, 0, 10);
  btf.type("task", kStruct, 4, 40,
           {btf.text("state"), constant, 0, btf.text("flag"), integer, 1u << 24 | 32, 0, both, 64,
            btf.text("next"), pointer, 192},
           true);
  return btf;
}

TEST(BtfTypes, Members_AreFoundWhereTheyAre) {
  const auto types = btf_types(task().file());
  ASSERT_TRUE(types);
  const auto found = types->structure("task");
  ASSERT_TRUE(found);
  EXPECT_EQ(types->size(*found), 40u);
  const auto state = types->member(*found, "state");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->offset, 0u);
  EXPECT_EQ(types->size(state->type), 4u);
  const auto comm = types->member(*found, "comm");
  ASSERT_TRUE(comm);
  EXPECT_EQ(comm->offset, 8u);
  EXPECT_EQ(types->size(comm->type), 16u);
  EXPECT_TRUE(types->element(comm->type));
  EXPECT_EQ(types->member(*found, "raw")->offset, 8u);
  const auto next = types->member(*found, "next");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->offset, 24u);
  EXPECT_EQ(types->size(next->type), 8u);
  EXPECT_EQ(types->pointee(next->type), found);
}

TEST(BtfTypes, WhatIsNotThere_IsNotFound) {
  const auto types = btf_types(task().file());
  ASSERT_TRUE(types);
  EXPECT_FALSE(types->structure("int"));
  EXPECT_FALSE(types->structure("none"));
  const auto found = types->structure("task");
  EXPECT_FALSE(types->member(*found, "flag")) << "a bit field has no address";
  EXPECT_FALSE(types->member(*found, "none"));
  EXPECT_FALSE(types->member(types->member(*found, "state")->type, "comm"));
  EXPECT_FALSE(types->pointee(*found));
  EXPECT_FALSE(types->element(*found));
  for (const KernelTypes::Type type : {KernelTypes::Type{0}, KernelTypes::Type{11}, ~KernelTypes::Type{0}}) {
    EXPECT_EQ(types->size(type), 0u);
    EXPECT_FALSE(types->member(type, "comm"));
  }
}

TEST(BtfTypes, NoBtf_None) {
  EXPECT_FALSE(btf_types({}));
  EXPECT_FALSE(btf_types(Bytes(1000)));
  const Bytes whole = task().file();
  for (size_t size = 0; size < whole.size() - 50; ++size)
    EXPECT_FALSE(btf_types(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))));
}

// Structures in structures without a name, each twice: 2^30 members, if somebody counted them all.
TEST(BtfTypes, NestedToDoHarm_EndsSoon) {
  Btf btf;
  uint32_t inner = btf.type("int", kInt, 0, 4, {32});
  for (int i = 0; i < 30; ++i)
    inner = btf.type(i == 29 ? "deep" : "", kStruct, 2, 4, {0, inner, 0, 0, inner, 0});
  btf.type("round", kTypedef, 0, inner + 1);
  btf.type("self", kStruct, 1, 4, {0, inner + 2, 0});
  const auto types = btf_types(btf.file());
  ASSERT_TRUE(types);
  EXPECT_FALSE(types->member(*types->structure("deep"), "none"));
  EXPECT_FALSE(types->member(*types->structure("self"), "none"));
  EXPECT_EQ(types->size(inner + 1), 0u);
}

TEST(BtfTypes, Mutations_NeverReadOutside) {
  const Bytes whole = task().file();
  std::mt19937 dice(1);
  for (int round = 0; round < 20'000; ++round) {
    Bytes file = whole;
    for (unsigned i = 0; i < 1 + dice() % 4; ++i)
      file[100 + dice() % (file.size() - 150)] = static_cast<std::byte>(dice());
    const auto types = btf_types(std::move(file));
    if (!types) continue;
    for (KernelTypes::Type type = 0; type < 12; ++type) {
      static_cast<void>(types->size(type));
      static_cast<void>(types->pointee(type));
      static_cast<void>(types->element(type));
      for (const char* name : {"comm", "next", "none"}) static_cast<void>(types->member(type, name));
    }
    static_cast<void>(types->structure("task"));
  }
}

}  // namespace
}  // namespace vitrine::app
