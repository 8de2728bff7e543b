"""Who may do what on the Unix socket is decided by the uid and groups that the kernel vouches for."""

import grp
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lamdtest.lamd import server

pytestmark = pytest.mark.root

NOBODY = 65534
GROUP, OTHER = 54321, 54322
ROUTES = {"read": ("GET", "/lam/v1/status"), "use": ("GET", "/v1/models"), "admin": ("POST", "/lam/v1/reload")}


@pytest.fixture
def make(upstream, make_lamd, directory):
    directory.chmod(0o755)

    def run(**roles):
        lamd = make_lamd(servers=[server(upstream.port)], start=False, socket={"mode": "0666", "roles": roles})
        lamd.directory.chmod(0o755)
        lamd.start()
        lamd.wait_path("gpu")
        return lamd

    return run


def ask(lamd, route, uid=NOBODY, gid=NOBODY, groups=()):
    """The status and body that a process with these ids gets."""
    ids = ["--reuid", str(uid), "--regid", str(gid)]
    ids += ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
    method, target = ROUTES[route]
    run = subprocess.run(["setpriv", *ids, "curl", "-sS", "-X", method, "-w", "\n%{http_code}", "--unix-socket",
                          lamd.socket_path, f"http://lamd{target}"], capture_output=True, text=True, check=True)
    body, _, status = run.stdout.rpartition("\n")
    return int(status), body


def allowed(lamd, **who):
    return {route for route in ROUTES if ask(lamd, route, **who)[0] != 403}


def test_by_default_everybody_who_connects_may_use_and_read_but_not_rule(make):
    assert allowed(make()) == {"read", "use"}


def test_root_may_do_everything(make):
    assert allowed(make(use=[], read=[], admin=[]), uid=0, gid=0) == {"read", "use", "admin"}


def test_a_user_has_the_roles_it_was_given_and_those_below(make):
    lamd = make(read=["user:65534"], use=["user:65533"], admin=["user:65532"])
    assert allowed(lamd, uid=65534) == {"read"}
    assert allowed(lamd, uid=65533) == {"read", "use"}
    assert allowed(lamd, uid=65532) == {"read", "use", "admin"}
    assert allowed(lamd, uid=65531) == set()


def test_a_group_counts_whether_primary_or_supplementary(make):
    lamd = make(read=[], use=[f"group:{GROUP}"], admin=[])
    assert allowed(lamd, gid=GROUP) == {"read", "use"}
    assert allowed(lamd, groups=[OTHER, GROUP]) == {"read", "use"}
    assert allowed(lamd, groups=[OTHER]) == set()


def test_names_are_understood(make):
    lamd = make(read=["user:nobody"], use=[], admin=[f"group:{grp.getgrgid(1).gr_name}"])
    assert allowed(lamd) == {"read"}
    assert allowed(lamd, gid=1) == {"read", "use", "admin"}


def test_a_refusal_says_what_is_missing(make):
    status, body = ask(make(), "admin")
    error = json.loads(body)["error"]
    assert status == 403 and error["type"] == "permission_error" and "admin" in error["message"]


# Every route that there is

ROOT = Path(__file__).parent.parent.parent
PEOPLE = {"nobody": 65530, "tunnel": 65531, "read": 65532, "use": 65533, "admin": 65534}
MAY = {"read": {"read", "use", "admin"}, "use": {"use", "admin"}, "admin": {"admin"}, "tunnel": {"tunnel", "admin"}}
# A process with its ids asks for each route, and reads no more than the status: some answers have no end.
CALLER = """
import json, socket, sys
for method, target in json.loads(sys.argv[2]):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(sys.argv[1])
    connection.sendall(f"{method} {target} HTTP/1.1\\r\\nHost: lamd\\r\\nContent-Length: 2\\r\\n\\r\\n{{}}".encode())
    print(connection.makefile("rb").readline().split()[1].decode())
    connection.close()
"""


def route_table():
    """As the daemon has it: methods, patterns and roles."""
    source = (ROOT / "daemon" / "control_api.cpp").read_text()
    table = re.findall(r'\{"(\S+)", "(/\S*)", Role::(\w+), ', source)
    assert len(table) == int(re.search(r"std::array<Route<Action>, (\d+)>", source)[1])
    return table


def statuses(lamd, requests, uid):
    run = subprocess.run(["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", sys.executable, "-c",
                          CALLER, lamd.socket_path, json.dumps(requests)], capture_output=True, text=True, check=True)
    return [int(line) for line in run.stdout.split()]


def test_every_route_is_for_its_role_and_those_above(make):
    lamd = make(**{role: [f"user:{uid}"] for role, uid in PEOPLE.items() if role != "nobody"})
    table = route_table()
    requests = [("POST" if method == "*" else method, pattern.replace("{}", "none").replace("**", "none"))
                for method, pattern, _ in table]
    for person, uid in PEOPLE.items():
        for (method, target), (_, _, role), status in zip(requests, table, statuses(lamd, requests, uid), strict=True):
            assert (status != 403) == (person in MAY[role]), f"{person} gets {status} for {method} {target}"


def test_the_document_has_the_roles_of_the_routes():
    table = [(method, re.compile(re.escape(pattern).replace(r"\{\}", "[^/]+").replace(r"\*\*", ".*")), role)
             for method, pattern, role in route_table()]
    for cell, documented in re.findall(r"^\| (`[A-Z]+ /.*?) \| (\w+) \|", (ROOT / "docs" / "api.md").read_text(), re.M):
        for method, path in re.findall(r"`([A-Z]+) (/[^`…]*)`", cell):
            role = next(role for of, pattern, role in table if of in (method, "*") and pattern.fullmatch(path))
            assert role == documented, f"{method} {path}"
