#include "proxy/observe/failure.h"

#include <array>

namespace roost::proxy {

namespace {

constexpr std::array<std::string_view, kSteps> kStepNames = {"none", "receive", "choose", "connect",
                                                             "send", "head",    "body",   "deliver"};
constexpr std::array<std::string_view, kSides> kSideNames = {"client", "backend", "internal"};
constexpr std::array<std::string_view, kEndings> kEndingNames = {"complete", "client-gone", "broken-off", "refused"};

}  // namespace

std::string_view step_name(Step step) {
  return kStepNames[static_cast<size_t>(step)];
}

std::string_view side_name(Side side) {
  return kSideNames[static_cast<size_t>(side)];
}

std::string_view ending_name(Ending ending) {
  return kEndingNames[static_cast<size_t>(ending)];
}

}  // namespace roost::proxy
