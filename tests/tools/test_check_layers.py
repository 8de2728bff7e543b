"""tools/check_layers.py: violations are planted in a tree of its own, and each must be found."""
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_layers  # noqa: E402


class CheckLayers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        (self.root / "tools").mkdir()
        shutil.copy(ROOT / "tools" / "layers.toml", self.root / "tools")

    def plant(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return check_layers.check(self.root)

    def assert_found(self, problems, *parts):
        self.assertEqual(len(problems), 1, problems)
        for part in parts:
            self.assertIn(part, problems[0])

    def test_a_folder_that_uses_one_above_it_is_found_with_its_line(self):
        problems = self.plant("base/clock.h", '#pragma once\n\n#include "config/config.h"\n')
        self.assert_found(problems, "base/clock.h:3:", "base/ may not use config/")

    def test_neighbours_do_not_know_each_other(self):
        problems = self.plant("tunnel/relay.cpp", '#include "transport/http/client.h"\n')
        self.assert_found(problems, "tunnel/ may not use transport/")

    def test_allowed_folders_and_the_own_folder_pass(self):
        self.assertEqual(self.plant("tunnel/relay.cpp", '#include "base/clock.h"\n#include "tunnel/state.h"\n'), [])

    def test_a_library_outside_its_place_is_found(self):
        problems = self.plant("tunnel/relay.cpp", "#include <libssh2.h>\n")
        self.assert_found(problems, "libssh2 may be included only in tunnel/ssh")

    def test_a_library_in_its_place_passes(self):
        self.assertEqual(self.plant("tunnel/ssh/session.cpp", "#include <libssh2.h>\n#include <openssl/evp.h>\n"), [])

    def test_a_folder_whose_name_begins_like_a_place_is_another_place(self):
        problems = self.plant("tunnel/ssh_keys/agent.cpp", "#include <libssh2.h>\n")
        self.assert_found(problems, "libssh2 may be included only in tunnel/ssh")

    def test_a_library_that_nobody_claims_is_found(self):
        problems = self.plant("base/log.cpp", "#include <absl/strings/str_cat.h>\n")
        self.assert_found(problems, "no library", "absl/strings/str_cat.h")

    def test_a_call_outside_its_place_is_found(self):
        problems = self.plant("gateway/relay.cpp", "const auto value = nlohmann::json::parse(body);\n")
        self.assert_found(problems, "gateway/relay.cpp:1:", "api::parse_json")
        self.assertEqual(self.plant("api/parse.h", "Json::parse(text);\n"), problems)

    def test_a_relative_include_is_found(self):
        self.assert_found(self.plant("base/log.cpp", '#include "log.h"\n'), "from the repository root")

    def test_a_folder_that_is_not_in_the_table_is_found(self):
        self.assert_found(self.plant("misc/drawer.h", "#include <vector>\n"), "misc/ is not in tools/layers.toml")

    def test_standard_and_system_headers_pass_everywhere(self):
        self.assertEqual(self.plant("base/log.cpp", "#include <sys/socket.h>\n#include <vector>\n#include <unistd.h>\n"), [])

    def test_tests_may_look_everywhere(self):
        self.assertEqual(self.plant("tests/unit/base/test_log.cpp", '#include "daemon/main.h"\n#include <gtest/gtest.h>\n'), [])

    def test_spacing_does_not_hide_an_include(self):
        problems = self.plant("api/codec.cpp", "  #  include  <yaml-cpp/yaml.h>\n")
        self.assert_found(problems, "yaml-cpp may be included only in config")


if __name__ == "__main__":
    unittest.main()
