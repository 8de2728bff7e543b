"""The SDKs for Node that people use, unmodified but for the socket, on real llama-servers: sdk/*.test.mjs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from lamdtest.lamd import server
from lamdtest.ports import free_port
from lamdtest.process import Process

_SUITES = Path(__file__).parent / "sdk"
_MODULES = Path(os.environ.get("LAMD_NODE_MODULES", ""))


def missing():
    if not shutil.which("node"):
        return "no node here (Debian's nodejs and npm)"
    if not (_MODULES / "openai").is_dir():
        return "the SDKs are not here; ./dev test fetches them with npm, where it reaches a registry"
    return None


pytestmark = pytest.mark.skipif(bool(missing()), reason=str(missing()))


@pytest.fixture
def environment(make_llama, make_lamd):
    tiny, slow = make_llama(slots=2), make_llama(model="slow.gguf", slots=2, context=8192)
    embedder = make_llama(slots=1, options=["--embeddings", "--pooling", "mean"])
    played = free_port()
    lamd = make_lamd(servers=[server(tiny.port, "tiny", models=["tiny"]), server(slow.port, "slow", models=["slow"]),
                              server(embedder.port, "embedder", models=["embedder"]),
                              server(played, "played", models=["played"], probe_interval="200ms")])
    for name in ("tiny", "slow", "embedder"):
        lamd.wait_path(name, "up")
    return {"LAMD_SOCKET": str(lamd.socket_path), "SLOW_URL": f"http://127.0.0.1:{slow.port}", "PLAYED_PORT": str(played)}


@pytest.mark.parametrize("suite", ["openai", "vercel"])
def test_the_sdk_works(environment, directory, suite):
    for file in _SUITES.glob("*.mjs"):
        shutil.copy(file, directory)
    (directory / "node_modules").symlink_to(_MODULES)
    process = Process(["node", "--test", "--test-reporter=spec", directory / f"{suite}.test.mjs"], directory / "sdk.log",
                      environment=environment)
    try:
        status = process.wait(90.0)
    except subprocess.TimeoutExpired:
        status = "a time-out"
    process.kill()
    assert status == 0, f"{status}: {process.output()}"
