// SPDX-License-Identifier: MIT
// Formulas of labs, and predictions that students type: arithmetic over named whole numbers. The language is
// muParser's
// (+ - * / ^, comparisons, && ||, a ? b : c, min(a, b), max(a, b)), with floor(), ceil() and mod(a, b)
// besides.
#pragma once

#include <map>
#include <string>

#include "core/result.h"

namespace vitrine::app {

using LabValues = std::map<std::string, double>;

// A number; the message of an error says what is wrong at which place of the formula. What is not finite is
// an error.
core::Result<double> evaluate(const std::string& formula, const LabValues& values);

// For people: whole numbers with their digits in groups of three.
std::string number_text(double value);

}  // namespace vitrine::app
