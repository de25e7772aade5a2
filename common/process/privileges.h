#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/base/result.h"

namespace roost::process {

/// The account that a process started as root changes to if none is configured and this one exists.
inline constexpr const char* kDefaultUser = "roost";

/// An account of the system.
struct Account {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
};
/// Looks an account up by its name; nothing if there is none.
using FindAccount = std::function<std::optional<Account>(const std::string& name)>;

/// The account to change to; nothing to stay who one is. Started as root: `wanted`, which must exist, or kDefaultUser
/// if `wanted` is empty and there is such an account; "root" stays root. Not started as root: `wanted` has no effect.
/// Pure but for `find`.
Result<std::optional<Account>> choose_account(uid_t effective_user, const std::string& wanted, const FindAccount& find);

struct PrivilegeOptions {
  std::string user;         ///< See choose_account().
  bool core_dumps = false;  ///< False: memory, which holds passwords and tokens, is never written to a core file.
  /// Created if they do not exist, and then owned by the account that is changed to.
  std::vector<std::string> directories = {};
};

/// Gives up what a server does not need, once and for all: never gains privileges by exec (no_new_privs), no core
/// dumps; started as root, changes to the account of choose_account() and keeps one capability, to bind ports below
/// 1024. Where it stays root it keeps that and those to use files of others. Ignores SIGXFSZ, so that a file at the
/// size limit of the process is an error like a full disk.
///
/// Call it before any thread is started. Returns the name of the user that the process runs as.
Result<std::string> drop_privileges(const PrivilegeOptions& options);

}  // namespace roost::process
