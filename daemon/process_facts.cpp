#include "daemon/process_facts.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace lamd::daemon {

namespace {

double to_seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t count_descriptors() {
    std::error_code ec;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", ec), end; !ec && entry != end;
         entry.increment(ec)) {
        ++count;
    }
    return count > 0 ? count - 1 : 0;  // without the one that reads the directory
}

}  // namespace

ProcessFacts read_process_facts() {
    ProcessFacts facts;
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        facts.cpu_s = to_seconds(usage.ru_utime) + to_seconds(usage.ru_stime);
    }
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    if (std::ifstream statm("/proc/self/statm"); statm >> facts.virtual_bytes >> facts.resident_bytes) {
        facts.virtual_bytes *= page;
        facts.resident_bytes *= page;
    }
    facts.open_descriptors = count_descriptors();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        facts.max_descriptors = limit.rlim_cur;
    }
    return facts;
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace lamd::daemon
