#pragma once

#include "common/http/fields.h"
#include "proxy/cache/stored_response.h"
#include "proxy/exchange/cache_status.h"
#include "proxy/exchange/delivery.h"
#include "proxy/exchange/request_record.h"
#include "proxy/fetching/backend_call.h"
#include "proxy/fetching/fetch_context.h"
#include "proxy/runtime/error_pages.h"

namespace roost::proxy {

/// The answers of an exchange that come from no backend: what is stored, fresh or stale, and errors of the proxy's own.
/// Each ends the delivery. Loop thread only.
class OwnAnswers {
 public:
  /// All outlive it.
  OwnAnswers(FetchContext& context, Delivery& delivery, RequestRecord& record)
      : context_(context), delivery_(delivery), record_(record) {}

  void fresh(const StoredResponse& stored, const http::Fields& request_fields);
  /// `failed_status`: of the answer that this stands in for.
  void stale(const StoredResponse& stored, const http::Fields& request_fields, ForwardReason reason, int failed_status);
  /// Breaks the answer off where its head has been sent.
  void failure(const CallFailure& failure, ForwardReason reason, const ErrorPages& pages);

 private:
  FetchContext& context_;
  Delivery& delivery_;
  RequestRecord& record_;
};

}  // namespace roost::proxy
