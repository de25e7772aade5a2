#include "api/like_batching.h"

#include <utility>

namespace roost::api {

Result<std::unique_ptr<LikeBatching>> LikeBatching::open(const WorkerContext& context, batcher::Sink& sink,
                                                         OnApplied on_applied) {
  std::unique_ptr<LikeBatching> made(new LikeBatching(context, std::move(on_applied)));
  auto opened = batcher::Batcher::open(made->options(), made->disk_, context.clock, sink);
  if (!opened) return tl::unexpected<Error>(opened.error());
  made->batcher_ = std::move(*opened);
  return made;
}

batcher::Options LikeBatching::options() {
  const Config& config = context_.config;
  batcher::Options options;
  options.directory = config.journal_directory();
  options.policy = {.max_pending = config.flush_above, .max_age_ms = config.max_age_ms};
  options.durability = config.batcher_durability();
  options.sync_interval_ms = config.sync_interval_ms;
  options.batch_spacing_ms = config.batch_spacing_ms;
  options.max_journal_bytes = static_cast<uint64_t>(config.max_journal_bytes);
  options.deliver = [this](batcher::Answers answers) {
    context_.loop.post([answers = std::move(answers)]() mutable { answers.run(); });
  };
  options.on_applied = [this](const batcher::Batch& batch) {
    std::vector<int64_t> ids;
    ids.reserve(batch.deltas.size());
    for (const batcher::KeyDelta& delta : batch.deltas) ids.push_back(delta.key);
    context_.loop.post([this, ids = std::move(ids)] { on_applied_(ids); });
  };
  options.report = [this](std::string_view sentence) { context_.events.warning("likes", {{"what", sentence}}); };
  return options;
}

}  // namespace roost::api
