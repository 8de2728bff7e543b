"""OpenAI's SDK for Python, unmodified but for the socket, on real llama-servers. Debian has it from 13 on (python3-openai)."""

import json
import threading
import time

import pytest
from lamdtest.lamd import server
from lamdtest.upstream import ANSWER, delta
from lamdtest.wait import wait_until

try:
    import httpx
    import openai
except ImportError:
    openai = None

pytestmark = pytest.mark.skipif(openai is None, reason="no python3-openai here (Debian has it from 13 on)")

MESSAGES = [{"role": "user", "content": "Tell me a story."}]
ASK = {"model": "tiny", "messages": MESSAGES, "temperature": 0, "seed": 7, "max_tokens": 60}
LONG = {**ASK, "model": "slow", "max_tokens": 3000}
WEATHER = {"type": "object", "properties": {"city": {"type": "string", "enum": ["Berlin", "Paris"]}}, "required": ["city"],
           "additionalProperties": False}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "The weather", "parameters": WEATHER}}]
# The tiny model says nothing of sense; with these it begins, and ends, a call of a tool.
CALL = {**ASK, "tools": TOOLS, "logit_bias": {"415": 65, "416": 55}, "max_tokens": 500}


def client_of(lamd, **options):
    over_socket = httpx.Client(transport=httpx.HTTPTransport(uds=str(lamd.socket_path)), timeout=60.0)
    return openai.OpenAI(base_url="http://lamd/v1", api_key="unused", http_client=over_socket, **options)


@pytest.fixture
def site(make_llama, make_lamd):
    """A client, and the slow llama-server."""
    tiny, slow = make_llama(slots=2), make_llama(model="slow.gguf", slots=2, context=8192)
    embedder = make_llama(slots=1, options=["--embeddings", "--pooling", "mean"])
    lamd = make_lamd(servers=[server(tiny.port, "tiny", models=["tiny"]), server(slow.port, "slow", models=["slow"]),
                              server(embedder.port, "embedder", models=["embedder"])])
    for name in ("tiny", "slow", "embedder"):
        lamd.wait_path(name, "up")
    return client_of(lamd), slow


@pytest.fixture
def played(upstream, make_lamd):
    """A client, and the server that the test plays."""
    lamd = make_lamd(servers=[server(upstream.port)])
    lamd.wait_path("gpu", "up")
    return client_of(lamd), upstream


def text_of(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_what_a_real_server_can_do(site):
    client, _ = site
    assert {"tiny", "slow", "embedder"} == {model.id for model in client.models.list()}
    assert client.models.retrieve("tiny").id == "tiny"

    whole = client.chat.completions.with_raw_response.create(**ASK)
    assert whole.headers["Lam-Server"] == "tiny"
    text = whole.parse().choices[0].message.content
    assert len(text) > 50 and text_of(client.chat.completions.create(**ASK, stream=True)) == text

    called = client.chat.completions.create(**CALL).choices[0].message
    function = called.tool_calls[0].function
    assert function.name == "weather" and json.loads(function.arguments)["city"] in ("Berlin", "Paris")
    with client.beta.chat.completions.stream(**CALL) as stream:
        streamed = stream.get_final_completion().choices[0].message.tool_calls[0].function
    assert (streamed.name, streamed.arguments) == (function.name, function.arguments)

    schema = {"type": "object", "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}}, "required": ["colour"]}
    made = client.chat.completions.create(**{**ASK, "max_tokens": 300}, response_format={
        "type": "json_schema", "json_schema": {"name": "colour", "strict": True, "schema": schema}})
    assert json.loads(made.choices[0].message.content)["colour"] in ("red", "blue")

    embedded = client.embeddings.create(model="embedder", input=["one", "two"])  # as base64, which the SDK asks for
    floats = client.embeddings.create(model="embedder", input=["one", "two"], encoding_format="float")
    assert [one.embedding for one in embedded.data] == [pytest.approx(one.embedding, abs=1e-4) for one in floats.data]


def test_errors_are_openais(site):
    client, _ = site
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**{**ASK, "messages": "none"})
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(**{**ASK, "model": "no-such"})
    assert refused.value.code == "model_not_found" and refused.value.request_id


def test_a_stream_that_is_left_frees_its_slot(site):
    client, slow = site
    stream = client.chat.completions.create(**LONG, stream=True)
    next(iter(stream))
    assert slow.busy_slots() == 1
    stream.close()
    wait_until(lambda: slow.busy_slots() == 0, 5.0, "the slot to be free", 0.1)


def test_a_request_that_takes_too_long_frees_its_slot(site):
    client, slow = site
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=1.0, max_retries=0).chat.completions.create(**LONG)
    wait_until(lambda: slow.busy_slots() == 0, 15.0, "the slot to be free", 1.5)  # which it looks at once a second


def test_a_busy_server_is_asked_again_when_it_said(played):
    client, upstream = played
    made = []
    asking = threading.Thread(target=lambda: made.append(client.chat.completions.create(**ASK)))
    asking.start()
    upstream.next_call().answer(429, {"error": {"message": "too many", "type": "rate_limit_error"}},
                                b"Content-Type: application/json\r\nRetry-After: 1\r\n")
    refused = time.monotonic()
    upstream.next_call(10.0).answer(200, ANSWER)
    assert time.monotonic() - refused > 0.9
    asking.join()
    assert made[0].choices[0].message.content == "Hi"


def test_an_answer_that_is_cut_is_an_error(played):
    client, upstream = played

    def serve():
        call = upstream.next_call()
        call.begin()
        call.event(delta("He"))
        call.cut()

    serving = threading.Thread(target=serve)
    serving.start()
    with pytest.raises(openai.APIError, match="cut"):
        text_of(client.chat.completions.create(**ASK, stream=True))
    serving.join()
