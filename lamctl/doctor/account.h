// Users of this machine, and doing something with the rights of one of them: what root can read says nothing of what
// lamd or a backend can.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace lamd::lamctl::doctor {

struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  ///< by the group database, `gid` too
};

[[nodiscard]] std::optional<Account> account_named(const std::string& name);

/// A uid without a name has its number for one.
[[nodiscard]] Account account_of(uid_t uid);

/// Whoever runs this process, with the groups that the process has: those of the last login.
[[nodiscard]] Account current_account();

/// For its life this process has the rights of an account. Only root can take others' rights: for anybody else nothing
/// changes, and is_other() says that what follows is seen with one's own eyes.
class ActingAs {
public:
    explicit ActingAs(const Account& account);
    ActingAs(const ActingAs&) = delete;
    ActingAs& operator=(const ActingAs&) = delete;
    ~ActingAs();

    [[nodiscard]] bool is_other() const {
        return is_other_;
    }

private:
    bool is_other_ = false;
    bool is_changed_ = false;
    gid_t gid_before_ = 0;
    std::vector<gid_t> groups_before_;
};

}  // namespace lamd::lamctl::doctor
