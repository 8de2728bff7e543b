// The part of a Relay that says what a server is asked.
#include "gateway/relay.h"

#include <algorithm>
#include <utility>

namespace lamd::gateway {

transport::stream::Opening Relay::opening() const {
    transport::stream::Opening opening;
    opening.id = attempt_id_;
    opening.path = request_.path;
    opening.content_type = std::string(find(request_.fields, "Content-Type").value_or("application/json"));
    opening.body = asked_body();
    opening.fields.push_back({"X-Request-Id", request_.id});
    const auto authorization = find(request_.fields, "Authorization");
    if (server_->key().is_empty() && authorization) {
        opening.fields.push_back({"Authorization", std::string(*authorization)});
    }
    opening.is_alone = body_.is_stream && server_->is_llama_cpp();
    opening.bearer = server_->key();
    const auto& deadlines = server_->config().deadlines;
    opening.deadlines = {deadlines.connect, deadlines.first, deadlines.between, deadlines.total};
    if (const Instant at = due(); at != Instant::max()) {
        opening.deadlines.total = std::max<Duration>(at - environment_.clock.now(), std::chrono::milliseconds(1));
    }
    return opening;
}

// As the caller wrote it, but for what lamd fills in.
std::string Relay::asked_body() const {
    namespace openai = transport::openai;
    std::string text = request_.body;
    if (!lost_server_.empty()) {
        text = openai::continue_request(request_.path, text, text_).value_or(text);
    }
    if (model_ != body_.model) {
        text = openai::with_model(std::move(text), model_);
    }
    if (asks_progress()) {
        text = openai::with_progress(std::move(text));
    }
    if (body_.skip_thinking) {
        text = openai::without_member(std::move(text), "skip_thinking");
    }
    if (thinking_ && thinking_->reasoning() == config::Reasoning::drop && server_->is_llama_cpp()) {
        text = openai::with_thinking_off(std::move(text), body_);
    }
    const bool has_defaults = request_.path.ends_with("/completions");
    return has_defaults ? openai::with_defaults(std::move(text), body_, defaults()) : text;
}

// A request that names no model means the one that its server has.
config::RequestDefaults Relay::defaults() const {
    std::string name = model_.empty() ? body_.model : model_;
    if (name.empty() && server_ && server_->models() && server_->models()->size() == 1) {
        name = server_->models()->front().id;
    }
    const auto of_model = std::ranges::find(environment_.models, name, &config::ModelSettings::model);
    const auto& of_all = environment_.defaults;
    return merge(environment_.own, of_model == environment_.models.end() ? of_all : merge(of_model->defaults, of_all));
}

// When the answer must be complete; Instant::max(): whenever it is.
Instant Relay::due() const {
    const auto timeout = defaults().timeout.value_or(Duration::zero());
    const auto total = server_ ? server_->config().deadlines.total : Duration::zero();
    const Instant by_timeout = timeout > Duration::zero() ? begun_ + timeout : Instant::max();
    return std::min(by_timeout, total > Duration::zero() ? asked_ + total : Instant::max());
}

// Once something of the answer has come to the caller, another server goes on with it as it was begun.
void Relay::decide_on_thinking() {
    if (has_content_) {
        return;
    }
    thinking_.reset();
    const auto wanted = defaults();
    const bool is_skipped = transport::openai::skips_thinking(body_).value_or(wanted.skip_thinking.value_or(false));
    if (is_skipped && request_.path == "/v1/chat/completions") {
        thinking_.emplace(wanted.reasoning.value_or(config::Reasoning::drop));
    }
}

// It is what tells a long prompt from a server that hangs.
bool Relay::asks_progress() const {
    return body_.is_stream && !body_.has_progress && request_.path == "/v1/chat/completions" && server_->is_llama_cpp();
}

}  // namespace lamd::gateway
