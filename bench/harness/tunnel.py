"""The tunnel benchmark: lamd beside ssh -R, dbclient -R and no tunnel at all, in turns (A B C A B C …)."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from .facts import machine_facts
from .hosts import HERE, Host, TwoHosts
from .kinds import AUTOSSH, DBCLIENT, LAMD, LOOPBACK, SSH, SSH_SAME, TITLES, Site, Tunnel
from .load import BenchError, start_server
from .processes import free_port
from .programs import Programs
from .report import Report
from .series import Series
from .sshd import Cipher, Keys, Sshd
from .tunnel_goals import goals, metrics, plots
from .tunnel_measures import LONG, SHORT, Group, Timing, groups

__all__ = ["LONG", "SHORT", "TunnelBench"]


class TunnelBench:
    def __init__(self, programs: Programs, directory: Path, kinds: list[str], timing: Timing):
        self._programs = programs
        self._directory = directory
        self._kinds = kinds
        self._timing = timing
        self._keys = Keys(directory)
        self._ciphers: dict[str, Cipher] = {}
        self._series = Series()
        self._facts = machine_facts(programs.lamd)

    def run(self, wanted: list[str], is_isolated: bool) -> Report:
        self._learn_ciphers()
        for group in groups():
            if wanted and not any(group.name.startswith(name) for name in wanted):
                continue
            if group.rtt and not is_isolated:
                self._series.note(f"{group.name} needs root: a delayed line needs network namespaces")
                continue
            self._run_group(group)
        return self._report()

    def _run_group(self, group: Group) -> None:
        if not group.rtt:
            return self._run_rounds(group, HERE, HERE)
        with TwoHosts(group.rtt) as (machine_a, machine_b):
            self._run_rounds(group, machine_a, machine_b)

    def _run_rounds(self, group: Group, machine_a: Host, machine_b: Host) -> None:
        directory = Path(tempfile.mkdtemp(prefix=f"{group.name}-", dir=self._directory))
        port = free_port()
        with (
            start_server(self._programs.server, machine_a, port, directory / "server.log"),
            Sshd(self._keys, machine_b, directory) as sshd,
        ):
            site = replace(self._site(sshd, port, directory), machine_a=machine_a, machine_b=machine_b)
            for number in range(group.rounds(self._timing)):
                for kind in self._kinds:
                    if kind not in group.left_out:
                        self._measure(group, site, kind, number)

    def _measure(self, group: Group, site: Site, kind: str, number: int) -> None:
        print(f"{group.name}, round {number + 1}: {TITLES[kind]}", file=sys.stderr)
        try:
            with Tunnel(site, kind) as tunnel:
                self._series.add(kind, number, group.measure(tunnel, self._timing))
        except (BenchError, OSError) as error:
            self._series.note(f"{group.name}, round {number + 1}, {TITLES[kind]}: {error}")

    def _learn_ciphers(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="ciphers-", dir=self._directory))
        port = free_port()
        with (
            start_server(self._programs.server, HERE, port, directory / "server.log"),
            Sshd(self._keys, HERE, directory, log_level="DEBUG1") as sshd,
        ):
            for kind in self._kinds:
                if kind not in (LOOPBACK, SSH_SAME, AUTOSSH):
                    with Tunnel(self._site(sshd, port, directory), kind):
                        self._ciphers[kind] = sshd.agreed_cipher()
        if SSH_SAME in self._kinds:
            self._ciphers[SSH_SAME] = self._ciphers[LAMD]

    def _site(self, sshd: Sshd, port: int, directory: Path) -> Site:
        return Site(
            sshd=sshd,
            server_port=port,
            directory=directory,
            client=self._programs.client,
            lamd=self._programs.lamd,
            same_cipher=self._ciphers.get(LAMD),
        )

    def _report(self) -> Report:
        facts = self._facts | {f"cipher: {TITLES[kind]}": str(cipher) for kind, cipher in self._ciphers.items()}
        return Report(
            name="tunnel",
            facts=facts,
            kinds=self._kinds,
            titles=TITLES,
            metrics=metrics(),
            goals=goals(),
            subject=LAMD,
            bases=[SSH, SSH_SAME, AUTOSSH, DBCLIENT],
            plots=plots(),
            series=self._series,
        )
