#include "common/service/asset.h"

#include <string>

namespace roost::service {

const Asset* find_asset(std::span<const Asset> assets, std::string_view name) {
  for (const Asset& asset : assets) {
    if (asset.name == name) return &asset;
  }
  return nullptr;
}

Answer asset_answer(const Asset& asset, std::string_view cache_control, std::string_view if_none_match) {
  return cached_answer(std::string(asset.content), asset.content_type, cache_control, if_none_match);
}

}  // namespace roost::service
