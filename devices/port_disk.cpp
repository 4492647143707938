// SPDX-License-Identifier: MIT
// The port-style disk.
#include "devices/port_disk.h"

#include <limits>
#include <utility>

#include "core/file.h"

namespace vitrine::devices {
namespace {

constexpr core::RegisterRow kRegisters[] = {
    {"IDENTITY", PortDisk::kIdentity, 4, true, false, "The letters PDSK, from the lowest byte on."},
    {"SECTORS", PortDisk::kSectors, 4, true, false, "How many sectors of 512 bytes the disk has."},
    {"SECTOR", PortDisk::kSector, 4, true, true, "The sector that the next command is about."},
    {"COMMAND", PortDisk::kCommand, 4, false, true,
     "1 reads the sector into the buffer, 2 writes the buffer to it, 3 flushes."},
    {"STATUS", PortDisk::kStatus, 4, true, false,
     "How the last command ended: 0 well, 1 no such sector, 2 read-only, 3 the host failed, 4 no such "
     "command."},
    {"DATA", PortDisk::kData, 4, true, true,
     "The next of the buffer's 128 words; a command begins at word 0."},
};

}  // namespace

core::Result<std::unique_ptr<PortDisk>> PortDisk::create(std::string name,
                                                         std::unique_ptr<BlockBackend> backend,
                                                         const std::string& image) {
  if (backend->sectors() == 0)
    return core::error(core::ErrorKind::kBadImage,
                       "The disk image '{}' is empty; a disk has at least one sector of 512 bytes.",
                       core::printable(image));
  if (backend->sectors() > std::numeric_limits<uint32_t>::max())
    return core::error(
        core::ErrorKind::kBadImage,
        "The disk image '{}' is too large for a port-style disk, whose sector numbers have 32 bits; "
        "give it with --disk.",
        core::printable(image));
  return std::unique_ptr<PortDisk>(new PortDisk(std::move(name), std::move(backend)));
}

std::span<const core::RegisterRow> PortDisk::registers() const { return kRegisters; }

uint64_t PortDisk::peek(uint64_t offset, unsigned) const {
  switch (offset) {
    case kIdentity: return kLetters;
    case kSectors: return backend_->sectors();
    case kSector: return sector_;
    case kStatus: return static_cast<uint64_t>(status_);
    case kData: return buffer_[word_];
    default: return 0;
  }
}

uint64_t PortDisk::read(uint64_t offset, unsigned width) {
  const uint64_t value = peek(offset, width);
  if (offset == kData) next_word();
  return value;
}

void PortDisk::write(uint64_t offset, unsigned, uint64_t value) {
  const auto word = static_cast<uint32_t>(value);
  switch (offset) {
    case kSector: sector_ = word; return;
    case kCommand:
      status_ = run(static_cast<Command>(word));
      word_ = 0;
      return;
    case kData: buffer_[word_] = word; return next_word();
    default: return;
  }
}

PortDisk::Status PortDisk::run(Command command) {
  switch (command) {
    case Command::kRead: return read_sector();
    case Command::kWrite: return write_sector();
    case Command::kFlush: return backend_->flush() ? Status::kDone : Status::kHostError;
  }
  return Status::kNoSuchCommand;
}

// The back end is asked for sectors only that it has.
PortDisk::Status PortDisk::read_sector() {
  Status status = Status::kNoSuchSector;
  if (sector_ < backend_->sectors()) {
    const iovec to{buffer_.data(), kSectorSize};
    status = backend_->read(sector_ * kSectorSize, {&to, 1}) ? Status::kDone : Status::kHostError;
  }
  if (status != Status::kDone) buffer_.fill(0);
  return status;
}

PortDisk::Status PortDisk::write_sector() {
  if (sector_ >= backend_->sectors()) return Status::kNoSuchSector;
  if (backend_->read_only()) return Status::kReadOnly;
  const iovec from{buffer_.data(), kSectorSize};
  return backend_->write(sector_ * kSectorSize, {&from, 1}) ? Status::kDone : Status::kHostError;
}

// What was written to the disk stays written.
void PortDisk::reset() {
  buffer_.fill(0);
  sector_ = word_ = 0;
  status_ = Status::kDone;
}

void PortDisk::serialize(core::Archive& ar) {
  ar.section(name_);
  ar.bytes("buffer", std::as_writable_bytes(std::span(buffer_)));
  ar.field("sector", sector_);
  uint32_t word = word_;
  ar.field("word", word);
  ar.field("status", status_);
  if (ar.loading() && word >= kWords) return ar.fail("the port-style disk has no such word");
  word_ = word;
  backend_->serialize(ar);
}

}  // namespace vitrine::devices
