"""The tables of docs/coverage.md: what is added up, and that a machine with too little is named."""

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("coverage_tables", ROOT / "tools" / "coverage.py")
coverage = importlib.util.module_from_spec(SPEC)
sys.modules["coverage_tables"] = coverage
SPEC.loader.exec_module(coverage)

MACHINES = tomllib.loads((ROOT / "tools" / "machines.toml").read_text())


def run(**changed):
    """(exit status, what was said, the document) where each machine has 10 lines and all of them run, but for those of `changed`."""
    files = {f"./{folder}/{name}.cpp": (10, 10) for folder, names in MACHINES.items() for name in names}
    files |= {"./tunnel/link.cpp": (100, 0), f"{ROOT}/tunnel/machine.h": (10, 10), **changed.get("files", {})}
    entries = [{"filename": name, "summary": {"lines": {"count": count, "covered": covered}}}
               for name, (count, covered) in files.items() if count]
    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()) as said:
        summary, output = Path(directory, "summary"), Path(directory, "output")
        summary.write_text(json.dumps({"data": [{"files": entries}]}))
        status = coverage.main(summary, output)
        return status, said.getvalue(), output.read_text()


class Coverage(unittest.TestCase):
    def test_what_does_io_may_have_less(self):
        status, said, document = run()
        self.assertEqual((status, said), (0, ""))
        self.assertIn("| tunnel/machine | 20 | 20 | 100.0 % |", document)

    def test_a_machine_below_the_limit_is_named(self):
        status, said, _ = run(files={"./worker/journal.cpp": (100, 89)})
        self.assertEqual(status, 1)
        self.assertIn("worker/journal: 89.0 %", said)

    def test_a_machine_that_is_not_there_is_a_mistake(self):
        with self.assertRaisesRegex(SystemExit, "worker/journal"):
            run(files={"./worker/journal.cpp": (0, 0)})

    def test_folders_are_summed_up(self):
        _, _, document = run()
        count = len(MACHINES["worker"] + MACHINES["worker/legacy"]) * 10
        self.assertIn(f"| worker/ | {count} | {count} | 100.0 % |", document)

    def test_each_machine_of_the_list_has_its_header(self):
        for folder, names in MACHINES.items():
            for name in names:
                self.assertTrue((ROOT / folder / f"{name}.h").exists(), f"{folder}/{name}")


if __name__ == "__main__":
    unittest.main()
