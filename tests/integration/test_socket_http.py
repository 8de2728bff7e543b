"""The Unix socket against callers that are slow, huge, many or hostile: served or refused, never harmed."""

import json
import socket
import time

import pytest
from lamdtest import unix_http
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.wait import wait_until

MIB = 1024 * 1024
LIMITS = {"head": "16KiB", "body": "1MiB", "head_timeout": "1s", "body_timeout": "1s", "idle_timeout": "2s"}
OK = b"GET /livez HTTP/1.1\r\nHost: lamd\r\n\r\n"


@pytest.fixture
def lamd(upstream, make_lamd):
    return make_lamd(servers=[server(upstream.port)], socket={"limits": LIMITS})


def status_of(answer):
    """The status of the first answer in raw bytes; 0 if there is none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def send(lamd, sent, timeout=10.0):
    """All that lamd says to these bytes before it closes."""
    return unix_http.exchange_bytes(lamd.socket_path, sent, timeout)


def post(*headers, body=b"{}"):
    lines = [b"POST /v1/chat/completions HTTP/1.1", b"Host: lamd", *headers, b""]
    return b"".join(line + b"\r\n" for line in lines) + body


SMUGGLED = {
    "both lengths": post(b"Content-Length: 2", b"Transfer-Encoding: chunked"),
    "both, other order": post(b"Transfer-Encoding: chunked", b"Content-Length: 2"),
    "two lengths": post(b"Content-Length: 2", b"Content-Length: 3"),
    "two lengths in one": post(b"Content-Length: 2, 3"),
    "a negative length": post(b"Content-Length: -2"),
    "a signed length": post(b"Content-Length: +2"),
    "a hexadecimal length": post(b"Content-Length: 0x2"),
    "a length with letters": post(b"Content-Length: 2x"),
    "an empty length": post(b"Content-Length: "),
    "a length beyond 64 bits": post(b"Content-Length: 18446744073709551618"),
    "an unknown coding": post(b"Transfer-Encoding: gzip"),
    "chunked not last": post(b"Transfer-Encoding: chunked, identity"),
    "chunked twice": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "chunked misspelt": post(b"Transfer-Encoding: xchunked"),
    "a space before the colon": post(b"Content-Length : 2"),
    "a folded header": post(b"X: a\r\n b", b"Content-Length: 2"),
    "a bare CR in a value": post(b"X: a\rb", b"Content-Length: 2"),
    "a NUL in a value": post(b"X: a\0b", b"Content-Length: 2"),
    "a chunk size that is none": post(b"Transfer-Encoding: chunked", body=b"xyz\r\n{}\r\n0\r\n\r\n"),
    "a chunk size that overflows": post(b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "a chunk without its end": post(b"Transfer-Encoding: chunked", body=b"2\r\n{}xx\r\n0\r\n\r\n"),
    "no version": b"GET /livez\r\n\r\n",
    "another version": b"GET /livez HTTP/2.0\r\nHost: lamd\r\n\r\n",
    "no method": b" /livez HTTP/1.1\r\nHost: lamd\r\n\r\n",
    "a space in the target": b"GET /li vez HTTP/1.1\r\nHost: lamd\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
    "noise": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_an_ambiguous_request_is_refused_and_nothing_after_it_is_believed(lamd, upstream, name):
    answer = send(lamd, SMUGGLED[name] + b"GET /lam/v1/status HTTP/1.1\r\nHost: smuggled\r\n\r\n")
    assert status_of(answer) in (0, 400, 501, 505), answer[:200]
    assert answer.count(b"HTTP/1.1 ") <= 1 and b'"uptime_s"' not in answer
    assert not [method for method, _ in upstream.requests if method == "POST"]
    assert lamd.get("/livez").status == 200


def test_a_head_that_is_too_large_is_refused(lamd):
    assert status_of(send(lamd, b"GET /livez HTTP/1.1\r\nHost: lamd\r\nX: " + b"x" * 20000 + b"\r\n\r\n")) == 431
    assert status_of(send(lamd, b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\nHost: lamd\r\n\r\n")) in (414, 431)
    many = b"".join(b"X%d: y\r\n" % number for number in range(5000))
    assert status_of(send(lamd, b"GET /livez HTTP/1.1\r\nHost: lamd\r\n" + many + b"\r\n")) == 431


def test_a_head_just_within_the_limit_is_served(lamd):
    padded = b"GET /livez HTTP/1.1\r\nHost: lamd\r\nConnection: close\r\nX: %s\r\n\r\n" % (b"x" * (16 * 1024 - 100))
    assert status_of(send(lamd, padded)) == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(lamd, upstream):
    answer = send(lamd, post(b"Content-Length: %d" % (2 * MIB), b"Expect: 100-continue", body=b""))
    assert status_of(answer) in (413, 417)
    assert b"error" in answer
    chunks = b"".join(b"10000\r\n" + b"x" * 65536 + b"\r\n" for _ in range(20))
    with unix_http.connect_unix(lamd.socket_path) as raw:
        try:
            raw.sendall(post(b"Transfer-Encoding: chunked", body=chunks + b"0\r\n\r\n"))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent
        try:
            assert status_of(unix_http.read_to_end(raw)) == 413
        except ConnectionResetError:
            pass
    assert not upstream.calls.qsize()


def test_expect_continue_is_answered(lamd, upstream):
    with unix_http.connect_unix(lamd.socket_path) as raw:
        body = json.dumps({"messages": []}).encode()
        raw.sendall(post(b"Content-Length: %d" % len(body), b"Expect: 100-continue", body=b""))
        assert raw.recv(1000).startswith(b"HTTP/1.1 100 ")
        raw.sendall(body)
        upstream.next_call().answer(200, {"fine": True})
        assert status_of(raw.recv(1000)) == 200


def test_requests_in_one_write_are_answered_in_turn(lamd):
    answers = send(lamd, OK * 5 + OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answers.count(b"HTTP/1.1 200") == 6


def test_a_request_that_arrives_byte_by_byte_is_understood(lamd):
    with unix_http.connect_unix(lamd.socket_path) as raw:
        for byte in OK:
            raw.send(bytes([byte]))
        assert status_of(raw.recv(1000)) == 200


def test_a_slow_head_is_cut_off(lamd):
    with unix_http.connect_unix(lamd.socket_path) as raw:
        begun = time.monotonic()
        raw.sendall(b"GET /livez HTTP/1.1\r\nX: ")
        raw.settimeout(0.1)
        answer, ended = b"", False
        while not ended and time.monotonic() < begun + within(5.0):
            try:
                raw.send(b"y")  # always something, never all
                data = raw.recv(1000)
                answer, ended = answer + data, not data
            except TimeoutError:
                pass
            except OSError:
                ended = True
        assert ended and 0.8 <= time.monotonic() - begun <= within(3.0)
        assert status_of(answer) in (0, 408)


def test_a_slow_body_is_cut_off(lamd):
    begun = time.monotonic()
    answer = send(lamd, post(b"Content-Length: 1000", body=b"{"))
    assert status_of(answer) in (0, 408) and 0.8 <= time.monotonic() - begun <= within(3.0)


def test_an_idle_connection_is_closed(lamd):
    with unix_http.connect_unix(lamd.socket_path) as raw:
        raw.sendall(OK)
        assert status_of(raw.recv(1000)) == 200
        begun = time.monotonic()
        assert raw.recv(1000) == b""
        assert 1.5 <= time.monotonic() - begun <= within(4.0)


def test_thousands_of_idle_connections_are_carried(upstream, make_lamd, keep):
    lamd = make_lamd(servers=[server(upstream.port)])
    memory, descriptors = lamd.resident_bytes(), lamd.descriptor_count()
    idle = []
    for number in range(2000):
        raw = keep(unix_http.connect_unix(lamd.socket_path))
        if number % 2:
            raw.sendall(OK)
            assert status_of(raw.recv(1000)) == 200
        idle.append(raw)
    begun = time.monotonic()
    assert lamd.get("/livez").status == 200 and time.monotonic() - begun < within(0.2)
    lamd.check_memory(memory, 2000 * 40 * 1024)
    for raw in idle:
        raw.close()
    wait_until(lambda: lamd.descriptor_count() <= descriptors, what="all connections to be closed")


def test_more_connections_than_allowed_are_refused_not_queued(upstream, make_lamd, keep):
    lamd = make_lamd(servers=[server(upstream.port)], socket={"limits": {"connections": 10}})
    held = [keep(unix_http.connect_unix(lamd.socket_path)) for _ in range(10)]
    for raw in held:
        raw.sendall(OK)
        assert status_of(raw.recv(1000)) == 200
    answer = send(lamd, OK)
    assert status_of(answer) in (0, 503)
    held.pop().close()
    wait_until(lambda: _is_served(lamd), what="room again")


def _is_served(lamd):
    try:
        return lamd.get("/livez").status == 200
    except OSError:
        return False


def test_a_thousand_slow_heads_do_not_keep_others_out(lamd, keep):
    slow = [keep(unix_http.connect_unix(lamd.socket_path)) for _ in range(1000)]
    for raw in slow:
        raw.sendall(b"GET /livez HTTP/1.1\r\n")
    begun = time.monotonic()
    assert lamd.get("/livez").status == 200
    assert time.monotonic() - begun < within(0.5)


def test_callers_that_vanish_in_every_moment_leave_nothing(lamd, upstream):
    request = post(b"Content-Length: 2", b"Content-Type: application/json")
    descriptors = lamd.descriptor_count()
    for length in range(0, len(request), 3):
        raw = unix_http.connect_unix(lamd.socket_path)
        raw.sendall(request[:length])
        if length % 2:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raw.close()
    wait_until(lambda: lamd.descriptor_count() <= descriptors, what="all connections to be closed")
    assert lamd.get("/livez").status == 200
    assert upstream.calls.empty()
