#!/usr/bin/python3
"""The benchmarks' report: what is drawn and written of measured values, and the verdicts on the goals."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from harness import gateway_goals, growth_goals, recovery_goals, transports_goals, tunnel_goals  # noqa: E402
from harness.goals import Against, Goal  # noqa: E402
from harness.page import write_page  # noqa: E402
from harness.plot import Bars, Curves, figure  # noqa: E402
from harness.processes import Usage, family, memory  # noqa: E402
from harness.report import Report  # noqa: E402
from harness.series import Metric, Series  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
GOALS = {
    "gateway": (gateway_goals.metrics(), gateway_goals.goals(), gateway_goals.plots()),
    "growth": (growth_goals.metrics(), growth_goals.goals(), growth_goals.plots()),
    "recovery": (recovery_goals.metrics(), recovery_goals.goals(), recovery_goals.plots()),
    "transports": (transports_goals.metrics(60), transports_goals.goals(), transports_goals.plots()),
    "tunnel": (tunnel_goals.metrics(), tunnel_goals.goals(), tunnel_goals.plots()),
}


def make_report(goals=(), plots=(), **values):
    """`values`: metric to kind to the values of the rounds."""
    series = Series()
    for metric, kinds in values.items():
        for kind, rounds in kinds.items():
            for number, value in enumerate(rounds):
                series.add(kind, number, {metric: value})
    metrics = {name: Metric(name, "ms") for name in values}
    return Report("sample", {"processor": "<any>"}, ["base", "lamd"], {"base": "the base", "lamd": "lamd"}, metrics,
                  list(goals), "lamd", ["base"], list(plots), series)


class TestVerdicts(unittest.TestCase):
    def word(self, goal, **values):
        (verdict,) = make_report([goal], **values).verdicts()
        return verdict.word

    def test_a_value_is_held_against_its_limit(self):
        self.assertEqual(self.word(Goal("first", 2), first={"lamd": [1, 2, 3]}), "met")
        self.assertEqual(self.word(Goal("first", 1.9), first={"lamd": [1, 2, 3]}), "NOT MET")
        self.assertEqual(self.word(Goal("first", 2, is_at_least=True), first={"lamd": [1, 1, 3]}), "NOT MET")

    def test_ratios_and_differences_are_formed_within_a_round(self):
        values = {"lamd": [2, 30, 4], "base": [1, 20, 1]}
        self.assertEqual(self.word(Goal("first", 2, Against.RATIO, "base"), first=values), "met")
        self.assertEqual(self.word(Goal("first", 2.9, Against.ADDED, "base"), first=values), "NOT MET")
        self.assertEqual(self.word(Goal("first", 3, Against.ADDED, "base"), first=values), "met")

    def test_what_was_not_measured_is_neither(self):
        self.assertEqual(self.word(Goal("first", 2, Against.RATIO, "base"), first={"lamd": [1]}), "not measured")


class TestFiles(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.directory = Path(holder.name)

    def test_names_are_the_same_each_time_and_plots_of_the_run_before_are_gone(self):
        bars = Bars("first", "A <title>", "ms", {"first": "1 stream"})
        curves = Curves("growth", "Growth", "ms", "streams", {1: "first", 1000: "second"})
        values = {"first": {"base": [1.0], "lamd": [2.0, 3.0]}, "second": {"lamd": [4.0]}}
        make_report(plots=[bars, curves], **values).write(self.directory)
        self.assertEqual(self.names(), ["sample-first.svg", "sample-growth.svg", "sample.json"])
        make_report(plots=[bars], **values).write(self.directory)
        self.assertEqual(self.names(), ["sample-first.svg", "sample.json"])

    def test_a_plot_has_a_mark_for_each_value_and_no_script(self):
        bars = Bars("first", "A <title>", "ms", {"first": "1 stream", "none": "never measured"})
        make_report(plots=[bars], first={"base": [1.0], "lamd": [2.0, 3.0]}).write(self.directory)
        picture = ElementTree.parse(self.directory / "sample-first.svg").getroot()
        titles = [title.text for title in picture.iter(f"{SVG}title")]
        self.assertEqual(titles, ["1 ms", "2.5 ms"])
        self.assertEqual(list(picture.iter(f"{SVG}script")), [])
        self.assertIn("prefers-color-scheme: dark", (self.directory / "sample-first.svg").read_text())

    def test_a_curve_goes_through_each_point_and_bears_a_zero(self):
        curves = Curves("growth", "Growth", "ms", "streams", {1: "first", 1000: "second"})
        make_report(plots=[curves], first={"lamd": [0.0]}, second={"lamd": [4.0]}).write(self.directory)
        picture = ElementTree.parse(self.directory / "sample-growth.svg").getroot()
        (line,) = picture.iter(f"{SVG}polyline")
        (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in line.attrib["points"].split())
        self.assertLess(x1, x2)

    def test_what_was_not_measured_is_not_drawn(self):
        make_report(plots=[Bars("first", "A title", "ms", {"first": ""})]).write(self.directory)
        self.assertEqual(self.names(), ["sample.json"])

    def test_the_page_shows_all_that_is_there(self):
        bars = Bars("first", "A title", "ms", {"first": ""})
        report = make_report([Goal("first", 1)], [bars], first={"base": [1.0], "lamd": [2.0]})
        report.write(self.directory)
        report.name = "other"
        report.write(self.directory)
        page = write_page(self.directory).read_text()
        for wanted in ("sample-first.svg", "other-first.svg", "NOT MET", "&lt;any&gt;"):
            self.assertIn(wanted, page)
        self.assertNotIn("<script", page)

    def test_all_values_are_in_the_json(self):
        make_report(first={"lamd": [2.0, 3.0]}).write(self.directory)
        self.assertEqual(json.loads((self.directory / "sample.json").read_text())["values"]["first"]["lamd"], [2.0, 3.0])

    def names(self):
        return sorted(path.name for path in self.directory.iterdir())


class TestBenchmarks(unittest.TestCase):
    def test_goals_and_plots_are_of_metrics_that_there_are(self):
        for name, (metrics, goals, plots) in GOALS.items():
            with self.subTest(name):
                used = {goal.metric for goal in goals}
                for plot in plots:
                    used.update(plot.metrics if isinstance(plot, Bars) else plot.metrics.values())
                self.assertEqual(used - set(metrics), set())
                self.assertEqual(len({plot.name for plot in plots}), len(plots))


class TestSmall(unittest.TestCase):
    def test_figures_have_three_digits_that_matter(self):
        self.assertEqual([figure(value) for value in (0, 0.0123, 1.5, 12, 123.4, 12345)],
                         ["0", "0.0123", "1.5", "12", "123", "12,345"])

    def test_usage_is_of_what_was_used_in_between(self):
        self.assertEqual(Usage(2.0, 7) - Usage(0.5, 3), Usage(1.5, 4))

    def test_a_family_is_a_process_and_all_that_it_has_started(self):
        with subprocess.Popen(["sleep", "60"]) as child:
            self.assertIn(child.pid, family(os.getpid()))
            self.assertGreater(memory([child.pid]), 0)
            child.kill()


if __name__ == "__main__":
    unittest.main()
