"""The seeds and the length of a run."""

pytest_plugins = ["lamdtest.fixtures"]


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=1, help="the first seed")
    parser.addoption("--runs", type=int, default=1, help="so many seeds, one after the other")
    parser.addoption("--seconds", type=float, default=20.0, help="how long faults strike in each")
    parser.addoption("--result", help="a file that gets a line of JSON for each seed")


def pytest_generate_tests(metafunc):
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--seed")
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("--runs")))
