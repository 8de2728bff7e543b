"""Who may do what on the Unix socket is decided by the uid and groups that the kernel vouches for."""

import grp
import json
import subprocess

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
