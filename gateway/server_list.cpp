#include "gateway/server_list.h"

#include "base/secret_file.h"
#include "gateway/gateway.h"
#include "gateway/tunnel_end.h"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace lamd::gateway {

ServerList::ServerList(Environment environment, const Settings& settings)
    : environment_(std::move(environment)), settings_(settings), retiring_(environment_.executor) {
    for (const auto& server : settings_.servers) {
        entries_.push_back(make_entry(server));
    }
}

ServerList::~ServerList() = default;

void ServerList::start() {
    is_started_ = true;
    if (bus_) {
        bus_->start();
    }
    if (bridges_) {
        bridges_->start();
    }
    for (auto& entry : entries_) {
        start_probing(entry);
    }
}

asio::awaitable<void> ServerList::stop() {
    is_started_ = false;
    for (auto& entry : entries_) {
        entry.prober->cancel();
    }
    for (auto& entry : entries_) {
        co_await entry.prober->join();
    }
    retiring_.cancel();
    co_await retiring_.join();
    if (bus_) {
        co_await bus_->stop();
    }
    if (bridges_) {
        co_await bridges_->stop();
    }
}

void ServerList::apply() {
    std::vector<Entry> before = std::exchange(entries_, {});
    for (const auto& server : settings_.servers) {
        const auto same = std::ranges::find_if(before, [&](const Entry& entry) {
            return entry.server && entry.server->config() == server && entry.server->key() == key_of(server);
        });
        if (same != before.end()) {
            entries_.push_back(std::move(*same));
            continue;
        }
        entries_.push_back(make_entry(server));
        expect_workers(entries_.back(), before);
        if (is_started_) {
            start_probing(entries_.back());
        }
    }
    for (auto& entry : before) {
        if (entry.prober) {
            retired_.push_back(std::move(entry));
            retiring_.spawn(retire(retired_.back()));
        }
    }
}

// Where one was, one will be: an answer that fails before the first probe is back goes on over another path.
void ServerList::expect_workers(const Entry& entry, const std::vector<Entry>& before) {
    for (auto* const way : entry.ways) {
        const auto was_there = [way](const auto* old) { return old->has_worker() && old->address() == way->address(); };
        if (std::ranges::any_of(before, [&](const Entry& old) { return std::ranges::any_of(old.ways, was_there); })) {
            way->expect_worker();
        }
    }
}

// Answers that run there hold it, and go on over its paths: these are looked after until the last one has ended.
asio::awaitable<void> ServerList::retire(Entry& entry) {
    constexpr Duration kLook = std::chrono::seconds(1);
    co_await asio::this_coro::throw_if_cancelled(false);
    bool is_ending = false;
    while (!is_ending && entry.server.use_count() > 1) {
        co_await sleep_until(environment_.clock.now() + kLook);
        is_ending = co_await is_cancelled();
    }
    entry.prober->cancel();
    co_await entry.prober->join();
    std::erase_if(retired_, [&entry](const Entry& one) { return &one == &entry; });
}

template <class Do>
void ServerList::for_each_entry(Do work) const {
    std::ranges::for_each(entries_, work);
    std::ranges::for_each(retired_, work);
}

std::vector<ServerPointer> ServerList::servers() const {
    std::vector<ServerPointer> servers;
    servers.reserve(entries_.size());
    for (const auto& entry : entries_) {
        servers.push_back(entry.server);
    }
    return servers;
}

ServerPointer ServerList::find(std::string_view name) const {
    const auto found =
        std::ranges::find_if(entries_, [name](const Entry& entry) { return entry.server->config().name == name; });
    return found == entries_.end() ? nullptr : found->server;
}

Secret ServerList::key_of(const config::Server& server) const {
    if (!server.api_key_file) {
        return {};
    }
    auto key = read_secret("the API key", *server.api_key_file);
    if (!key) {
        environment_.log.error("server " + server.name + ": " + key.error().message, {{"server", server.name}});
        return {};
    }
    return std::move(*key);
}

