// A library to preload: the wall clock of the program runs ahead of the machine's (or behind it) by as many nanoseconds
// as the first eight bytes of the file $CLOCK_SHIFT_FILE say at the moment. Monotonic clocks stay as they are, as when
// somebody sets the time.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

const std::atomic<std::int64_t>* map_shift() {
    const char* path = std::getenv("CLOCK_SHIFT_FILE");
    const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return nullptr;
    }
    void* memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return memory == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(memory);
}

std::int64_t shift() {
    static const auto* const mapped = map_shift();
    return mapped == nullptr ? 0 : mapped->load(std::memory_order_relaxed);
}

using ClockGetTime = int (*)(clockid_t, timespec*);

int real_time(clockid_t clock, timespec* time) {
    static const auto real = reinterpret_cast<ClockGetTime>(::dlsym(RTLD_NEXT, "clock_gettime"));
    return real(clock, time);
}

}  // namespace

// The C library's names of parameters are reserved ones.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const int result = real_time(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        const auto shifted = time->tv_sec * kSecond + time->tv_nsec + shift();
        time->tv_sec = shifted / kSecond;
        time->tv_nsec = shifted % kSecond;
    }
    return result;
}

int gettimeofday(timeval* __restrict time, void* /*zone*/) noexcept {
    timespec now{};
    const int result = clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t* result) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result != nullptr) {
        *result = now.tv_sec;
    }
    return now.tv_sec;
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
