// SPDX-License-Identifier: MIT
// Formulas by muParser.
#include "app/lab_formula.h"

#include <fmt/format.h>
#include <muParser.h>

#include <cmath>
#include <vector>

#include "app/text.h"
#include "core/file.h"

namespace vitrine::app {
namespace {

using core::ErrorKind;

double modulo(double a, double b) { return a - b * std::floor(a / b); }

core::Error unknown_name(const mu::Parser::exception_type& problem, const LabValues& values) {
  std::vector<std::string_view> names;
  std::string all;
  for (const auto& [name, value] : values) {
    names.push_back(name);
    all += (all.empty() ? "" : ", ") + name;
  }
  const std::string_view meant = nearest(problem.GetToken(), names);
  return core::error(ErrorKind::kUsage, "there is no '{}'; {}", core::printable(problem.GetToken()),
                     !meant.empty() ? fmt::format("did you mean {}?", meant)
                     : all.empty()  ? "only numbers are known here"
                                    : "there are: " + all);
}

}  // namespace

core::Result<double> evaluate(const std::string& formula, const LabValues& values) {
  try {
    mu::Parser parser;
    parser.DefineFun("floor", static_cast<double (*)(double)>(std::floor));
    parser.DefineFun("ceil", static_cast<double (*)(double)>(std::ceil));
    parser.DefineFun("mod", modulo);
    for (const auto& [name, value] : values) parser.DefineConst(name, value);
    parser.SetExpr(formula);
    int count = 0;
    const double* const results = parser.Eval(count);
    if (count != 1)
      return core::error(ErrorKind::kUsage, "'{}' is {} formulas", core::printable(formula), count);
    if (!std::isfinite(results[0]))
      return core::error(ErrorKind::kUsage, "'{}' has no value", core::printable(formula));
    return results[0];
  } catch (const mu::Parser::exception_type& problem) {
    if (problem.GetCode() == mu::ecUNASSIGNABLE_TOKEN) return unknown_name(problem, values);
    return core::error(ErrorKind::kUsage, "'{}' is no formula: {}", core::printable(formula),
                       core::printable(problem.GetMsg()));
  }
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return "-";
  if (value != std::floor(value) || std::fabs(value) >= 9e15) return fmt::format("{:g}", value);
  std::string digits = fmt::format("{:.0f}", std::fabs(value));
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return fmt::format("{}{}", value < 0 ? "-" : "", digits);
}

}  // namespace vitrine::app
