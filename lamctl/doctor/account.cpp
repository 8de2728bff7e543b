#include "lamctl/doctor/account.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace lamd::lamctl::doctor {
namespace {

Account make_account(const passwd& entry) {
    Account account{.name = entry.pw_name, .uid = entry.pw_uid, .gid = entry.pw_gid, .groups = {}};
    int count = 0;
    getgrouplist(entry.pw_name, entry.pw_gid, nullptr, &count);
    account.groups.resize(static_cast<std::size_t>(count));
    getgrouplist(entry.pw_name, entry.pw_gid, account.groups.data(), &count);
    return account;
}

std::vector<gid_t> current_groups() {
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(getgroups(0, nullptr), 0)));
    const int count = getgroups(static_cast<int>(groups.size()), groups.data());
    groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    return groups;
}

}  // namespace

std::optional<Account> account_named(const std::string& name) {
    const passwd* entry = getpwnam(name.c_str());
    return entry == nullptr ? std::nullopt : std::optional(make_account(*entry));
}

Account account_of(uid_t uid) {
    const passwd* entry = getpwuid(uid);
    return entry == nullptr ? Account{.name = std::to_string(uid), .uid = uid, .gid = uid, .groups = {}}
                            : make_account(*entry);
}

Account current_account() {
    auto account = account_of(geteuid());
    account.gid = getegid();
    account.groups = current_groups();
    account.groups.push_back(account.gid);
    return account;
}

ActingAs::ActingAs(const Account& account) : is_other_(account.uid != geteuid()) {
    if (!is_other_ || geteuid() != 0) {
        return;
    }
    gid_before_ = getegid();
    groups_before_ = current_groups();
    is_changed_ = setgroups(account.groups.size(), account.groups.data()) == 0 && setegid(account.gid) == 0 &&
                  seteuid(account.uid) == 0;
    is_other_ = !is_changed_;
}

ActingAs::~ActingAs() {
    // Root's way back from rights on loan cannot fail; what came after it would be seen with the wrong eyes.
    if (is_changed_ && (seteuid(0) != 0 || setegid(gid_before_) != 0 ||
                        setgroups(groups_before_.size(), groups_before_.data()) != 0)) {
        std::abort();
    }
}

}  // namespace lamd::lamctl::doctor
