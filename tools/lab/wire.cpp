// wire NS_A NS_B INTERFACE SETTINGS PIDFILE: a cable between two network namespaces with delay, jitter, loss and rate,
// for kernels without netem. It makes a TUN device INTERFACE in each namespace (/run/netns/NS, or the path of one) and
// carries IP packets between them, in order even under jitter, unless reorder_pct says otherwise. Ends when a namespace
// goes away.
//
// SETTINGS is read at the start and at SIGHUP: lines "KEY VALUE" for both ways, "ab.KEY VALUE" or "ba.KEY VALUE" for
// one. Keys: delay_ms, jitter_ms, loss_pct (100: a black hole), reorder_pct (so many overtake those that are under
// way), duplicate_pct, rate_kbit (0: no limit), queue (packets, 5000). SIGUSR1: counters to stderr.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

volatile std::sig_atomic_t reload_wanted = 1;
volatile std::sig_atomic_t counters_wanted = 0;
volatile std::sig_atomic_t stop_wanted = 0;

void on_signal(int signal) {
    switch (signal) {
        case SIGHUP:
            reload_wanted = 1;
            break;
        case SIGUSR1:
            counters_wanted = 1;
            break;
        default:
            stop_wanted = 1;
    }
}

[[noreturn]] void die(const std::string& what) {
    std::perror(what.c_str());
    std::exit(1);
}

double random_between(double low, double high) {
    static std::mt19937_64 engine{1};
    return std::uniform_real_distribution{low, high}(engine);
}

bool happens(double percent) {
    return percent > 0 && random_between(0, 100) < percent;
}

struct Settings {
    double delay_ms = 0;
    double jitter_ms = 0;
    double loss_pct = 0;
    double reorder_pct = 0;
    double duplicate_pct = 0;
    double rate_kbit = 0;
    double queue = 5000;

    double* find(std::string_view key) {
        if (key == "delay_ms") {
            return &delay_ms;
        }
        if (key == "jitter_ms") {
            return &jitter_ms;
        }
        if (key == "loss_pct") {
            return &loss_pct;
        }
        if (key == "reorder_pct") {
            return &reorder_pct;
        }
        if (key == "duplicate_pct") {
            return &duplicate_pct;
        }
        if (key == "rate_kbit") {
            return &rate_kbit;
        }
        return key == "queue" ? &queue : nullptr;
    }
};

/// `direction` is "ab" or "ba"; keys of the other one are left alone.
Settings read_settings(const char* path, std::string_view direction) {
    Settings settings;
    std::ifstream file(path);
    std::string key;
    double value = 0;
    while (file >> key >> value) {
        const auto dot = key.find('.');
        if (dot != std::string::npos && std::string_view(key).substr(0, dot) != direction) {
            continue;
        }
        if (double* target = settings.find(dot == std::string::npos ? key : key.substr(dot + 1))) {
            *target = value;
        } else {
            std::cerr << "wire: " << path << ": there is no setting " << key << '\n';
        }
    }
    return settings;
}

struct Packet {
    Clock::time_point due;
    std::vector<char> bytes;
};

/// One way through the cable: what was read from a device and when it comes out of the other one.
class Direction {
public:
    Direction(int from, int to, std::string_view name) : from_(from), to_(to), name_(name) {}

    void configure(const char* path) {
        settings_ = read_settings(path, name_);
    }

    /// At most 64 packets, so that the other direction is not kept waiting.
    void take() {
        static std::array<char, 65535> buffer;
        for (int count = 0; count < 64; ++count) {
            const auto size = ::read(from_, buffer.data(), buffer.size());
            if (size <= 0) {
                return;
            }
            ++taken_;
            accept({buffer.begin(), buffer.begin() + size});
        }
    }

