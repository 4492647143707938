// SPDX-License-Identifier: MIT
// Results of a suite in the forms that others read. Every text in them is a guest's or a file's name: it is
// escaped for the form that it goes into.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "app/suite.h"
#include "app/suite_results.h"

namespace vitrine::app {

using VerdictCounts = std::array<size_t, kVerdicts>;
VerdictCounts count_verdicts(const std::vector<SuiteResult>& results);
// "366 passed, 1 failed, 1 skipped".
std::string counts_text(const VerdictCounts& counts);
// For people: what is not good, each with its reason, its last lines and its commands; then the counts.
std::string table_text(const std::vector<SuiteResult>& results, size_t most);

std::string junit_xml(const MergedResults& merged);
std::string tap_text(const MergedResults& merged);
std::string suite_json(const MergedResults& merged);
std::string gradescope_json(const MergedResults& merged);
std::string suite_html(const MergedResults& merged);  // suite_html.cpp

// For XML and HTML: what no XML 1.0 document may hold becomes \xNN, bytes that are no UTF-8 too.
std::string xml_text(std::string_view text);

}  // namespace vitrine::app
