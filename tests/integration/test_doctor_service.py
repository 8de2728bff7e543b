"""`lamctl doctor` and lamd's service, whose systemd the test plays here (tests/system/inside/doctor.sh has a real one); and
the document, which has all causes and where each of them is tested.
"""

import re
from pathlib import Path

import pytest
from lamdtest.doctor import Patient
from lamdtest.lamd import server
from lamdtest.ports import free_port

ROOT = Path(__file__).parent.parent.parent
SHOWN = "LoadState=loaded\nActiveState={active}\nSubState=running\nResult={result}\nNRestarts={restarts}\nUser=\nUnitFileState={enabled}\n"


@pytest.fixture
def patient(directory, make_lamd):
    return Patient(directory, make_lamd(servers=[server(free_port())]))


@pytest.mark.root
@pytest.mark.parametrize("result, cause", [("watchdog", "watchdog"), ("oom-kill", "out_of_memory"), ("signal", "restarted")])
def test_a_lamd_that_was_restarted(patient, result, cause):
    patient.says("show", SHOWN.format(active="active", result="success", restarts=2, enabled="enabled"))
    patient.says("journal", f"lamd.service: Failed with result '{result}'.\nlamd.service: Scheduled restart job\n")
    patient.services["lamd"] = lambda verb: patient.says("show", SHOWN.format(active="active", result="success", restarts=0, enabled="enabled"))
    patient.mend(patient.find(cause), only="systemctl reset-failed")
    assert patient.calls == ["reset-failed lamd"]
    patient.wait_well(cause)


@pytest.mark.root
def test_a_lamd_that_systemd_gave_up(patient):
    patient.says("show", SHOWN.format(active="failed", result="exit-code", restarts=5, enabled="enabled"))
    patient.services["lamd"] = lambda verb: patient.says("show", SHOWN.format(active="active", result="success", restarts=0, enabled="enabled"))
    patient.mend(patient.find("service_failed"), only="systemctl")
    patient.wait_well("service_failed")


@pytest.mark.root
def test_a_lamd_that_would_not_survive_a_reboot(patient):
    patient.says("show", SHOWN.format(active="active", result="success", restarts=0, enabled="disabled"))
    patient.services["lamd"] = lambda verb: patient.says("show", SHOWN.format(active="active", result="success", restarts=0, enabled="enabled"))
    patient.mend(patient.find("not_enabled"))
    patient.wait_well("not_enabled")


# The document


def test_what_the_document_calls_tested_is():
    """`yes` rows are of the tests beside this one, `booted` rows of a real systemd."""
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_doctor*.py"))
    booted = (ROOT / "tests" / "system" / "inside" / "doctor.sh").read_text()
    rows = re.findall(r"^\| (`.*?`) \|.*\| (\w+) \|$", (ROOT / "docs" / "doctor.md").read_text(), re.M)
    assert len(rows) > 50
    for names, how in rows:
        for cause in re.findall(r"`(\w+)`", names):
            found = {"yes": f'"{cause}"' in tests, "booted": re.search(rf"^cures {cause}\b", booted, re.M), "told": f'"{cause}"' in tests}
            assert found[how], f"{cause} is not tested as docs/doctor.md says: {how}"


@pytest.mark.parametrize("header, name", [("tunnel/machine.h", "Cause"), ("transport/mqtt/failure.h", "Cause"), ("supervisor/fate.h", "Fate")])
def test_every_cause_that_lamd_names_is_in_the_document(header, name):
    listed = re.search(rf"enum class {name} {{(.*?)}};", (ROOT / header).read_text(), re.S)[1]
    causes = set(re.findall(r"^    (\w+),", listed, re.M)) - {"none"}
    written = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?`) \|", (ROOT / "docs" / "doctor.md").read_text(), re.M))))
    assert len(causes) > 9 and causes <= written, causes - written
