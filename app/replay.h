// SPDX-License-Identifier: MIT
// A kept run, made again: the same machine from the same words, images and input. Nothing of the host changes: what is
// written to disks stays in memory, nothing is printed, no terminal is touched. Next: explain.h.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "app/kept_run.h"
#include "app/options.h"
#include "app/session.h"
#include "app/snapshot.h"

namespace vitrine::app {

// The options of the run, as they were, in the present folder; nothing is opened but a snapshot that it began with. With
// `images_only` it can have begun with none.
core::Result<MachineOptions> kept_options(const KeptHeader& header, bool images_only = false);

class Replay {
 public:
  using AroundEngine = std::function<std::unique_ptr<riscv::Engine>(riscv::Engine&)>;
  // Goes to the folder in which the run was made, if there is one of that name. Refuses what is not the same any more and says which file it is.
  // `run` and `console` outlive this. `around`: an engine around the engine, as in Machine::Outside. No engine: the one that the run was made with.
  static core::Result<std::unique_ptr<Replay>> create(const KeptRun& run, core::ByteSink& console,
                                                      std::optional<EngineKind> engine = std::nullopt,
                                                      AroundEngine around = {});

  // On to this step, to a stop point of the machine's, or to the end of what was kept, whatever comes first.
  core::Result<> advance(core::Step until);
  // One step, from the present one; nothing moves if the run ends here. Before each round of the machine's loop `look` is
  // called: the last call sees the machine as it stands before the step.
  core::Result<> make_step(const std::function<void()>& look);
  // To the end, where a run may still wait.
  core::Result<> finish();

  // The machine as it stands now (snapshot.h).
  core::Result<uint64_t> save(const std::string& path) { return save_snapshot(*session_, path); }

  // As in Session. An outcome that lay ahead is none any more.
  void serialize(core::Archive& ar) { session_->serialize(ar); }
  core::Result<> restored(core::Archive& ar) {
    outcome_.reset();
    return session_->restored(ar);
  }

  // How the run ended; none yet, or it was killed.
  [[nodiscard]] const std::optional<Outcome>& outcome() const { return outcome_; }
  // The step behind which nothing is known.
  [[nodiscard]] core::Step last_step() const;
  [[nodiscard]] bool at_end() const { return outcome_ || machine().clock().step() >= last_step(); }
  [[nodiscard]] Machine& machine() const { return session_->machine(); }
  [[nodiscard]] const RunOptions& options() const { return session_->options(); }

 private:
  explicit Replay(const KeptRun& run) : run_(run) {}
  core::Result<> check() const;

  const KeptRun& run_;
  std::unique_ptr<Session> session_;
  std::optional<Outcome> outcome_;
};

}  // namespace vitrine::app
