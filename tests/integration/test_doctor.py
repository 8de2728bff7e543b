"""`lamctl doctor` on one machine: each cause is caused, found, and mended by the very commands that are printed."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lamdtest import fake
from lamdtest.doctor import Patient
from lamdtest.keys import make_key
from lamdtest.lamd import server
from lamdtest.ports import free_port
from lamdtest.process import Process
from lamdtest.wait import wait_until

pytestmark = pytest.mark.root


@pytest.fixture
def open_directory(directory):
    """Others may pass through it, as through /run."""
    directory.chmod(0o755)
    return directory


@pytest.fixture
def treat(open_directory, make_lamd):
    """treat(…): a patient whose lamd has these settings."""
    def make(start=True, patient=None, **settings):
        settings = settings or {"servers": [server(free_port())]}
        return Patient(open_directory, make_lamd(start=start, **settings), **(patient or {}))
    return make


def closed_port_tunnel(directory, **settings):
    """A tunnel that leads nowhere: what is looked at are its files."""
    known = directory / "known_hosts"
    known.touch()
    return {"name": "b", "host": "127.0.0.1", "port": free_port(), "user": "lam", "known_hosts": known,
            "forwards": [{"remote": "127.0.0.1:8080", "target": "127.0.0.1:1"}], **settings}


# A machine that is well


def test_a_machine_that_is_well_is_told_so(treat, make_upstream):
    patient = treat(servers=[server(make_upstream().port)])
    patient.lamd.wait_path("gpu", "up")
    (patient.etc / "ssh" / "sshd_config.d").mkdir(parents=True)
    (patient.etc / "ssh" / "sshd_config.d" / "alive.conf").write_text("ClientAliveInterval 15\n")
    report = patient.report()
    assert (report["findings"], report["exit"]) == ([], 0), report
    done = patient.doctor()
    assert done.stdout.startswith("nothing is wrong") and done.returncode == 0


def test_what_is_printed_has_the_commands_on_lines_of_their_own(treat):
    patient = treat(start=False)
    done = patient.doctor()
    assert done.returncode == 3
    assert re.search(r"^1\. error: .* \[socket_missing\]$", done.stdout, re.M)
    assert "\n       systemctl enable --now lamd\n" in done.stdout


# The socket


def test_a_lamd_that_was_never_started(treat):
    patient = treat(start=False)
    patient.mend(patient.find("socket_missing"))
    assert patient.calls == ["enable --now lamd"]
    patient.wait_well("socket_missing")


def test_a_lamd_that_has_died(treat):
    patient = treat()
    patient.lamd.kill()
    patient.mend(patient.find("socket_dead"))
    patient.wait_well("socket_dead")


def test_a_lamd_that_stands_still(treat):
    patient = treat()
    patient.lamd.process.send(19)  # SIGSTOP
    finding = patient.find("lamd_silent", timeout=120)
    patient.mend(finding, only="systemctl")
    patient.wait_well("lamd_silent")


def test_a_user_who_is_not_in_the_group(treat):
    patient = treat(servers=[server(free_port())], socket={"group": "games"})
    finding = patient.find("not_in_group", "--user", "nobody")
    assert finding["commands"] == ["usermod -aG games nobody"]
    patient.mend(finding)
    patient.wait_well("not_in_group", "role_missing", words=("--user", "nobody"))


def test_a_socket_that_is_closed_to_its_group(treat):
    patient = treat(servers=[server(free_port())], socket={"group": "nogroup", "mode": "0600"})
    patient.mend(patient.find("socket_permissions", "--user", "nobody"))
    patient.wait_well("socket_permissions", words=("--user", "nobody"))


def test_a_directory_that_is_closed(treat):
    patient = treat(servers=[server(free_port())], socket={"group": "nogroup"})
    patient.lamd.directory.chmod(0o700)
    finding = patient.find("socket_permissions", "--user", "nobody")
    assert finding["place"] == str(patient.lamd.directory)
    patient.mend(finding)
    patient.wait_well("socket_permissions", words=("--user", "nobody"))


def test_a_user_without_a_role(treat):
    patient = treat(servers=[server(free_port())], socket={"group": "nogroup", "roles": {"use": ["group:games"], "read": ["any"]}})
    finding = patient.find("role_missing", "--user", "nobody")
    assert "role read, needed: use" in finding["evidence"]
    patient.mend(finding)
    patient.wait_well("role_missing", words=("--user", "nobody"))


def test_a_user_who_gets_nothing_at_all(treat):
    patient = treat(servers=[server(free_port())], socket={"group": "nogroup", "roles": {"use": ["group:games"]}})
    patient.mend(patient.find("role_missing", "--user", "nobody"))
    patient.wait_well("role_missing", words=("--user", "nobody"))


def test_a_socket_of_another_program_is_named_wrongly(treat, open_directory, make_upstream):
    other = open_directory / "other.sock"
    make_upstream(path=other)
    patient = treat(servers=[server(make_upstream().port)])
    patient.lamd.wait_path("gpu", "up")
    (patient.etc / "ssh" / "sshd_config.d").mkdir(parents=True)
    (patient.etc / "ssh" / "sshd_config.d" / "alive.conf").write_text("ClientAliveInterval 15\n")
    (patient.etc / "lamd").mkdir()
    shutil.copy(patient.lamd.config_path, patient.etc / "lamd" / "lamd.yaml")
    patient.mend(patient.find("socket_foreign", "--socket", str(other)), only="lamctl --socket PATH", PATH=patient.lamd.socket_path)


def test_a_program_that_has_taken_the_place_of_lamds_socket(treat):
    patient = treat(start=False)
    rival = Process(fake.command(0, ["--unix", patient.lamd.socket_path]), patient.lamd.directory / "rival.log")
    wait_until(patient.lamd.socket_path.exists, what="the rival to listen")
    patient.services["lamd"] = lambda verb: (rival.wait(), patient.lamd.start())
    finding = patient.find("socket_foreign")
    assert finding["commands"][1:] == [f"kill {rival.pid}", "systemctl restart lamd.socket lamd"]
    patient.mend({**finding, "commands": finding["commands"][1:]})
    patient.wait_well("socket_foreign", "socket_dead")


# The configuration and its files


def test_no_configuration(treat):
    patient = treat(start=False)
    patient.lamd.config_path.unlink()
    finding = patient.find("config_missing")
    assert "lamctl init web" in finding["commands"]
    made = patient.run(f"lamctl init web --config {patient.lamd.config_path}")
    assert made.returncode == 0, made.stderr
    patient.wait_well("config_missing", "config_invalid")


def test_a_configuration_that_one_may_not_read_is_not_called_missing(treat, open_directory):
    patient = treat(start=False)
    patient.lamd.directory.chmod(0o700)
    mine = shutil.copy(os.environ["LAMCTL_BIN"], open_directory / "lamctl")  # where others may be
    done = patient.run(f"setpriv --reuid nobody --clear-groups {mine} doctor --config {patient.lamd.config_path}")
    assert "config_missing" not in done.stdout and "not seen: the configuration: read" in done.stdout, done.stdout + done.stderr


def test_a_slip_in_the_configuration(treat):
    patient = treat(start=False, servers=[{"name": "gpu", "see": "http://127.0.0.1:1", "prob_interval": "1s"}])
    for _ in range(4):  # each slip is mended on its own
        found = patient.findings()
        if "config_invalid" not in found:
            break
        patient.mend(found["config_invalid"], only="sed")
    patient.wait_well("config_invalid")
    assert patient.run(f"lamctl check {patient.lamd.config_path}").returncode == 0


@pytest.mark.parametrize("is_block", [True, False])
def test_a_setting_that_is_not_read(treat, open_directory, is_block):
    fingerprint = make_key(open_directory / "host").fingerprint()
    key = make_key(open_directory / "id")
    patient = treat(start=False, tunnels=[closed_port_tunnel(open_directory, identity=key.path, host_key=fingerprint)])
    if not is_block:
        settings = closed_port_tunnel(open_directory, identity=key.path, host_key=fingerprint)
        patient.lamd.config_path.write_text("tunnels: " + json.dumps({settings.pop("name"): settings}, default=str) + "\n")
    finding = patient.find("config_doubtful")
    assert finding["severity"] == "warning" and "known_hosts" in finding["message"]
    patient.mend(finding, only="sed")
    assert patient.mend(finding, only="lamctl check")
    patient.wait_well("config_doubtful", "config_invalid")


def test_a_key_that_is_missing_is_made_and_let_in(treat, open_directory, make_sshd):
    """From no key at all to a tunnel that is up, by nothing but what doctor prints."""
    sshd, port = make_sshd(), free_port()
    tunnel = {"name": "b", "host": sshd.address, "port": sshd.port, "user": sshd.user, "identity": open_directory / "id",
              "known_hosts": sshd.known_hosts(), "forwards": [{"remote": f"127.0.0.1:{port}", "target": "127.0.0.1:1"}]}
    patient = treat(start=False, tunnels=[tunnel], patient={"sshd": sshd})
    patient.mend(patient.find("file_missing"), only="ssh-keygen")
    patient.mend(patient.find("socket_missing"))
    refused = patient.find("key_refused")
    assert [command.split()[:2] for command in refused["commands"]] == [["lamctl", "authorize"], ["lamctl", "reconnect"]]
    patient.mend(refused)
    patient.lamd.wait_tunnel("up")
    patient.wait_well("key_refused", "file_missing")


def test_a_key_that_others_can_read(treat, open_directory):
    key = make_key(open_directory / "id")
    key.path.chmod(0o644)
    patient = treat(start=False, tunnels=[closed_port_tunnel(open_directory, identity=key.path)])
    patient.mend(patient.find("file_open"), only="chmod")
    patient.wait_well("file_open")


def test_a_key_that_lamd_cannot_read(treat, open_directory):
    key = make_key(open_directory / "id")
    patient = treat(start=False, tunnels=[closed_port_tunnel(open_directory, identity=key.path)])
    patient.says("show", "LoadState=loaded\nActiveState=inactive\nUser=nobody\n")
    finding = patient.find("file_unreadable")
    assert f"chown nobody {key.path}" in finding["commands"]
    patient.mend(finding, only="chown")
    patient.wait_well("file_unreadable", "file_open")


def test_a_secret_that_is_empty(treat, open_directory):
    password = open_directory / "password"
    password.touch(mode=0o600)
    patient = treat(start=False, servers=[server(None, mqtt="a")],
                    mqtt={"brokers": [{"url": f"mqtt://127.0.0.1:{free_port()}", "username": "lam", "password_file": password}]})
    patient.mend(patient.find("file_empty"), only="(umask", answers="secret\n")
    assert password.read_text() == "secret\n"
    patient.wait_well("file_empty")


# The state directory


@pytest.fixture
def small_disk(directory):
    disk = directory / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_disk_that_is_full(treat, small_disk):
    (small_disk / "core.dump").write_bytes(bytes(20 << 20))
    patient = treat(patient={"state": small_disk})
    shown = patient.mend(patient.find("disk_full"), only="du")
    largest = next(line.split("\t")[1] for line in shown.splitlines() if Path(line.split("\t")[1]).is_file())
    os.unlink(largest)
    patient.wait_well("disk_full")


def test_a_disk_that_is_read_only(treat, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    patient = treat(patient={"state": small_disk})
    finding = patient.find("state_unwritable")
    assert finding["commands"][0] == f"mount -o remount,rw {small_disk}"
    subprocess.run(["bash", "-c", finding["commands"][0]], check=True)  # mounts of the test's are not those of a patient
    patient.wait_well("state_unwritable")


def test_a_state_directory_of_somebody_else(treat):
    patient = treat(start=False)
    patient.says("show", "LoadState=loaded\nActiveState=inactive\nUser=nobody\n")
    patient.mend(patient.find("state_unwritable"), only="chown")
    patient.wait_well("state_unwritable")


# Versions


def test_a_lamd_of_another_version(treat, open_directory):
    version = subprocess.run([os.environ["LAMD_BIN"], "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    other = open_directory / "lamd-of-before"
    other.write_bytes(Path(os.environ["LAMD_BIN"]).read_bytes().replace(version.encode() + b"\0", b"9" * len(version) + b"\0"))
    other.chmod(0o755)
    patient = treat(start=False)
    patient.lamd.start_command([other, "--config", patient.lamd.config_path])
    patient.lamd.wait_serving()
    finding = patient.find("version_old")
    assert f"lamctl {version}" in finding["evidence"]
    patient.mend(finding)
    patient.wait_well("version_old")


# Names and routes


def test_a_name_without_an_address(treat, open_directory):
    key = make_key(open_directory / "id")
    patient = treat(start=False, tunnels=[closed_port_tunnel(open_directory, host="b.invalid", identity=key.path)])
    patient.mend(patient.find("name_unknown"), only="echo", ADDRESS="127.0.0.1")
    patient.wait_well("name_unknown")


def test_a_peer_with_ipv6_only(treat, open_directory):
    key = make_key(open_directory / "id")
    tunnel = closed_port_tunnel(open_directory, host="2001:db8::1", identity=key.path)
    patient = treat(start=False, tunnels=[tunnel], patient={"is_alone": True})
    finding = patient.find("ipv6_only")
    assert patient.mend(finding, only="ip -6 route") == ""
    patient.lamd.configure([{**tunnel, "host": "127.0.0.1"}])
    assert "no_route" in patient.findings()
    raised = patient.run(f"ip link set lo up && lamctl doctor --config {patient.lamd.config_path}")
    assert "no_route" not in raised.stdout and "ipv6_only" not in raised.stdout, raised.stdout


def test_lamds_own_word_is_left_out_where_doctor_knows_better(treat, open_directory):
    key = make_key(open_directory / "id")
    patient = treat(tunnels=[closed_port_tunnel(open_directory, host="b.invalid", identity=key.path)])
    patient.lamd.wait_tunnel("backing_off", timeout=60)
    assert [one["place"] for one in patient.report()["findings"] if one["cause"] == "name_unknown"] == ["tunnels.b"]
