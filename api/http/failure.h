#pragma once

#include "api/http/answer.h"
#include "common/base/result.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Logs an error of the database or of a queue before it; returns its answer (problem_of), which tells the client only
/// whether to try again.
Answer failure(observe::EventLog& events, const Error& error);

}  // namespace roost::api
