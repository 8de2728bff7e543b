#include "api/codec.h"

#include "api/json.h"
#include "api/schema.h"

namespace lamd::api {
namespace {

/// An event's own keys; the change is under the key that its kind names.
struct EventHead {
    std::uint64_t number = 0;
    std::string kind;
    WallTime time;
};

template <class Archive>
void fields(Archive& archive, Of<EventHead> auto& value) {
    archive("number", value.number);
    archive.required("kind", value.kind);
    archive("time", value.time);
}

json::Json change_to_json(const Change& change) {
    return std::visit(
        [](const auto& value) -> json::Json {
            if constexpr (std::same_as<std::remove_cvref_t<decltype(value)>, UnknownChange>) {
                return nullptr;
            } else {
                return json::Writer::write(value);
            }
        },
        change);
}

/// Reads the change of the kind that T is written under.
template <class T>
bool read_change(const std::string& name, const json::Json& event, Result<Change>& into) {
    if (kind(Change(T{})) != name) {
        return false;
    }
    const auto member = event.find(name);
    if (member == event.end()) {
        into = Error{"/" + name + ": missing"};
    } else if (auto value = json::read_at<T>(*member, "/" + name)) {
        into = Change(*std::move(value));
    } else {
        into = value.error();
    }
    return true;
}

template <class... Known>
Result<Change> change_from_json(const std::string& name, const json::Json& event) {
    Result<Change> change = Change(UnknownChange{name});
    static_cast<void>((read_change<Known>(name, event, change) || ...));
    return change;
}

Result<Event> decode_event(std::string_view text) {
    const auto event = json::parse(text);
    if (!event) {
        return event.error();
    }
    const auto head = json::read_at<EventHead>(*event, "");
    if (!head) {
        return head.error();
    }
    auto change = change_from_json<Status, TunnelStatus, PathStatus, ServerStatus, ChildStatus, StreamChange, Failover,
                                   ConfigChange, Verdict>(head->kind, *event);
    if (!change) {
        return change.error();
    }
    return Event{head->number, head->time, *std::move(change)};
}

}  // namespace

template <class T>
std::string encode(const T& value) {
    return dump_json(json::Writer::write(value));
}

template <>
std::string encode(const Event& value) {
    const std::string name(kind(value.change));
    json::Json json = json::Writer::write(EventHead{value.number, name, value.time});
    json[name] = change_to_json(value.change);
    return dump_json(json);
}

template <class T>
Result<T> decode(std::string_view json) {
    return json::read<T>(json);
}

template <>
Result<Event> decode(std::string_view json) {
    return decode_event(json);
}

template std::string encode(const Reason&);
template std::string encode(const ForwardStatus&);
template std::string encode(const TunnelStatus&);
template std::string encode(const PathStatus&);
template std::string encode(const Verdict&);
template std::string encode(const ModeStatus&);
template std::string encode(const StreamCounts&);
template std::string encode(const Status&);
template std::string encode(const TunnelList&);
template std::string encode(const PathList&);
template std::string encode(const StreamChange&);
template std::string encode(const ConfigChange&);
template std::string encode(const ServerStatus&);
template std::string encode(const ServerList&);
template std::string encode(const ServerChange&);
template std::string encode(const StreamList&);
template std::string encode(const SessionList&);
template std::string encode(const SessionImport&);
template std::string encode(const ProbeList&);
template std::string encode(const Failover&);
template std::string encode(const Presence&);
template std::string encode(const PresenceList&);
template std::string encode(const ChildStatus&);

template Result<Reason> decode(std::string_view);
template Result<ForwardStatus> decode(std::string_view);
template Result<TunnelStatus> decode(std::string_view);
template Result<PathStatus> decode(std::string_view);
template Result<Verdict> decode(std::string_view);
template Result<ModeStatus> decode(std::string_view);
template Result<StreamCounts> decode(std::string_view);
template Result<Status> decode(std::string_view);
template Result<TunnelList> decode(std::string_view);
template Result<PathList> decode(std::string_view);
template Result<StreamChange> decode(std::string_view);
template Result<ConfigChange> decode(std::string_view);
template Result<ServerStatus> decode(std::string_view);
template Result<ServerList> decode(std::string_view);
template Result<ServerChange> decode(std::string_view);
template Result<StreamList> decode(std::string_view);
template Result<SessionList> decode(std::string_view);
template Result<SessionImport> decode(std::string_view);
template Result<ProbeList> decode(std::string_view);
template Result<Failover> decode(std::string_view);
template Result<Presence> decode(std::string_view);
template Result<PresenceList> decode(std::string_view);
template Result<ChildStatus> decode(std::string_view);

}  // namespace lamd::api
