// SPDX-License-Identifier: MIT
// The table of event kinds, its words, and who counts and tells what.
#include "core/events.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

namespace vitrine::core {
namespace {

class Hart final : public EventContext {
 public:
  EventPlace here{.hart = 2, .privilege = 1, .pc = 0x8000'1000, .step = 77};
  uint32_t bits = 0x1234'5673;
  mutable unsigned looks = 0;
  [[nodiscard]] EventPlace place() const noexcept override { return here; }
  [[nodiscard]] uint32_t instruction() const noexcept override { return ++looks, bits; }
};

class Log final : public EventSink {
 public:
  void event(const Event& event, const EventWords& effect) noexcept override {
    events.push_back(event);
    words.push_back(effect.text());
  }
  std::vector<Event> events;
  std::vector<std::string> words;
};

TEST(EventRows, Words_AreFit) {
  std::set<std::string_view> names;
  for (const EventRow& row : event_rows()) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(names.insert(row.name).second) << "twice";
    EXPECT_TRUE(std::regex_match(std::string(row.name), std::regex("[a-z]+(-[a-z]+)*")));
    EXPECT_EQ(row.sentence.back(), '.');
    EXPECT_FALSE(row.unit.empty());
    for (const std::string_view operand : row.operands) EXPECT_FALSE(operand.empty());
    EXPECT_EQ(row.cause != EventCause::kNone, row.column == EventColumn::kExit) << "exits have causes";
    EXPECT_EQ(event_named(row.name), row.kind);
    EXPECT_EQ(&row_of(row.kind), &row);
  }
  EXPECT_EQ(event_named("hidden_fault"), std::nullopt);
}

// As pages on the web make them of headings.
std::string anchor_of(std::string heading) {
  std::string anchor;
  for (const char c : heading) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') anchor += static_cast<char>(std::tolower(c));
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

TEST(EventRows, Docs_HaveTheHeading) {
  for (const EventRow& row : event_rows()) {
    const size_t hash = row.doc.find('#');
    ASSERT_NE(hash, std::string_view::npos) << row.name;
    std::ifstream page(std::string(VITRINE_SOURCE_DIR) + "/docs/" + std::string(row.doc.substr(0, hash)));
    std::set<std::string> anchors;
    for (std::string line; std::getline(page, line);)
      if (line.starts_with("#")) anchors.insert(anchor_of(line.substr(line.find(' ') + 1)));
    EXPECT_TRUE(anchors.contains(std::string(row.doc.substr(hash + 1)))) << row.name << ": " << row.doc;
  }
}

TEST(Events, Counted_ByKindPrivilegeAndPlace) {
  Events events;
  Hart hart;
  events.set_running(&hart);
  { const EventNote note(events, EventKind::kWait); }
  hart.here.privilege = 0;
  for (int i = 0; i < 2; ++i) { const EventNote note(events, EventKind::kWait); }
  events.count(EventKind::kRefill, 5);
  const EventCounters& counters = events.counters();
  EXPECT_EQ(counters.by_kind[static_cast<size_t>(EventKind::kWait)], (EventCounters::ByPrivilege{2, 1, 0, 0}));
  EXPECT_EQ(counters.of(EventColumn::kExit), 3u);
  EXPECT_EQ(counters.of(EventColumn::kCounter), 5u);
  EXPECT_EQ(counters.of(EventColumn::kGuestTrap), 0u);
  const auto most = events.places().most(10);
  ASSERT_EQ(most.size(), 2u);
  EXPECT_EQ(most[0].count, 2u);
  EXPECT_EQ(most[0].instruction, 0x1234'5673u);
  EXPECT_EQ(hart.looks, 2u) << "once a place";
}

TEST(Events, NobodyListens_NoWordsAreMade) {
  Events events;
  bool made = false;
  EventNote(events, EventKind::kWait).tell(1, 2, 3, [&] { return made = true, std::string(); });
  EXPECT_FALSE(made);
}

TEST(Events, SomebodyListens_ToldOnceWithThePlaceOfTheBeginning) {
  Events events;
  Hart hart;
  Log log;
  events.set_running(&hart);
  Log other;
  events.add_sink(log);
  events.add_sink(other);
  {
    EventNote note(events, EventKind::kTrapReturn);
    hart.here.pc = 0;
    hart.bits = 0;
    note.tell(1, 2, 3, [] { return std::string("back"); });
  }
  { const EventNote note(events, EventKind::kWait); }  // without an effect
  events.remove_sink(other);
  { const EventNote note(events, EventKind::kFenceI); }
  ASSERT_EQ(log.events.size(), 3u);
  EXPECT_EQ(other.events.size(), 2u) << "it listens no more";
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(log.events[i].number, i + 1);
  EXPECT_EQ(events.last_number(), 3u);
  const Event& event = log.events[0];
  EXPECT_EQ(event.kind, EventKind::kTrapReturn);
  EXPECT_EQ(event.place.pc, 0x8000'1000u);
  EXPECT_EQ(event.place.hart, 2u);
  EXPECT_EQ(event.place.step, 77u);
  EXPECT_EQ(event.instruction, 0x1234'5673u);
  EXPECT_EQ(event.at, 1u);
  EXPECT_EQ(event.before, 2u);
  EXPECT_EQ(event.after, 3u);
  EXPECT_EQ(log.words[0], "back");
  EXPECT_EQ(log.events[1].kind, EventKind::kWait);
}

// Right after each other, when the place is the last one's but for the mode or the kind.
TEST(EventPlaces, OnePc_ModesAndKindsApart) {
  EventPlaces places;
  Hart hart;
  constexpr uint64_t kPc = 0x8000'0000;
  for (uint64_t i = 0; i < 10; ++i) {
    places.count(kPc, EventKind::kWait, 1, hart);
    places.count(kPc, EventKind::kWait, 0, hart);
    places.count(kPc, EventKind::kHiddenFault, 0, hart);
    places.count(kPc, EventKind::kHiddenFault, 0, hart);
    places.count(kPc + 2, EventKind::kHiddenFault, 0, hart);
  }
  std::vector<uint64_t> counts;
  for (const auto& place : places.most(9)) counts.push_back(place.count);
  EXPECT_EQ(counts, (std::vector<uint64_t>{20, 10, 10, 10}));
  EXPECT_EQ(places.others(), 0u);
}

// More places than there is room for: what is frequent stays, and nothing is lost from the sum.
TEST(EventPlaces, Full_SumsAreKept) {
  EventPlaces places;
  Hart hart;
  constexpr uint64_t kMany = 20'000, kOften = 0x1234;
  for (uint64_t i = 0; i < kMany; ++i) {
    places.count(0x10'0000 + 2 * i, EventKind::kHiddenFault, 0, hart);
    places.count(kOften, EventKind::kWait, 1, hart);
  }
  uint64_t sum = places.others();
  for (const auto& place : places.all()) sum += place.count;
  EXPECT_EQ(sum, 2 * kMany);
  EXPECT_EQ(places.most(1).at(0).pc, kOften);
  EXPECT_EQ(places.most(1).at(0).count, kMany);
  EXPECT_GT(places.others(), 0u);
}

}  // namespace
}  // namespace vitrine::core
