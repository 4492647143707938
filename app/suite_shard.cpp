// SPDX-License-Identifier: MIT
// Shards and plans.
#include "app/suite_shard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>

#include "app/text.h"
#include "core/file.h"
#include "core/json.h"

namespace vitrine::app {
namespace {

using nlohmann::json;

constexpr unsigned kMost = 100'000;

std::optional<unsigned> number_of(const char* name) {
  const char* const text = std::getenv(name);
  const auto number = text ? parse_number(text) : std::nullopt;
  return number && *number <= 0xffff'ffff ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

// Numbers from 0, and how many there are if that is said.
struct Place {
  unsigned index = 0;
  std::optional<unsigned> count;
};

// A Slurm array may be 0-3, 1-4 or 0-12:4. With a step of 1 the rest of the division by the count is another
// number for each task, and the same one when a task is submitted again by itself and the count is given.
std::optional<Place> slurm_place(std::optional<unsigned> given) {
  const auto id = number_of("SLURM_ARRAY_TASK_ID"), count = number_of("SLURM_ARRAY_TASK_COUNT");
  if (!id) return std::nullopt;
  const unsigned step = std::max(number_of("SLURM_ARRAY_TASK_STEP").value_or(1), 1u);
  const auto of = given ? given : count;
  if (!of || *of == 0) return Place{*id, std::nullopt};
  if (step > 1 && !given) return Place{(*id - number_of("SLURM_ARRAY_TASK_MIN").value_or(0)) / step, of};
  return Place{*id % *of, of};
}

std::optional<Place> place_in(const char* index, const char* count, std::optional<unsigned> given) {
  const auto number = number_of(index);
  if (!number) return std::nullopt;
  return Place{*number, given ? given : number_of(count)};
}

// Bazel wants to see that we know of shards.
void tell_bazel() {
  const char* const file = std::getenv("TEST_SHARD_STATUS_FILE");
  if (!file || !*file) return;
  const int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd >= 0) close(fd);
}

core::Result<Shard> shard_of_environment(const std::string& text, std::optional<unsigned> given) {
  auto place = slurm_place(given);
  if (!place) place = place_in("TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", given);
  if (place) tell_bazel();
  if (!place) place = place_in("GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS", given);
  if (!place) place = place_in("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", given);
  if (!place)
    return core::error(core::ErrorKind::kUsage,
                       "--shard {}: none of SLURM_ARRAY_TASK_ID, TEST_SHARD_INDEX, GTEST_SHARD_INDEX and "
                       "JOB_COMPLETION_INDEX is set.",
                       text);
  if (!place->count || *place->count == 0)
    return core::error(core::ErrorKind::kUsage,
                       "--shard {}: the environment does not say how many shards there are; write auto/N.",
                       text);
  if (place->index >= *place->count)
    return core::error(core::ErrorKind::kUsage,
                       "--shard {}: the environment says shard {}, counted from 0, of {}.", text,
                       place->index, *place->count);
  return Shard{place->index + 1, *place->count};
}

// The longest test first, each to the shard that has least to do.
struct Dealt {
  std::map<std::string, unsigned> shard_of;
  std::vector<double> seconds;
};

Dealt deal(const std::vector<SuiteResult>& results, unsigned shards) {
  std::vector<const SuiteResult*> order;
  for (const SuiteResult& result : results) order.push_back(&result);
  std::sort(order.begin(), order.end(), [](const SuiteResult* a, const SuiteResult* b) {
    return a->cpu_seconds != b->cpu_seconds ? a->cpu_seconds > b->cpu_seconds : a->name < b->name;
  });
  Dealt dealt{{}, std::vector<double>(shards)};
  for (const SuiteResult* result : order) {
    const auto least = std::min_element(dealt.seconds.begin(), dealt.seconds.end());
    dealt.shard_of[result->name] = static_cast<unsigned>(least - dealt.seconds.begin()) + 1;
    *least += std::max(result->cpu_seconds, 1e-6);
  }
  return dealt;
}

}  // namespace

core::Result<Shard> parse_shard(const std::string& text) {
  const size_t slash = text.find('/');
  const uint64_t of = slash == std::string::npos ? 0 : parse_number(text.substr(slash + 1)).value_or(0);
  const auto number = parse_number(text.substr(0, slash));
  const bool is_auto = text.substr(0, slash) == "auto";
  const bool good_count = of > 0 && of <= kMost;
  if (is_auto && (good_count || slash == std::string::npos))
    return shard_of_environment(text, good_count ? std::optional(static_cast<unsigned>(of)) : std::nullopt);
  if (!good_count || !number || *number == 0 || *number > of)
    return core::error(core::ErrorKind::kUsage, "--shard {}: shards look like 1/4, 4/4, auto or auto/4.",
                       core::printable(text));
  return Shard{static_cast<unsigned>(*number), static_cast<unsigned>(of)};
}

core::Result<SuitePlan> read_plan(const std::string& path, unsigned shards) {
  auto bytes = core::read_file(path, 64 << 20);
  if (!bytes) return bytes.error();
  const json plan = core::parse_json({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  const core::Error wrong = core::error(
      core::ErrorKind::kBadImage, "'{}' is no plan for {} shards, as `suite plan --shards {}` makes it.",
      core::printable(path), shards, shards);
  if (!plan.is_object() || !plan.contains("tests") || !plan["tests"].is_object() ||
      plan.value("shards", json()) != json(shards))
    return wrong;
  SuitePlan read;
  for (const auto& [name, shard] : plan["tests"].items()) {
    if (!shard.is_number_unsigned() || shard.get<unsigned>() == 0 || shard.get<unsigned>() > shards)
      return wrong;
    read[name] = shard.get<unsigned>();
  }
  return read;
}

std::string plan_json(const std::vector<SuiteResult>& results, unsigned shards) {
  return json{{"shards", shards}, {"tests", deal(results, shards).shard_of}}.dump(
             1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

std::vector<double> plan_seconds(const std::vector<SuiteResult>& results, unsigned shards) {
  return deal(results, shards).seconds;
}

void keep_shard(std::vector<SuiteTest>& tests, const Shard& shard, const SuitePlan& plan) {
  if (shard.of == 1) return;
  std::vector<SuiteTest> kept;
  for (size_t i = 0; i < tests.size(); ++i) {
    const auto planned = plan.find(tests[i].name);
    const unsigned its = planned == plan.end() ? static_cast<unsigned>(i % shard.of) + 1 : planned->second;
    if (its == shard.number) kept.push_back(std::move(tests[i]));
  }
  tests = std::move(kept);
}

}  // namespace vitrine::app
