// SPDX-License-Identifier: MIT
// A run's identity: one line with everything that determines what the guest does. Two runs with equal lines
// and the same live input are the same run, bit for bit. It stands in every log, statistics file and report.
#pragma once

#include <string>

#include "app/boot.h"
#include "app/machine_config.h"
#include "app/run_options.h"

namespace vitrine::app {

// "vitrine-0.1.0 machine=virt cpu=rv64imafdc_...,sv39,pmp memory=512M harts=1 ... kernel=teach#91f3c2...":
// files with the hash of their contents; disks with size and time of last change, since hashing gigabytes
// takes too long.
std::string identity_line(const MachineConfig& config, const BootPlan& boot, ClockMode clock,
                          const std::string& input);

// The first word of an identity line that is another one now: "memory was 512M then, and is 1G now". Empty: none. Sizes and
// times of last change of disks play no part.
std::string identity_difference(const std::string& then, const std::string& now);

// "512M", "1G", "1536K": the shortest exact form, as options take it.
std::string size_option(uint64_t bytes);
// "2026-01-01T00:00:00".
std::string date_text(int64_t seconds_since_1970);

const char* version();
const char* clock_name(ClockMode clock);

}  // namespace vitrine::app
