"""The software bill of materials: what is read from Debian, and that the check of it sees what is wrong."""

import copy
import importlib.util
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def load(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


sbom, check_sbom = load("sbom"), load("check_sbom")

SYSTEM = {"ID": "debian", "VERSION_ID": "12"}
PACKAGES = [sbom.Package("libone1", "1:2.3+ds-1", "amd64", "one", "https://one.example", {"DYNAMIC_LINK": "by lamd"}),
            sbom.Package("libtwo++-dev", "4-1", "all", "two", "", {"STATIC_LINK": "compiled in"})]


def made():
    return sbom.document("1.0", PACKAGES, SYSTEM, 1700000000)


def licence_of(text):
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "copyright")
        file.write_text(text)
        return sbom.licence_fields(file)


class Licences(unittest.TestCase):
    FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"

    def test_that_of_all_files_counts_in_spdx_words(self):
        fields = licence_of(self.FORMAT + "Files: x.c\nLicense: GPL-2+\n\nFiles: *\nCopyright: a\nLicense: EPL-2.0 or EDL-1.0\n text\n")
        self.assertEqual(fields["licenseDeclared"], "EPL-2.0 OR BSD-3-Clause")

    def test_one_that_spdx_has_no_word_for_is_told_in_debians(self):
        fields = licence_of(self.FORMAT + "Files: *\nLicense: Expat with embedded exception\n")
        self.assertEqual(fields["licenseDeclared"], "NOASSERTION")
        self.assertIn("Expat with embedded exception", fields["licenseComments"])

    def test_a_file_of_another_form_is_left_to_people(self):
        self.assertEqual(licence_of("This is the Debian package of X.\nLicense: Expat\n")["licenseDeclared"], "NOASSERTION")


class Document(unittest.TestCase):
    def test_is_valid_and_the_same_each_time(self):
        self.assertEqual(check_sbom.problems_of(made()), [])
        self.assertEqual(made(), made())

    def test_has_the_version_in_the_package_url(self):
        locators = [package["externalRefs"][0]["referenceLocator"] for package in made()["packages"][1:]]
        self.assertIn("pkg:deb/debian/libone1@1%3A2.3%2Bds-1?arch=amd64&distro=debian-12", locators)

    def test_has_another_name_when_it_says_something_else(self):
        other = sbom.document("1.0", PACKAGES[:1], SYSTEM, 1700000000)
        self.assertNotEqual(other["documentNamespace"], made()["documentNamespace"])


class Check(unittest.TestCase):
    def check(self, change, complaint):
        document = copy.deepcopy(made())
        change(document)
        self.assertTrue(any(complaint in problem for problem in check_sbom.problems_of(document)),
                        check_sbom.problems_of(document))

    def test_sees_what_is_wrong(self):
        for change, complaint in (
                (lambda document: document.update(spdxVersion="SPDX-2.2"), "spdxVersion"),
                (lambda document: document.update(documentNamespace="lamd#1"), "documentNamespace"),
                (lambda document: document["creationInfo"].update(created="yesterday"), "created"),
                (lambda document: document["creationInfo"].update(creators=["me"]), "creators"),
                (lambda document: document["packages"][1].pop("downloadLocation"), "downloadLocation"),
                (lambda document: document["packages"][1].update(licenseDeclared="free, mostly"), "licenseDeclared"),
                (lambda document: document["packages"][1].update(SPDXID="SPDXRef-a_b"), "no identifier"),
                (lambda document: document["packages"][1].pop("filesAnalyzed"), "filesAnalyzed"),
                (lambda document: document["packages"][1]["externalRefs"][0].update(referenceLocator="x"), "package URL"),
                (lambda document: document["packages"].append(document["packages"][1]), "twice"),
                (lambda document: document["packages"].pop(), "which is not there"),
                (lambda document: document["relationships"].pop(), "used by nothing"),
                (lambda document: document["relationships"].pop(0), "describes nothing")):
            with self.subTest(complaint):
                self.check(change, complaint)

    @unittest.skipUnless(Path("/usr/bin/dpkg-query").exists(), "libraries belong to Debian's packages here")
    def test_sees_a_library_that_is_left_out(self):
        with tempfile.TemporaryDirectory() as directory:
            output = Path(directory, "sbom.json")
            subprocess.run([TOOLS / "sbom.py", "--version", "1", "--output", output, "/usr/bin/bash"], check=True)
            self.assertEqual(subprocess.run([TOOLS / "check_sbom.py", output, "/usr/bin/bash"], check=False).returncode, 0)
            broken = output.read_text().replace('"name": "libtinfo6"', '"name": "another"')
            output.write_text(broken)
            said = subprocess.run([TOOLS / "check_sbom.py", output, "/usr/bin/bash"], check=False, capture_output=True, text=True)
            self.assertIn("libtinfo.so.6", said.stdout)


if __name__ == "__main__":
    unittest.main()
