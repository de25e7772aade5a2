#pragma once

#include "common/service/app_server.h"
#include "common/service/query_string.h"
#include "common/service/reply.h"
#include "common/service/router.h"

namespace roost::api {

// The service library's types, as the API's routes name them.
using service::Action;
using service::Answer;
using service::kJson;
using service::problem;
using service::QueryString;
using service::Reply;
using service::Request;
using service::Router;
using service::uncached_json;

}  // namespace roost::api
