#include "common/process/privileges.h"

#include <cerrno>
#include <csignal>
#include <initializer_list>

#include <fmt/core.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace roost::process {
namespace {

std::optional<Account> find_account(const std::string& name) {
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return std::nullopt;
  return Account{entry->pw_name, entry->pw_uid, entry->pw_gid};
}

std::string current_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : fmt::format("{}", ::geteuid());
}

Result<void> create_directories(const std::vector<std::string>& paths, const Account& owner) {
  for (const std::string& path : paths) {
    if (::mkdir(path.c_str(), 0700) != 0) {
      if (errno == EEXIST || errno == ENOENT) continue;  // without its parent: reported by whoever needs it
      return fail_errno("create " + path, errno);
    }
    if (::chown(path.c_str(), owner.user, owner.group) != 0) return fail_errno("change the owner of " + path, errno);
  }
  return {};
}

Result<void> change_to(const Account& account) {
  const auto error = [&account](const char* step) {
    return fail_errno(fmt::format("change to the user {} ({})", account.name, step), errno);
  };
  if (::prctl(PR_SET_KEEPCAPS, 1) != 0) return error("PR_SET_KEEPCAPS");
  if (::initgroups(account.name.c_str(), account.group) != 0) return error("initgroups");
  if (::setgid(account.group) != 0) return error("setgid");
  if (::setuid(account.user) != 0) return error("setuid");
  return {};
}

/// Keeps those of `capabilities` that the process has. They fit into the first word of the kernel's two.
Result<void> keep_capabilities(std::initializer_list<int> capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return fail_errno("read the capabilities", errno);
  uint32_t kept = 0;
  for (const int capability : capabilities) kept |= uint32_t{1} << capability;
  kept &= data[0].permitted;
  data[0] = {kept, kept, 0};
  data[1] = {0, 0, 0};
  if (::syscall(SYS_capset, &header, data) != 0) return fail_errno("drop capabilities", errno);
  return {};
}

Result<void> drop_root(const PrivilegeOptions& options) {
  const auto account = choose_account(::geteuid(), options.user, find_account);
  if (!account) return tl::unexpected<Error>(account.error());
  if (!*account) return keep_capabilities({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_NET_BIND_SERVICE});
  if (auto created = create_directories(options.directories, **account); !created) return created;
  if (auto changed = change_to(**account); !changed) return changed;
  return keep_capabilities({CAP_NET_BIND_SERVICE});
}

}  // namespace

Result<std::optional<Account>> choose_account(uid_t effective_user, const std::string& wanted,
                                              const FindAccount& find) {
  if (effective_user != 0 || wanted == "root") return std::nullopt;
  auto account = find(wanted.empty() ? kDefaultUser : wanted);
  if (!account && !wanted.empty()) return fail(fmt::format("user = \"{}\": there is no such account", wanted));
  if (account && account->user == 0) return std::nullopt;
  return account;
}

Result<std::string> drop_privileges(const PrivilegeOptions& options) {
  std::signal(SIGXFSZ, SIG_IGN);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("set no_new_privs", errno);
  if (::geteuid() == 0) {
    if (auto dropped = drop_root(options); !dropped) return tl::unexpected<Error>(dropped.error());
  }
  // After the change of user, which resets it.
  if (::prctl(PR_SET_DUMPABLE, options.core_dumps ? 1 : 0) != 0) return fail_errno("set dumpable", errno);
  rlimit cores{};
  if (!options.core_dumps && ::getrlimit(RLIMIT_CORE, &cores) == 0) {
    cores.rlim_cur = 0;
    ::setrlimit(RLIMIT_CORE, &cores);
  }
  return current_user();
}

}  // namespace roost::process
