"""The judgement of the soak, and two minutes of it."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from lamdtest import llama
from trend import Trend

pytestmark = pytest.mark.slow


def _noisy(slope):
    rng = random.Random(1)
    return Trend.of([(at, 100.0 + slope * at + rng.uniform(-5.0, 5.0)) for at in range(600)])


def test_noise_is_flat():
    trend = _noisy(0.0)
    assert abs(trend.growth) < 1.0 and trend.is_flat(0.0)


def test_a_leak_below_the_noise_is_seen():
    trend = _noisy(0.01)  # six in all, where noise is ten wide
    assert trend.growth == pytest.approx(6.0, abs=1.0) and not trend.is_flat(0.0) and trend.is_flat(6.0)


def test_lamd_stays_as_it_is(tmp_path):
    if why := llama.missing():
        pytest.skip(why)
    script = Path(__file__).with_name("soak.py")
    subprocess.run([sys.executable, "-B", script, "--streams", "100", "--every", "3", "--into", tmp_path / "soak.json"],
                   check=True, timeout=800)
