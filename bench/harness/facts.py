"""What a figure depends on: the machine and the versions of what was compared."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path


def machine_facts(lamd: Path | None) -> dict[str, str]:
    facts = {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "kernel": f"{platform.system()} {platform.release()}",
        "system": _system(),
        "load": f"{os.getloadavg()[0]:.1f} processes wanted to run in the minute before",
        "scheduling": "ahead of everything else (SCHED_RR)" if os.sched_getscheduler(0) == os.SCHED_RR else "",
        "ssh": _version("ssh", "-V"),
        "sshd's package": _package("openssh-server"),
        "dbclient": _version("dbclient", "-V"),
        "libssh2": _package("libssh2-1", "libssh2-1t64"),
        "autossh": _package("autossh"),
        "nginx": _package("nginx-light", "nginx-core", "nginx"),
        "haproxy": _package("haproxy"),
        "mosquitto": _package("mosquitto"),
        "paho-mqtt": _package("python3-paho-mqtt"),
    }
    if lamd:
        facts["lamd"] = _version(str(lamd), "--version")
    return {name: value for name, value in facts.items() if value}


def _processor() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return ""


def _version(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip().split("\n")[0]


def _package(*names: str) -> str:
    if not shutil.which("dpkg-query"):
        return ""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}\n", *names], capture_output=True, text=True)
    return done.stdout.strip().split("\n")[0]