    /// Delivers what is due; a packet for a device that is down is lost, as on a real cable.
    void deliver(Clock::time_point now) {
        for (; !packets_.empty() && packets_.front().due <= now; packets_.pop_front()) {
            const auto& bytes = packets_.front().bytes;
            const bool is_out = ::write(to_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
            ++(is_out ? delivered_ : lost_);
        }
    }

    [[nodiscard]] std::optional<Clock::time_point> next_due() const {
        return packets_.empty() ? std::nullopt : std::optional(packets_.front().due);
    }

    void print_counters() const {
        std::cerr << "wire " << name_ << ": in " << taken_ << " out " << delivered_ << " lost " << lost_ << " overflow "
                  << overflowed_ << " queued " << packets_.size() << std::endl;
    }

private:
    void accept(std::vector<char> bytes) {
        if (happens(settings_.loss_pct)) {
            ++lost_;
        } else if (static_cast<double>(packets_.size()) >= settings_.queue) {
            ++overflowed_;
        } else {
            if (happens(settings_.duplicate_pct)) {
                insert(due_of(bytes.size()), bytes);
            }
            const auto due = happens(settings_.reorder_pct) ? Clock::now() : due_of(bytes.size());
            insert(due, std::move(bytes));
        }
    }

    void insert(Clock::time_point due, std::vector<char> bytes) {
        const auto later = std::upper_bound(packets_.begin(), packets_.end(), due,
                                            [](Clock::time_point at, const Packet& packet) { return at < packet.due; });
        packets_.insert(later, {due, std::move(bytes)});
    }

    Clock::time_point due_of(std::size_t size) {
        auto at = Clock::now();
        if (settings_.rate_kbit > 0) {
            const Milliseconds sending(static_cast<double>(size) * 8 / settings_.rate_kbit);
            line_free_ = std::max(line_free_, at) + std::chrono::duration_cast<Clock::duration>(sending);
            at = line_free_;
        }
        const double jitter = settings_.jitter_ms > 0 ? random_between(-settings_.jitter_ms, settings_.jitter_ms) : 0;
        at += std::chrono::duration_cast<Clock::duration>(Milliseconds(settings_.delay_ms + jitter));
        last_due_ = std::max(last_due_, at);
        return last_due_;
    }

    int from_;
    int to_;
    std::string_view name_;
    Settings settings_;
    std::deque<Packet> packets_;
    Clock::time_point line_free_;
    Clock::time_point last_due_;
    unsigned long taken_ = 0;
    unsigned long delivered_ = 0;
    unsigned long lost_ = 0;
    unsigned long overflowed_ = 0;
};

/// A TUN device in a namespace; the process stays in that namespace.
int open_device(const std::string& space, const char* interface) {
    const std::string path = space.starts_with('/') ? space : "/run/netns/" + space;
    const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (handle < 0 || ::setns(handle, CLONE_NEWNET) != 0) {
        die(path);
    }
    ::close(handle);
    const int device = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (device < 0) {
        die("/dev/net/tun");
    }
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    std::string_view(interface).copy(request.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(device, TUNSETIFF, &request) != 0) {
        die("TUNSETIFF");
    }
    return device;
}

/// Signals arrive only while waiting in ppoll, so that none is missed. Returns the mask to wait with.
sigset_t catch_signals() {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    for (const int signal : {SIGHUP, SIGUSR1, SIGTERM, SIGINT}) {
        struct sigaction action{};
        action.sa_handler = on_signal;
        sigaction(signal, &action, nullptr);
        sigaddset(&blocked, signal);
    }
    sigprocmask(SIG_BLOCK, &blocked, &before);
    return before;
}

void obey_signals(std::array<Direction, 2>& directions, const char* settings) {
    if (std::exchange(reload_wanted, 0) != 0) {
        for (auto& direction : directions) {
            direction.configure(settings);
        }
    }
    if (std::exchange(counters_wanted, 0) != 0) {
        for (const auto& direction : directions) {
            direction.print_counters();
        }
    }
}

std::optional<Clock::time_point> earliest(const std::array<Direction, 2>& directions) {
    const auto first = directions[0].next_due();
    const auto second = directions[1].next_due();
    return first && second ? std::min(*first, *second) : first ? first : second;
}

/// Until a device can be read or `until` has come. False when a device went away with its namespace.
bool wait(std::array<pollfd, 2>& devices, std::optional<Clock::time_point> until, const sigset_t& mask) {
    timespec time{};
    if (until) {
        const auto left = std::max(*until - Clock::now(), Clock::duration::zero());
        time.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
        time.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count() % 1'000'000'000;
    }
    if (::ppoll(devices.data(), devices.size(), until ? &time : nullptr, &mask) < 0) {
        if (errno != EINTR) {
            die("ppoll");
        }
        devices[0].revents = devices[1].revents = 0;
    }
    return ((devices[0].revents | devices[1].revents) & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        std::cerr << "usage: wire NS_A NS_B INTERFACE SETTINGS PIDFILE\n";
        return 2;
    }
    const sigset_t mask = catch_signals();
    ::prctl(PR_SET_TIMERSLACK, 1000);
    const int a = open_device(argv[1], argv[3]);
    const int b = open_device(argv[2], argv[3]);
    std::array<Direction, 2> directions{Direction(a, b, "ab"), Direction(b, a, "ba")};
    std::array<pollfd, 2> devices{pollfd{a, POLLIN, 0}, pollfd{b, POLLIN, 0}};
    std::ofstream(argv[5]) << ::getpid() << '\n';
    while (stop_wanted == 0) {
        obey_signals(directions, argv[4]);
        for (auto& direction : directions) {
            direction.deliver(Clock::now());
        }
        if (!wait(devices, earliest(directions), mask)) {
            return 0;
        }
        for (std::size_t index = 0; index < devices.size(); ++index) {
            if ((devices[index].revents & POLLIN) != 0) {
                directions[index].take();
            }
        }
    }
    return 0;
}
