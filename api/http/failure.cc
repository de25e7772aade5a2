#include "api/http/failure.h"

namespace roost::api {

Answer failure(observe::EventLog& events, const Error& error) {
  events.warning("database", {{"error", error.what}});
  return problem_of(error);
}

}  // namespace roost::api
