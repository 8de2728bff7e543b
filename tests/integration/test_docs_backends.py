"""The snippets of docs/backends.md and examples/node, run as they stand but for the socket's path."""

import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from lamdtest.lamd import server
from lamdtest.process import Process

_ROOT = Path(__file__).resolve().parents[2]
_SNIPPETS = re.findall(r"^```(sh|python|js)\n(.*?)^```", (_ROOT / "docs" / "backends.md").read_text(), re.MULTILINE | re.DOTALL)
_ENDINGS = {"sh": "sh", "python": "py", "js": "mjs"}
_MODULES = Path(os.environ.get("LAMD_NODE_MODULES", ""))
_PROGRAMS = {"sh": ["bash", "-eu"], "python": [sys.executable, "-B"], "js": ["node"]}


@pytest.fixture
def lamd(make_llama, make_lamd):
    lamd = make_lamd(servers=[server(make_llama().port, models=["tiny"])],
                     defaults={"temperature": 0})  # else the tiny model may have enough of it at once
    lamd.wait_path("gpu", "up")
    return lamd


def skip_without(language, code):
    if language == "js" and not (shutil.which("node") and (_MODULES / "openai").is_dir()):
        pytest.skip("no node here, or no SDKs for it")
    for name in re.findall(r"^import (httpx|openai)$", code, re.MULTILINE):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"no python3-{name} here")


def output_of(directory, language, code, *arguments, **environment):
    file = directory / f"snippet.{_ENDINGS[language]}"
    file.write_text(code)
    (directory / "node_modules").symlink_to(_MODULES)
    process = Process([*_PROGRAMS[language], file, *arguments], directory / "snippet.log", environment=environment)
    try:
        status = process.wait(60.0)
    finally:
        process.kill()
    assert status == 0, process.output()
    return process.output()


def test_the_page_has_its_snippets():
    assert [language for language, _ in _SNIPPETS] == ["sh", "python", "python", "python", "js", "js"]


@pytest.mark.parametrize("number", range(len(_SNIPPETS)))
def test_a_snippet_works(lamd, directory, number):
    language, code = _SNIPPETS[number]
    skip_without(language, code)
    assert "/run/lamd/lamd.sock" in code
    said = output_of(directory, language, code.replace("/run/lamd/lamd.sock", str(lamd.socket_path)))
    assert len(said.strip()) > 10, "an answer of twenty tokens"


def test_the_example_for_node_works(lamd, directory):
    code = (_ROOT / "examples" / "node" / "chat.mjs").read_text()
    skip_without("js", code)
    said = output_of(directory, "js", code, "Hello!", LAMD_SOCKET=str(lamd.socket_path))
    assert said.endswith("(gpu over sse)\n") and len(said) > 20
