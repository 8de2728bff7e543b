"""`lamctl doctor` on a machine that is ill, and its remedies carried out as a person would: pasted into a shell.

The commands see an /etc that is written to a directory of the test, and systemctl, journalctl, timedatectl and apt that
are the test's: they note what was asked for, and the test's own processes do it. All else is real. Needs root.
"""

import json
import os
import shlex
import subprocess

from .wait import wait_until

_STUBS = {
    "apt": 'echo "apt $*" >> "$STUBS/calls"\n',
    "systemctl": '[ "$1" = show ] && exec cat "$STUBS/show"\necho "$*" >> "$STUBS/calls"\n',
    "journalctl": 'exec cat "$STUBS/journal"\n',
    "timedatectl": '[ "$1" = show ] && exec cat "$STUBS/ntp"\necho "timedatectl $*" >> "$STUBS/calls"\n',
}


class Patient:
    def __init__(self, directory, lamd, sshd=None, state=None, is_alone=False):
        """`is_alone`: in a network of its own, which has nothing but a loopback that is down."""
        self.lamd, self.sshd = lamd, sshd
        self.services = {}  # by unit: a function that is called with what systemctl is to do
        self.calls = []
        self._stubs = directory / "stubs"
        self.etc = directory / "etc"
        self._work = directory / "etc-work"
        for path in (self._stubs, self.etc, self._work):
            path.mkdir(exist_ok=True)
        for name, script in _STUBS.items():
            (self._stubs / name).write_text("#!/bin/sh\n" + script)
            (self._stubs / name).chmod(0o755)
        os.symlink(os.environ["LAMCTL_BIN"], self._stubs / "lamctl")
        self._namespaces = ["--mount", "--net"] if is_alone else ["--mount"]
        self._environment = {**os.environ, "NO_COLOR": "1", "STUBS": str(self._stubs), "LAMD_SOCKET": str(lamd.socket_path),
                             "PATH": f"{self._stubs}:/usr/sbin:/sbin:{os.environ['PATH']}",
                             "STATE_DIRECTORY": str(state or lamd.state_directory)}
        if sshd:
            self._give_home()

    def _give_home(self):
        """The account's authorized_keys is the one that the test's sshd reads."""
        home = self.sshd.directory / "home"
        home.mkdir()
        (home / ".ssh").symlink_to(self.sshd.directory)
        lines = open("/etc/passwd").read().splitlines()
        mine = [line.split(":") for line in lines if line.split(":")[0] == self.sshd.user][0]
        mine[5] = str(home)
        others = [line for line in lines if line.split(":")[0] != self.sshd.user]
        (self.etc / "passwd").write_text("\n".join([":".join(mine), *others]) + "\n")

    def says(self, stub, text):
        """What `systemctl show`, the journal (`journal`) or timedatectl (`ntp`) tells."""
        (self._stubs / stub).write_text(text)

    def run(self, command, stdin="", timeout=60):
        """A line of a shell's, within that /etc."""
        setup = f"mount -t overlay overlay -o lowerdir=/etc,upperdir={self.etc},workdir={self._work} /etc && "
        if self.sshd:
            setup += f"mount --bind {self.sshd.directory} /etc/ssh && "
        done = subprocess.run(["unshare", *self._namespaces, "bash", "-c", setup + command], input=stdin, text=True,
                              capture_output=True, timeout=timeout, check=False, env=self._environment)
        self._follow_calls()
        return done

    def _follow_calls(self):
        calls = self._stubs / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        for line in lines:
            self.calls.append(line)
            verb, *units = [word for word in line.split() if not word.startswith("-")]
            for unit in units:
                self._act(verb, unit.removesuffix(".service"))

    def _act(self, verb, unit):
        if unit in self.services:
            self.services[unit](verb)
        elif unit == "lamd" and verb in ("start", "restart", "enable"):
            if self.lamd.process and self.lamd.process.is_running():
                self.lamd.process.kill()
            self.lamd.start()
        elif unit == "ssh" and verb == "reload":
            self.sshd.reload()
        elif unit == "ssh" and verb == "restart":
            self.sshd.restart()

    # What it finds

    def doctor(self, *words):
        config = shlex.quote(str(self.lamd.config_path))
        return self.run(f"lamctl doctor --config {config} {shlex.join(words)}")

    def report(self, *words):
        done = self.doctor("--json", *words)
        assert done.returncode in (0, 3, 5), f"{done.returncode}: {done.stderr}"
        return {**json.loads(done.stdout), "exit": done.returncode}

    def findings(self, *words):
        return {finding["cause"]: finding for finding in self.report(*words)["findings"]}

    def find(self, cause, *words, timeout=40.0):
        """The finding, once doctor has it."""
        return wait_until(lambda: self.findings(*words).get(cause), timeout, f"doctor to find {cause}", 0.3)

    def wait_well(self, *causes, words=(), timeout=40.0):
        """Until it finds none of these."""
        wait_until(lambda: not set(causes) & set(self.findings(*words)), timeout, f"doctor not to find {causes}", 0.3)

    def mend(self, finding, only=None, answers="", **words):
        """Pastes the commands of a remedy, in order, or those that begin with `only`; `words` are what a person fills
        in for a word in capitals. Returns what they print."""
        commands = [command for command in finding["commands"] if only is None or command.startswith(only)]
        assert commands, f"no command in: {finding['remedy']}"
        printed = ""
        for command in commands:
            for name, value in words.items():
                command = command.replace(name, str(value))
            done = self.run(command, answers)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
            printed += done.stdout
        return printed
