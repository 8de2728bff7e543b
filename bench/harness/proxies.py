"""What a user might put in front of llama-server instead of lamd: nginx, HAProxy, and one behind the other. Each has one
worker, listens on a Unix socket as lamd does, keeps its connections to the server, and passes on what comes at once."""

import os
import shutil
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .load import BenchError
from .processes import Program

NGINX, HAPROXY, CHAIN = "nginx", "haproxy", "chain"
TITLES = {NGINX: "nginx", HAPROXY: "HAProxy", CHAIN: "nginx → HAProxy"}

NGINX_CONFIG = """\
{user}
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log error;
events {{ worker_connections 9000; }}
http {{
    access_log off;
    client_body_temp_path {directory}/nginx-body;
    proxy_temp_path {directory}/nginx-proxy;
    fastcgi_temp_path {directory}/nginx-fastcgi;
    uwsgi_temp_path {directory}/nginx-uwsgi;
    scgi_temp_path {directory}/nginx-scgi;
    upstream server {{ server {upstream}; keepalive 4096; keepalive_requests 1000000000; }}
    server {{
        listen unix:{path} backlog=4096;
        keepalive_requests 1000000000;
        location / {{
            proxy_pass http://server;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 1h;
        }}
    }}
}}
"""
HAPROXY_CONFIG = """\
global
    nbthread 1
    maxconn 8000
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    option http-no-delay
    http-reuse always
frontend callers
    bind unix@{path} backlog 4096
    default_backend server
backend server
    server one {upstream} pool-max-conn 4096
"""


@dataclass(frozen=True)
class Proxy:
    endpoint: str
    pids: list[int]


def available() -> list[str]:
    kinds = [kind for kind in (NGINX, HAPROXY) if _find(kind)]
    return kinds + ([CHAIN] if len(kinds) == 2 else [])


def start_proxy(stack: ExitStack, kind: str, port: int, directory: Path) -> Proxy:
    """Runs until the stack is left; returns once it listens."""
    server = f"127.0.0.1:{port}"
    if kind != CHAIN:
        return _start(stack, kind, kind, server, directory)
    behind = _start(stack, HAPROXY, "chained-haproxy", server, directory)
    front = _start(stack, NGINX, "chained-nginx", behind.endpoint, directory)
    return Proxy(front.endpoint, front.pids + behind.pids)


def _start(stack: ExitStack, kind: str, name: str, upstream: str, directory: Path) -> Proxy:
    home = directory / name
    home.mkdir()
    path, config = home / "socket", home / "config"
    template = NGINX_CONFIG if kind == NGINX else HAPROXY_CONFIG
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(template.format(user=user, directory=home, path=path, upstream=upstream))
    options = ["-c", str(config), "-p", str(home)] if kind == NGINX else ["-db", "-f", str(config)]
    program = stack.enter_context(Program([_find(kind), *options], home / "log"))
    _wait_until_listening(program, path)
    return Proxy(f"unix:{path}", [program.pid])


def _wait_until_listening(program: Program, path: Path) -> None:
    deadline = time.monotonic() + 10
    while not _is_listening(path):
        if not program.is_running() or time.monotonic() > deadline:
            raise BenchError(f"{program.command[0]} did not start: {program.log_tail()}")
        time.sleep(0.01)


def _is_listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0


def _find(kind: str) -> str | None:
    return shutil.which(kind, path="/usr/sbin:/usr/local/sbin:/usr/bin")
