"""Everything is in tests/support/lamdtest/fixtures.py."""

pytest_plugins = ["lamdtest.fixtures"]