// The client is made for the first server: a lamd without any, on a GPU machine, has no use for libcurl's memory.
ServerList::Entry ServerList::make_entry(const config::Server& server) {
    if (!client_) {
        client_ = transport::http::Client::create(environment_.executor);
    }
    const supervisor::PathEnvironment environment{environment_.executor, environment_.clock, environment_.log,
                                                  environment_.uniform, [this] { path_changed(); }};
    auto made = std::make_shared<supervisor::Server>(server, key_of(server));
    std::vector<transport::stream::HttpWay*> ways;
    for (const auto& url : server.sse) {
        auto way = std::make_unique<transport::stream::HttpWay>(*client_, url, server.deadlines.connect);
        if (server.mqtt) {
            way->expect_worker();
        }
        ways.push_back(way.get());
        made->add(environment, std::move(way));
    }
    if (server.mqtt && settings_.mqtt) {
        made->add(environment, bus().make_way(*server.mqtt));
    }
    if (server.bridge && settings_.mqtt) {
        made->add(environment, bridges().make_way(*server.bridge));
    }
    const auto drained = settings_.draining.find(server.name);
    if (drained != settings_.draining.end()) {
        made->drain(drained->second);
    }
    Entry entry{std::move(made), std::move(ways), std::make_unique<TaskGroup>(environment_.executor)};
    for (std::size_t i = 0; i < entry.ways.size(); ++i) {
        if (is_tunnel(server.sse[i])) {
            const auto end = find_end(server.sse[i], presences_);
            entry.ways[i]->lead_to(end ? end->base : "", server.sse[i]);
        }
    }
    return entry;
}

void ServerList::set_presences(std::vector<api::Presence> presences) {
    const auto before = std::exchange(presences_, std::move(presences));
    for_each_entry([&](const Entry& entry) {
        for (std::size_t i = 0; i < entry.ways.size(); ++i) {
            follow(entry, i, before);
        }
    });
}

// A tunnel that is taken over may come before it goes: what counts is where its end is now.
void ServerList::follow(const Entry& entry, std::size_t which, const std::vector<api::Presence>& before) const {
    const auto& configured = entry.server->config().sse[which];
    const auto was = find_end(configured, before);
    const auto is = find_end(configured, presences_);
    if (was == is) {
        return;
    }
    auto& path = *entry.server->paths()[which];
    if (is_tunnel(configured)) {
        entry.ways[which]->lead_to(is ? is->base : "", configured);
    }
    if (is) {
        path.take_arrival();
    } else {
        path.take_absence(left(was->name));
        path.probe_now();
    }
}

void ServerList::path_changed() {
    for_each_entry([this](const Entry& entry) { entry.server->observe_state(environment_.clock.now()); });
    environment_.on_change();
}

// A connection to the brokers is made for the first server that is reached through it, and stays.
template <class Bus>
Bus& ServerList::connected(std::unique_ptr<Bus>& bus) {
    if (!bus) {
        const transport::mqtt::Environment environment{environment_.executor, environment_.clock, environment_.log,
                                                       environment_.uniform};
        bus = std::make_unique<Bus>(environment, *settings_.mqtt, environment_.client, [this] { broker_changed(); });
        if (is_started_) {
            bus->start();
        }
    }
    return *bus;
}

transport::stream::MqttBus& ServerList::bus() {
    return connected(bus_);
}

transport::legacy::BridgeBus& ServerList::bridges() {
    return connected(bridges_);
}

std::optional<transport::mqtt::Report> ServerList::broker() const {
    return bus_ ? std::optional(bus_->report()) : bridges_ ? std::optional(bridges_->report()) : std::nullopt;
}

// A worker or the broker has come or gone: paths through it are looked at again.
void ServerList::broker_changed() {
    for_each_entry([](const Entry& entry) {
        for (const auto& path : entry.server->paths()) {
            if (path->way().transport() == "mqtt") {
                path->probe_now();
            }
        }
    });
    environment_.on_change();
}

void ServerList::start_probing(Entry& entry) {
    for (std::size_t i = 0; i < entry.ways.size(); ++i) {
        const auto& configured = entry.server->config().sse[i];
        if (is_tunnel(configured) && entry.ways[i]->address() == configured) {
            entry.server->paths()[i]->take_absence(absent(configured));
        }
    }
    for (const auto& path : entry.server->paths()) {
        entry.prober->spawn(path->run());
    }
    entry.prober->spawn(entry.server->watch());
}

}  // namespace lamd::gateway
