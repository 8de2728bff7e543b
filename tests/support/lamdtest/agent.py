"""A private ssh-agent that holds given keys."""

import os
import subprocess

from .process import Process
from .unix_http import connect_unix
from .wait import wait_until


class SshAgent:
    def __init__(self, directory, *keys):
        self.path = directory / "agent.sock"
        self._process = Process(["ssh-agent", "-D", "-a", self.path], directory / "agent.log")
        wait_until(self._is_listening, 5.0, "the agent to listen")
        for key in keys:
            subprocess.run(["ssh-add", "-q", key.path], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(self.path)})

    def _is_listening(self):
        try:
            connect_unix(self.path).close()
            return True
        except OSError:
            return False

    def close(self):
        self._process.kill()
