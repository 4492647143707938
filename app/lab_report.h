// SPDX-License-Identifier: MIT
// A lab in words: the list of labs, what is asked, what came out, and the same for programs.
#pragma once

#include <span>
#include <string>

#include "app/lab.h"
#include "app/lab_run.h"

namespace vitrine::app {

// Broken at 80 columns; each line begins with `indent`, the first with `first` if it is given.
std::string wrapped(const std::string& text, const std::string& indent, const std::string& first = "");

// Labs below the lecture's headings.
std::string lab_list(std::span<const Lab> labs, const std::string& program);
// Title, parameters, machines; what is asked before the questions.
std::string lab_introduction(const Lab& lab);
std::string question_text(const Lab& lab, size_t number);
// For students, with room for answers; for teachers, with the answers, their formulas and what wrong ones
// show.
std::string lab_sheet(const Lab& lab, const std::string& sheet);
std::string lab_solution(const Lab& lab);
// Predicted, measured and why. `broken`: the break that was on, or nullptr.
std::string lab_results(const Lab& lab, const LabResult& result, std::span<const LabVerdict> verdicts,
                        const LabBreak* broken);
std::string lab_json(const Lab& lab, const LabResult& result, std::span<const LabVerdict> verdicts,
                     const LabBreak* broken);
std::string labs_json(std::span<const Lab> labs);

}  // namespace vitrine::app
