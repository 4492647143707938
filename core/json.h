// SPDX-License-Identifier: MIT
// JSON, by the nlohmann library. Its reader and its writer are compiled once, in json.cpp: a file that makes them anew
// from their templates takes twice as long to compile.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

extern template class nlohmann::detail::serializer<nlohmann::json>;
extern template class nlohmann::detail::serializer<nlohmann::ordered_json>;

namespace vitrine::core {

// What is no JSON is_discarded(); nothing is thrown.
nlohmann::json parse_json(std::string_view text);

}  // namespace vitrine::core
