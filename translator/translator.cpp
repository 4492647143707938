// SPDX-License-Identifier: MIT
// Finding, making, entering and dropping of translated code.
#include "translator/translator.h"

#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/assert.h"
#include "isa/riscv/operands.h"
#include "translator/host_names.h"
#include "translator/passes.h"

namespace vitrine::translator {

using riscv::Hart;

namespace {

constexpr size_t kMaxBlockBytes = 64 << 10;  // more than any block needs
constexpr uint64_t kColdSteps = 32;          // interpreted at a stretch, before looking for a block again: these, or the rest of one
// Generated code is left after so many steps, for each may be a guest call that takes 8 bytes of the host's stack.
constexpr uint64_t kLongestStretch = 32768;
constexpr unsigned kLine = 64;
constexpr unsigned kMaxDrops = 6;

// --- Flags of floating point: generated code leaves them in MXCSR, the hart has them in fflags.
constexpr unsigned kHostFlags = 0x3f;

void fold_flags(Hart& hart) {
  const unsigned mxcsr = _mm_getcsr();
  const unsigned host = mxcsr & kHostFlags;
  if (host == 0) return;
  using namespace riscv::softfloat;
  if (host & _MM_EXCEPT_INEXACT) hart.csr.fflags |= kNX;
  if (host & _MM_EXCEPT_UNDERFLOW) hart.csr.fflags |= kUF;
  if (host & _MM_EXCEPT_OVERFLOW) hart.csr.fflags |= kOF;
  if (host & _MM_EXCEPT_DIV_ZERO) hart.csr.fflags |= kDZ;
  if (host & _MM_EXCEPT_INVALID) hart.csr.fflags |= kNV;
  _mm_setcsr(mxcsr & ~kHostFlags);
}
// C++ may have raised flags of its own.
void clear_flags() {
  const unsigned mxcsr = _mm_getcsr();
  if (mxcsr & kHostFlags) _mm_setcsr(mxcsr & ~kHostFlags);
}

constexpr uint32_t kLeft = ~uint32_t{0};  // instead of the number of a site: the slow path has left the block

// Of an instruction on the slow path: what the handler, memory or a device does is counted there, on either engine. This is
// what the interpreter would have done without leaving its own fast path.
void count(Hart& hart, const Site& site) {
  const bool fetched = site.op != Site::kFetch;
  const uint32_t effects = fetched ? riscv::row_of(static_cast<riscv::Op>(site.op)).effects : 0;
  if (effects & (riscv::kLoad | riscv::kStore | riscv::kAmo)) return;
  if (effects & riscv::kFloat)
    hart.events->count(core::EventKind::kFloatRedone);
  else if (!(effects & riscv::kHelper))
    hart.events->count(core::EventKind::kRareInstruction);
}

unsigned set_of(const Hart& hart) {
  return std::min<unsigned>(static_cast<unsigned>(hart.privilege), core::kPredictionSets - 1);
}
riscv::Privilege privilege_of(unsigned set) {
  return set == core::kMachineSet ? riscv::Privilege::kMachine : static_cast<riscv::Privilege>(set);
}

// What the hart's code View has for the page of an address: the entries of its TranslatedPage, or nullptr.
const uint32_t* known_entries(const Hart& hart, uint64_t pc) {
  const core::CodeEntry& entry = hart.memory->code_view->code[(pc >> core::kPageShift) % core::kCodeEntries];
  return entry.tag == (pc & core::kPageMask) ? static_cast<const uint32_t*>(entry.translated) : nullptr;
}
constexpr uint64_t halfword_of(uint64_t pc) { return pc % core::kPageSize / 2; }
// Is there a block for hart.pc, as generated code would find it?
bool known(const Hart& hart) {
  const uint32_t* const entries = known_entries(hart, hart.pc);
  return entries && entries[halfword_of(hart.pc)] != 0;
}

// After the slow path of an access at `address` with which others are checked: if they lie in one run of pages with it, its
// slot says so again.
bool predict_again(Hart& hart, core::PredictionSet& set, const Site& site, uint32_t index, uint64_t address) {
  const bool write = (riscv::row_of(static_cast<riscv::Op>(site.op)).effects & riscv::kStore) != 0;
  const core::View& view = *hart.memory->data_view;
  const auto low = static_cast<uint64_t>(int64_t{site.low}), high = static_cast<uint64_t>(int64_t{site.high});
  const uint64_t first = (address + low) & core::kPageMask, end = ((address + high + 7) & core::kPageMask) + core::kPageSize;
  const uint64_t addend = core::known_addend(view, first, write);
  if (addend == 0 || end < first || end - first > 2 * core::kPageSize) return false;
  if (end - first > core::kPageSize && core::known_addend(view, first + core::kPageSize, write) != addend) return false;
  set.refill(write, index, first, addend, end - first);
  return true;
}

}  // namespace

// An instruction across two pages: fetched, decoded and run as if nothing were known of it.
void Translator::step_anew(Hart& hart) {
  const uint64_t straight = hart.pc + 4;
  const uint32_t* const first = known_entries(hart, hart.pc);
  const uint32_t* const second = known_entries(hart, hart.pc + 2);
  uint16_t low = 0, high = 0;
  if (first) std::memcpy(&low, pages_->of(first).host + hart.pc % core::kPageSize, sizeof low);
  if (first && second && riscv::instruction_length(low) == 4) {
    std::memcpy(&high, pages_->of(second).host + (hart.pc + 2) % core::kPageSize, sizeof high);
    const riscv::Insn insn = riscv::decode(static_cast<uint32_t>(high) << 16 | low, hart.extensions);
    riscv::execute(hart, insn.op, riscv::operands_of(insn));
  } else {
    hart.redirected = false;
    riscv::step_plainly(hart);
    hart.next_pc = hart.pc;
  }
  hart.redirected |= hart.next_pc != straight;
}

// One instruction of generated code, by the interpreter's body. Generated code comes here with its registers in the hart. The
// block goes on if it still holds what it was made for, and what its shared checks found out.
uint64_t Translator::slow_path(Hart* hart, uint32_t index) {
  VT_ASSERT(hart->float_in_hart, "f registers are not where C++ looks for them");
  fold_flags(*hart);
  auto* const translator = static_cast<Translator*>(hart->translator);
  const Site& site = translator->sites_[index];
  core::PredictionSet& set = hart->predictions[set_of(*hart)];
  const uint64_t losses = set.losses;
  const uint64_t address = hart->x[site.operands.rs1] + static_cast<uint64_t>(int64_t{site.operands.imm});  // of a leader
  const int64_t budget = hart->budget + site.remaining;
  hart->pc = site.pc;
  hart->clock->set_step(hart->run_end - static_cast<uint64_t>(budget));
  ++translator->counters_.slow_paths;
  count(*hart, site);
  if (site.op == Site::kFetch)
    translator->step_anew(*hart);
  else
    riscv::execute(*hart, static_cast<riscv::Op>(site.op), site.operands);
  clear_flags();
  if (!hart->redirected) {
    hart->wants_apart = site.leads && !predict_again(*hart, set, site, index, address);
    const bool lost = site.shares && set.losses != losses;
    if (!hart->wants_apart && !lost && !hart->attention->wanted) return 0;
    hart->left_in_block = site.remaining - 1;
  }
  hart->pc = hart->next_pc;
  hart->budget = budget - 1;
  hart->site = kLeft;
  return 1;
}

core::Result<std::unique_ptr<Translator>> Translator::create(core::GuestRam& ram, core::Attention& attention,
                                                             riscv::Interpreter& interpreter, const Options& options) {
  using Name = x86::CodeMemory::Name;
  auto memory = x86::CodeMemory::create(std::max(options.code_memory, 4 * kMaxBlockBytes),
                                        options.host_tools.perf_map ? Name::kNone : Name::kOurs);
  if (!memory) return memory.error();
  auto pages = TranslatedPages::create(options.max_pages);
  if (!pages)
    return core::error(core::ErrorKind::kHost, "The host has no address space for the tables of {} translated pages.",
                       options.max_pages);
  std::unique_ptr<x86::HostTools> host_tools;
  if (options.host_tools.any()) {
    auto made = x86::HostTools::create(options.host_tools);
    if (!made) return made.error();
    host_tools = std::move(*made);
  }
  return std::unique_ptr<Translator>(new Translator(ram, attention, interpreter, options, std::move(*memory),
                                                    std::move(pages), std::move(host_tools)));
}

Translator::Translator(core::GuestRam& ram, core::Attention& attention, riscv::Interpreter& interpreter,
                       const Options& options, std::unique_ptr<x86::CodeMemory> memory,
                       std::unique_ptr<TranslatedPages> pages, std::unique_ptr<x86::HostTools> host_tools)
    : ram_(ram),
      attention_(attention),
      interpreter_(interpreter),
      options_(options),
      memory_(std::move(memory)),
      host_tools_(std::move(host_tools)),
      pages_(std::move(pages)),
      of_ram_page_(ram.pages()) {
  ram_.add_listener(this);
}

Translator::~Translator() = default;

// What a hart needs before it can run generated code; done once, but for the extensions.
void Translator::adopt(Hart& hart) {
  if (!hart.code_base) {
    if (!thunks_.leave) {
      thunks_ = make_thunks(*memory_, slow_path);
      code_begin_ = memory_->used();
      if (host_tools_) name_thunks(thunks_, memory_->next(), *host_tools_);
      lowering_ = std::make_unique<Lowering>(*memory_, thunks_, host_);
    }
    hart.code_base = memory_->base();
    physical_addend_ = hart.memory->physical_addend;
    hart.memory->use_predictions(hart.predictions);
    harts_.push_back(&hart);
  }
  if (hart.extensions == translated_for_) return;
  if (!sites_.empty() || memory_->used() > code_begin_) flush();
  translated_for_ = hart.extensions;
}

void Translator::run(Hart& hart, uint64_t steps) {
  adopt(hart);
  core::Clock& clock = *hart.clock;
  const core::Step end = clock.step() + steps;
  hart.wants_apart = false;  // an interrupt may have led elsewhere since
  if (trace_) return run_traced(hart, end);
  do {
    const uint8_t* const code = hart.wants_apart ? find_apart(hart) : find(hart);
    hart.wants_apart = false;
    const core::Step longest = code && options_.one_block ? steps_of_.at(code) : kLongestStretch;
    const core::Step stop = std::min(end, clock.step() + longest);
    if (code && run_translated(hart, code, stop)) continue;
    const uint64_t cold = std::min<uint64_t>(end - clock.step(), hart.left_in_block ? hart.left_in_block : kColdSteps);
    hart.left_in_block = 0;
    const core::Step before = clock.step();
    interpreter_.run(hart, cold);
    counters_.interpreted_steps += clock.step() - before;
  } while (clock.step() < end && !attention_.wanted && !options_.one_block);
}

// Looks where the block runs, and once where it is left to. What it calls of the thunks comes back.
class Translator::Tracer final : public x86::StepLooker {
 public:
  Tracer(BlockTrace& trace, const Hart& hart, const uint8_t* thunks, const uint8_t* thunks_end)
      : trace_(trace), hart_(hart), thunks_(reinterpret_cast<uint64_t>(thunks)), thunks_size_(static_cast<uint64_t>(thunks_end - thunks)) {
    trace_.moments.reserve(kMost);
  }
  bool wants(uint64_t rip) noexcept override {
    if (trace_.moments.size() == kMost || left_) return false;
    const bool inside = rip - trace_.address < trace_.code.size();
    if (!inside) left_ = was_inside_ && !(rip - thunks_ < thunks_size_ && is_call(trace_.moments.back().host.rip));
    was_inside_ = inside;
    return inside || left_;
  }
  void look(const x86::HostState& state) noexcept override {
    BlockTrace::Moment& moment = trace_.moments.emplace_back();
    moment.host = state;
    std::copy_n(hart_.x, 32, moment.x.begin());
    std::copy_n(hart_.f, 32, moment.f.begin());
  }

