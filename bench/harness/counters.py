# SPDX-License-Identifier: MIT
"""What an engine's own counters say about each workload: the numbers that explain the ratios.

Vitrine is deterministic: two runs of the same words count the same. So a workload's counters are those of a run with
its rounds minus those of a run with none, each from the program's start to power-off; what both have in common (boot,
preparation) is gone, but for what a kernel does differently after a longer run: some hundred thousand steps, so a
workload needs many millions. Costs two boots a row.
"""

import json

from harness.failures import Broken, say
from harness.measure import SESSION_WORDS


FEWEST_STEPS = 20_000_000
HOST_TIMES = ("host_seconds", "translation_microseconds")  # measured, not counted: another run has others


def collect(bench, engines, rows):
    """(family/name, engine) -> counter -> number per million steps; the steps themselves under "steps"."""
    found = {}
    for row in rows:
        if row.family not in ("integer", "fp", "os"):
            continue
        for engine in engines:
            if not engine.is_vitrine:
                continue
            say(f"counters: {row.family}/{row.name} on {engine.name}")
            try:
                found[f"{row.family}/{row.name}", engine.name] = difference(
                    run(bench, engine, row.name, row.rounds), run(bench, engine, row.name, 0))
            except Broken as problem:
                row.failures[f"{engine.name} (counters)"] = str(problem)
    return found


def run(bench, engine, name, rounds):
    """The statistics of a run that does nothing else than this workload."""
    path = bench.built.folder / "counters.json"
    path.unlink(missing_ok=True)
    words = SESSION_WORDS.replace("/bench/serve", f"/bench/workloads%20run%20{name}%20{rounds}")
    command = engine.linux(bench.linux, bench.session_archive, words) + ["--stats-json", str(path)]
    output = bench.process(command)
    if f"VT-END {name} " not in output:
        raise Broken(f"no result: {output.strip()[-200:]}")
    statistics = json.loads(path.read_text())
    counters = statistics["counters"]
    counters |= {f"guest traps: {cause}": count for cause, count in statistics["guest_traps_by_cause"].items()}
    return counters | {"steps": statistics["steps"], "host_seconds": statistics["host_seconds"]}


def difference(with_rounds, without):
    steps = with_rounds["steps"] - without["steps"]
    if steps < FEWEST_STEPS:
        raise Broken(f"{steps} steps are too few to tell from the boot's: more rounds are needed")
    per_million = {key: (count - without.get(key, 0)) * 1e6 / steps for key, count in with_rounds.items()
                   if key not in HOST_TIMES}
    return per_million | {"steps": steps} | derived(with_rounds, without)


def derived(with_rounds, without):
    """What is not a number per million steps. Host bytes and the time that translating an instruction takes are those of the
    whole run, since a workload alone translates little; how many instructions it translates is exact."""
    translated = with_rounds.get("instructions_translated", 0)
    if not translated:
        return {}
    found = {"host bytes per translated instruction": with_rounds["host_code_bytes"] / translated}
    seconds = with_rounds["host_seconds"] - without["host_seconds"]
    if seconds > 0:
        each = with_rounds["translation_microseconds"] / translated / 1e6
        found["translation, % of the host's time"] = 100 * each * (translated - without["instructions_translated"]) / seconds
    return found


def text(found):
    lines = []
    for (row, engine), counters in found.items():
        lines.append(f"{row} on {engine}, {counters['steps'] / 1e6:,.1f} million steps; per million of them:")
        lines += [f"{count:14,.2f}  {key}" for key, count in counters.items() if key != "steps" and abs(count) >= 0.005]
    return "\n".join(lines)
