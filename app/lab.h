// SPDX-License-Identifier: MIT
// A lab: a folder with `lab.toml`, `sheet.md` and a guest. It asks for predictions, runs the guest on several
// machines, and compares. How a teacher writes one: docs/labs.md. Next: lab_file.cpp (reading it), lab_run.h
// (running it).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/lab_formula.h"
#include "core/result.h"

namespace vitrine::app {

// A whole number, or a text without spaces; to formulas that is its length.
struct LabParameter {
  std::string name, what;
  double value = 0;  // if nobody says otherwise
  double low = 0, high = 0;
  std::optional<std::string> text;
};
// nullptr, or what is wrong with a text.
const char* wrong_text(std::string_view text);

// One machine that the guest runs on.
struct LabRun {
  std::string name, what;
  std::vector<std::string> options;  // of `vitrine run`
  std::string kernel, initrd;        // files, relative to the lab's folder
  std::string append;                // boot arguments besides the parameters
  uint64_t disk = 0;                 // KiB of a virtio disk whose words are numbered; 0: none
  std::string disk_file;             // or its content; what is written is forgotten
  uint64_t port_disk = 0;            // the same of a port-style disk
  bool qemu = false;                 // not by Vitrine: by QEMU, where it is installed
  std::string typed;                 // console input; {name} stands for a parameter's value
};

// A number of a run: of its statistics (docs/vitrine.1, --stats-json), or of a line "name=value" that the
// guest prints.
struct LabCounter {
  enum class Kind { kStatistic, kPrinted, kState, kOutput, kDiffers };
  std::string name, run;
  Kind kind = Kind::kStatistic;
  std::vector<std::string> path;  // kStatistic
  std::string printed;            // kPrinted; kDiffers: the other run
  std::string text;               // as the file has it
};

struct LabMisconception {
  std::string answer;  // formula of the wrong answer
  std::string says;    // what it shows
};

struct LabQuestion {
  std::string id, asks;
  std::string answer;    // formula over the parameters
  std::string measured;  // formula over the counters
  std::string because;
  std::vector<LabMisconception> misconceptions;
};

// Something to diagnose: `--break NAME`, as of `vitrine run`.
struct LabBreak {
  std::string name, asks, because;
  std::vector<std::string> runs;     // where it is switched on
  std::string symptom;               // formula over the counters: not 0 if and only if the break is there
  std::vector<std::string> changes;  // ids of questions whose measured number is another one
};

struct Lab {
  std::string folder, name, title, heading, summary;
  std::vector<std::string> concepts;  // of docs/lecture.md
  int minutes = 0;
  std::vector<LabParameter> parameters;
  std::vector<std::pair<std::string, std::string>> abbreviations;  // names of formulas over the parameters
  std::vector<LabRun> runs;
  std::vector<LabCounter> counters;
  std::vector<LabQuestion> questions;
  std::vector<LabBreak> breaks;
};

// FOLDER/lab.toml. An error names file and line.
core::Result<Lab> read_lab(const std::string& folder);

// The parameters by their own values, or those of `set`; abbreviations not yet.
LabValues default_values(const Lab& lab);
// With the abbreviations, whose formulas may use earlier ones.
core::Result<LabValues> with_abbreviations(const Lab& lab, LabValues values);

// The lecture's headings, in its order: labs are listed below them.
extern const std::vector<std::string_view> kLectureHeadings;

// Our own labs: in the checkout that the program was built from, or where `cmake --install` put them.
std::string labs_folder();
// The folders below it that hold a lab.toml, by name.
std::vector<std::string> labs_in(const std::string& folder);

}  // namespace vitrine::app
