#include "api/operations.h"

#include <utility>

#include "api/pages/pages.h"

namespace roost::api {
namespace {

Logs::Options log_options(const Config& config, const Storage& storage) {
  return {config.log_directory(), storage.log_reader(), config.log_access(), config.logs_token};
}

void show_page(const Request& request, Reply reply) {
  Pages::show(request, std::move(reply));
}

}  // namespace

Operations::Operations(const WorkerContext& context, const Parts& parts)
    : health_(parts.storage.database(), parts.registry,
              {context.config.public_metrics, [&batcher = parts.batcher] { return batcher.stats().accepting; }}),
      logs_(log_options(context.config, parts.storage), context.loop, parts.storage.log(), context.events, show_page),
      metrics_(parts.scope, parts.batcher, parts.storage.database(), parts.storage.cache(), parts.revalidator,
               parts.storage.log(), parts.storage.shipper()) {
  parts.registry.before_exposition([this] { metrics_.refresh(); });
}

void Operations::add_to(Router& router) {
  logs_.add_to(router);
  health_.add_to(router);
}

}  // namespace roost::api