 private:
  static constexpr size_t kMost = 20'000;
  // call rel32
  static bool is_call(uint64_t rip) { return *reinterpret_cast<const uint8_t*>(rip) == 0xe8; }

  BlockTrace& trace_;
  const Hart& hart_;
  uint64_t thunks_, thunks_size_;
  bool was_inside_ = false, left_ = false;
};

void Translator::run_traced(Hart& hart, core::Step end) {
  core::Clock& clock = *hart.clock;
  const core::Step before = clock.step();
  BlockTrace& trace = *trace_;
  const uint32_t* const entries = hart.extensions.has(riscv::Extension::C) ? attach(hart) : nullptr;
  if (entries) {
    const uint8_t* const code = translate(pages_->of(entries), hart.pc);
    trace_ = nullptr;
    trace.block = block_;
    trace.address = reinterpret_cast<uint64_t>(code);
    trace.code.assign(code, code + output_.code.size());  // as it was linked
    trace.input.apart = trace.block.apart;
    const core::Step stop = std::min<core::Step>(end, before + block_.insns.size());
    Tracer tracer(trace, hart, memory_->base(), memory_->base() + code_begin_);
    std::optional<x86::SingleStep> stepping;
    if (trace.looks) stepping.emplace(tracer);
    run_translated(hart, code, stop);
  } else {
    trace_ = nullptr;
    trace.problem = "What stands there is not translated: it lies in no page of RAM that may be executed as a whole, or a break point is in its page.";
  }
  trace.steps = clock.step() - before;
  if (trace.steps == 0) interpreter_.run(hart, 1);
  attention_.wanted = true;
}

// False if not one step was made: the block does not fit, or floating point is off.
bool Translator::run_translated(Hart& hart, const uint8_t* code, core::Step end) {
  core::Clock& clock = *hart.clock;
  const auto budget = static_cast<int64_t>(end - clock.step());
  hart.run_end = end;
  hart.budget = budget;
  hart.code_view = hart.memory->code_view;
  hart.translator = this;
  hart.site = 0;
  hart.left_in_block = 0;
  ++counters_.entries;
  core::PredictionSet& predictions = hart.predictions[set_of(hart)];
  const uint64_t refills = predictions.refills, jumps = predictions.jumps.refills;
  clear_flags();
  thunks_.enter[set_of(hart)](&hart, code);
  fold_flags(hart);
  clock.set_step(end - static_cast<uint64_t>(hart.budget));
  counters_.jump_lookups += predictions.jumps.refills - jumps;
  hart.events->count(core::EventKind::kPredictionMiss, predictions.refills - refills);
  sample_misses(predictions, predictions.refills - refills, static_cast<uint64_t>(budget - hart.budget));
  if (hart.wants_apart && hart.site != kLeft) {
    hart.pc = sites_[hart.site].pc;
    hart.left_in_block = sites_[hart.site].remaining;
  }
  counters_.translated_steps += static_cast<uint64_t>(budget - hart.budget);
  if (hart.site != kLeft) {
    const bool due = hart.budget < kMaxInstructions && known(hart);
    hart.events->count(due ? core::EventKind::kBudgetUsed : core::EventKind::kBlockNotFound);
  }
  return hart.budget != budget;
}

// After a stretch in generated code. A site has one slot; if it goes everywhere (a hash table), the lookup behind the
// prediction is most of what it does. Such a site gets the lookup in place of the prediction: one that is found a few times among
// the last misses of stretches with many.
void Translator::sample_misses(const core::PredictionSet& set, uint64_t misses, uint64_t steps) {
  constexpr uint64_t kMany = 64, kStepsAMiss = 32;
  constexpr uint16_t kEnough = 8, kSamples = 32;
  if (misses < kMany || misses * kStepsAMiss < steps || set.lower_pages == 0) return;
  ++samples_;
  const uint32_t number = set.last_refilled();
  Site& site = sites_[number];
  if (site.misses == 0 || static_cast<uint16_t>(samples_ - site.first_sample) > kSamples) {
    site.misses = 0;
    site.first_sample = samples_;
  }
  if (++site.misses == kEnough) scatter(number);
}

const Translator::Place& Translator::place_of_site(uint32_t site) const {
  const auto behind = std::upper_bound(places_.begin(), places_.end(), site,
                                       [](uint32_t number, const Place& place) { return number < place.first_site; });
  return *(behind - 1);
}

// The block of the site is made anew. The one before leads to it, for those who know its address.
void Translator::scatter(uint32_t site) {
  const Place place = place_of_site(site);
  const auto* const code = reinterpret_cast<const uint8_t*>(place.host);
  TranslatedPage& page = *place.page;
  if (page.entries[halfword_of(place.guest)] != static_cast<uint32_t>(code - memory_->base())) return;  // dropped
  if (memory_->left() < kMaxBlockBytes) return;  // a flush would take the block as well
  page.scattered.push_back(static_cast<uint16_t>(sites_[site].pc % core::kPageSize));
  memory_->redirect(code, translate(page, place.guest));
  ++counters_.scattered_sites;
}

// Called when there is no block. A page shares its heat with others, which costs a block too early now and then.
bool Translator::is_hot(const TranslatedPage& page, uint64_t pc) {
  const uint64_t pages = (page.key.physical >> core::kPageShift) * 0x9e37'79b9'7f4a'7c15 >> (64 - kHeatPagesLog);
  uint8_t& heat = heat_[pages * kHalfwords + halfword_of(pc)];
  const unsigned threshold = std::min(options_.threshold << page.drops, 255u);
  if (++heat < threshold) return false;
  heat = 0;
  return true;
}

// The host code of hart.pc, or nullptr: it cannot be translated, or not yet.
const uint8_t* Translator::find(Hart& hart) {
  if (!hart.extensions.has(riscv::Extension::C)) return nullptr;  // jumps would have to look for alignment
  const uint32_t* entries = known_entries(hart, hart.pc);
  if (!entries) entries = attach(hart);
  if (!entries) return nullptr;
  if (const uint32_t offset = entries[halfword_of(hart.pc)]) return memory_->base() + offset;
  TranslatedPage& page = pages_->of(entries);
  return is_hot(page, hart.pc) ? translate(page, hart.pc) : nullptr;
}

// A block was left because accesses that share a check do not lie together: the host code of hart.pc for that case. nullptr:
// nothing is known of the page any more.
const uint8_t* Translator::find_apart(Hart& hart) {
  const uint32_t* const entries = known_entries(hart, hart.pc);
  if (!entries) return nullptr;
  TranslatedPage& page = pages_->of(entries);
  for (const ApartBlock& block : page.apart)
    if (block.offset == hart.pc % core::kPageSize) return memory_->base() + block.code;
  return translate(page, hart.pc, true);
}

// The entries of the page of hart.pc, which the code View has from now on; nullptr: what stands there cannot be kept.
const uint32_t* Translator::attach(Hart& hart) {
  core::CodePage code;
  if (hart.memory->fetch_page({hart.pc}, code) || !code.cacheable || code.stops) return nullptr;
  if (pages_->full()) forget_pages(hart);
  const PageKey key{code.page.value, hart.pc & core::kPageMask, set_of(hart)};
  TranslatedPage* page = pages_->find(key);
  if (!page) {
    page = &pages_->add(key, ram_.fetched(code.page));
    TranslatedPage*& first = of_ram_page_[ram_.page_index(code.page)];
    page->next = first;
    first = page;
  }
  hart.memory->keep_translated({hart.pc}, page->entries);
  return page->entries;
}

const uint8_t* Translator::translate(TranslatedPage& page, uint64_t pc, bool apart) {
  const auto begin = std::chrono::steady_clock::now();
  if (memory_->left() < kMaxBlockBytes) flush();
  const BuildInput input = make_block(page, page.entries, pc, apart, trace_ ? &trace_->origins : nullptr);
  if (trace_) trace_->input = input;
  const uint8_t* const code = memory_->append(output_.code.data(), output_.code.size());
  places_.push_back({reinterpret_cast<uint64_t>(code), pc, &page, static_cast<uint32_t>(sites_.size()), static_cast<uint32_t>(output_.code.size())});
  sites_.insert(sites_.end(), output_.sites.begin(), output_.sites.end());
  install(page, pc, code, apart);
  if (options_.one_block) steps_of_[code] = block_.insns.size();
  if (options_.observer) options_.observer->translated({block_, input, code, output_.code.size()});
  if (host_tools_) host_tools_->added(block_name(page.key.set, pc), {code, output_.code.size()});
  ++counters_.blocks;
  counters_.instructions += block_.insns.size();
  counters_.code_bytes += output_.code.size();
  counters_.nanoseconds += static_cast<uint64_t>((std::chrono::steady_clock::now() - begin).count());
  return code;
}

// block_ and output_ for pc, and what they were made from. An instruction that lowering cannot do becomes a helper, in
// a second attempt.
BuildInput Translator::make_block(const TranslatedPage& page, const uint32_t* entries, uint64_t pc, bool apart, Origins* origins) {
  BuildInput input{.pc = pc,
                   .page = page.host,
                   .privilege = privilege_of(page.key.set),
                   .extensions = translated_for_,
                   .alone = harts_.size() == 1 && harts_[0]->alone,
                   .sc_as_helper = !harts_.empty() && harts_[0]->spurious_sc != nullptr,
                   .fence_as_helper = !harts_.empty() && harts_[0]->stores_wait,
                   .apart = page.scattered,
                   .all_apart = apart || options_.all_scattered};
  while (true) {
    build(block_, input, host_);
    for (const Pass& pass : passes()) {
      pass.run(block_);
      VT_ASSERT(!options_.verify || ir::verify(block_).empty(), "a pass left IR that is not well formed");
    }
    try {
      lowering_->lower({block_, page.key.set, static_cast<uint32_t>(sites_.size()), physical_addend_,
                        entries, page.scattered, options_.all_scattered, page.apart,
                        origins},
                       output_);
      return input;
    } catch (const TooComplex& what) {
      input.as_helpers.push_back(block_.insns[what.insn].pc);
    }
  }
}

// The block becomes reachable: by the table, and by the jumps that waited for it.
void Translator::install(TranslatedPage& page, uint64_t pc, const uint8_t* code, bool apart) {
  const auto offset = static_cast<uint16_t>(pc % core::kPageSize);
  const auto place = static_cast<uint32_t>(code - memory_->base());
  if (apart)
    page.apart.push_back({offset, place});
  else
    page.entries[halfword_of(pc)] = place;
  page.waiting.insert(page.waiting.end(), output_.links.begin(), output_.links.end());
  const auto target = static_cast<uint16_t>(apart ? offset | Link::kApart : offset);
  std::erase_if(page.waiting, [&](const Link& link) {
    if (link.target != target) return false;
    memory_->point(link.after, code);
    return true;
  });
  note_lines(page);
}

void Translator::note_lines(TranslatedPage& page) {
  const uint64_t before = page.lines;
  for (const ir::Instruction& insn : block_.insns) {
    const uint64_t offset = insn.pc % core::kPageSize;
    const uint64_t end = std::min<uint64_t>(offset + insn.insn.length, core::kPageSize);
    page.lines |= uint64_t{1} << offset / kLine | uint64_t{1} << (end - 1) / kLine;
  }
  if (before == 0) ram_.set_flag({page.key.physical}, core::kTranslated);
}

// Nothing of the page is reachable any more; its host code stays in code memory until that is full.
void Translator::drop(TranslatedPage& page) noexcept {
  TranslatedPages::clear(page);
  for (Hart* hart : harts_) hart->predictions[page.key.set].jumps.clear(page.key.virtual_address, core::kPageSize);
  page.waiting.clear();
  page.scattered.clear();
  page.apart.clear();
  page.lines = 0;
}

void Translator::after_write(core::GuestPhys at, size_t size, uint8_t flags) noexcept {
  if (!(flags & core::kTranslated)) return;
  const uint64_t first = at.page_offset() / kLine, last = (at.page_offset() + size - 1) / kLine;
  const uint64_t written = (~uint64_t{0} << first) & (~uint64_t{0} >> (63 - last));
  uint64_t left = 0;
  for (TranslatedPage* page = of_ram_page_[ram_.page_index(at)]; page; page = page->next) {
    if (page->lines & written) {
      drop(*page);
      if (page->drops < kMaxDrops) ++page->drops;
      ++counters_.dropped_pages;
      attention_.wanted = true;  // the block that runs may be one of them
    }
    left |= page->lines;
  }
  if (left == 0) ram_.clear_flag(at, core::kTranslated);
}

uint64_t Translator::block_of(uint64_t host) const noexcept {
  const auto behind = std::upper_bound(places_.begin(), places_.end(), host,
                                       [](uint64_t at, const Place& place) { return at < place.host; });
  return behind == places_.begin() ? 0 : (behind - 1)->guest;
}

// Code memory is full, or other extensions hold. No generated code runs at this moment.
void Translator::flush() {
  for (TranslatedPage& page : *pages_) {
    if (page.lines != 0) ram_.clear_flag({page.key.physical}, core::kTranslated);
    drop(page);
  }
  memory_->rewind(code_begin_);
  if (host_tools_) host_tools_->forgotten(memory_->next());
  sites_.clear();
  places_.clear();
  steps_of_.clear();
  if (options_.observer) options_.observer->flushed();
  ++counters_.flushes;
}

void Translator::forget_pages(Hart& hart) {
  flush();
  hart.memory->forget_code();  // of all harts
  std::fill(of_ram_page_.begin(), of_ram_page_.end(), nullptr);
  pages_->forget_all();
}

}  // namespace vitrine::translator
