#pragma once

#include "api/http/answer.h"
#include "common/base/result.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Logs what went wrong in the database or a queue before it, and makes the answer that tells the client no more than
/// whether to try again (problem_of).
Answer failure(observe::EventLog& events, const Error& error);

}  // namespace roost::api
