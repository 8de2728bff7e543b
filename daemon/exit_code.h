// What lamd ends with. systemd is told not to start it again after usage and config (lamd.service).
#pragma once

namespace lamd::daemon {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 78;  ///< EX_CONFIG of sysexits.h

}  // namespace lamd::daemon
