"""Answers of a real server between two hosts, while everything between and beside them fails at random (faults/), from a
seed (schedule.py). What must hold, whatever happens:

* an answer that looks complete is, byte by byte, what the server says, and was generated once; one that was said in a
  session is in its history, and no other one is;
* an answer ends otherwise only by saying so: before it has begun, or because of a fault that nothing survives;
* nothing hangs, nothing crashes, and once all is mended everything is as before: paths, verdicts, slots, descriptors.

A failure prints the seed and what struck when: `./dev chaos --seed N` has it again.
"""

import json
import time
from collections import Counter

import pytest
from books import Books
from run import CALLERS, IN_SESSIONS, Run
from site_of_chaos import ChaosSite, Variant

pytestmark = pytest.mark.root


@pytest.fixture
def site(seed, directory, hosts, make_llama, make_sshd, make_broker, make_lamd):
    return ChaosSite(Variant.of(seed), directory, hosts, make_llama, make_sshd, make_broker, make_lamd,
                     slots=CALLERS + IN_SESSIONS)


def _result(seed, site, run, books, seconds):
    """For tests/chaos/many.py."""
    return {"seed": seed, "variant": str(site.variant), "seconds": round(seconds, 1), **books.counts,
            "faults": Counter(strike.kind.name for strike in run.strikes), "longest_gap_s": round(books.longest_gap, 3)}


def test_chaos(site, seed, request):
    run = Run(site, seed, request.config.getoption("--seconds"))
    books = Books(site)
    begun = time.monotonic()
    try:
        run.fire()
        books.balance(run)
        if books.problems:
            pytest.fail(f"{len(books.problems)} problems:\n" + "\n".join(books.problems[:10]), pytrace=False)
    except BaseException:
        print(f"seed {seed}, {site.variant}:\n{run.timeline}")
        raise
    finally:
        if path := request.config.getoption("--result"):
            with open(path, "a") as file:
                file.write(json.dumps(_result(seed, site, run, books, time.monotonic() - begun)) + "\n")
    print(f"seed {seed}, {site.variant}: {books.counts['complete']} of {books.counts['answers']} answers complete, "
          f"{len(run.strikes)} faults")
