#pragma once

namespace roost::api {

/// Makes SQLite allocate by essential_malloc: without memory it gives the text of a column as if it were NULL. Before
/// anything else of SQLite is used.
void use_reserve_for_sqlite();

}  // namespace roost::api
