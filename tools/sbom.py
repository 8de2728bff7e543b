#!/usr/bin/env python3
"""Write the software bill of materials of what was built: SPDX 2.3 as JSON, on a Debian.

  sbom.py --version VERSION --output FILE PROGRAM...

In it are lamd and every library that the programs are linked with, load when they need it, or have compiled in from
headers alone, each with Debian's package, its version, and its licence where Debian has written it down for a program to
read. The same system and SOURCE_DATE_EPOCH give the same bytes. tools/check_sbom.py looks whether it is valid.
"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("base", "config", "api", "tunnel", "transport", "supervisor", "worker", "gateway", "systemd", "daemon", "lamctl")
INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)
# Debian's names of licences (copyright-format 1.0) that SPDX calls something else; those that it knows are the rest.
SPDX_NAMES = {"Expat": "MIT", "BSD3": "BSD-3-Clause", "BSD-3-clause": "BSD-3-Clause", "BSD-2-clause": "BSD-2-Clause",
              "EDL-1.0": "BSD-3-Clause", "or": "OR", "and": "AND"}
SPDX_KNOWN = {"MIT", "BSD-3-Clause", "BSD-2-Clause", "OR", "AND", "BSL-1.0", "Apache-2.0", "X11", "curl", "EPL-2.0"}
KERNEL = "linux"  # the source package of the kernel's headers: an interface, and none of its code is compiled in


@dataclass
class Package:
    name: str
    version: str
    architecture: str
    source: str
    homepage: str
    ways: dict[str, str] = field(default_factory=dict)  # relationship -> how it comes into the programs


def said_by(*command):
    """Its output; programs that look many things up fail when one of them is not there, and say the others."""
    environment = {**os.environ, "LC_ALL": "C", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False,
                          env=environment).stdout


def linked(program):
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", said_by("readelf", "--wide", "--dynamic", program)))


def loaded(program):
    """What it gives to dlopen(3): names of libraries among its constants."""
    constants = said_by("readelf", "--wide", "--string-dump=.rodata", program)
    return set(re.findall(r"\]\s+(lib[\w+-]+\.so\.[\d.]+)$", constants, re.MULTILINE))


def paths_of_libraries():
    lines = re.findall(r"^\s*(\S+) \((.*?)\) => (\S+)$", said_by("ldconfig", "-p"), re.MULTILINE)
    return {name: path for name, _, path in reversed(lines)}  # the first one wins, as for the loader


def owners(paths):
    """path -> name of the package it is in. Debian has moved /lib into /usr without telling all packages."""
    twins = {path: {path, "/usr" + path, path.removeprefix("/usr")} for path in paths}
    lines = said_by("dpkg-query", "--search", *sorted(set().union(*twins.values()))).splitlines()
    found = {path: names.split(", ")[0] for names, _, path in (line.partition(": ") for line in lines)}
    return {path: next(found[twin] for twin in sorted(same) if twin in found)
            for path, same in twins.items() if same & found.keys()}


def described(names):
    """name -> Package."""
    wanted = "${Package}\\t${Version}\\t${Architecture}\\t${source:Package}\\t${Homepage}\\n"
    lines = said_by("dpkg-query", "--show", "--showformat", wanted, *sorted(names)).splitlines()
    return {line.split("\t")[0]: Package(*line.split("\t")) for line in lines}


def included_headers():
    """Headers of packages that the programs' sources name, as files."""
    named = set()
    for folder in FOLDERS:
        for source in [*(ROOT / folder).rglob("*.h"), *(ROOT / folder).rglob("*.cpp")]:
            named.update(INCLUDE.findall(source.read_text()))
    return {f"/usr/include/{name}" for name in named if Path("/usr/include", name).exists()}


def libraries(programs):
    """All packages, by name, each with the ways that lead to it."""
    where, found = paths_of_libraries(), {}

    def add(relationship, files, comment):
        names = {name.split(":")[0] for name in owners(files).values()}
        for name, package in described(names).items():
            found.setdefault(name, package).ways.setdefault(relationship, comment)

    users = {}
    for program in programs:
        for library in linked(program):
            users.setdefault(library, []).append(Path(program).name)
        for library in loaded(program) - linked(program):
            users.setdefault(library, []).append(f"{Path(program).name}, when it is needed")
    for library, by in sorted(users.items()):
        if library not in where or not owners({where[library]}):
            raise SystemExit(f"sbom: {library} is in no package of this system")
        add("DYNAMIC_LINK", {where[library]}, "by " + " and ".join(sorted(by)))
    dynamic = {package.source for package in found.values()} | {KERNEL}
    headers = owners(included_headers())
    alone = {name.split(":")[0] for name in headers.values()}
    alone = {name for name, package in described(alone).items() if package.source not in dynamic}
    add("STATIC_LINK", {path for path, name in headers.items() if name.split(":")[0] in alone}, "compiled in, from headers alone")
    return [found[name] for name in sorted(found)]


def debian_licence(copyright_file):
    """What a machine-readable copyright file says of all files; nothing where it is of another form."""
    try:
        text = copyright_file.read_text(errors="replace")
    except OSError:
        return None
    paragraphs = text.split("\n\n") if text.startswith("Format:") else []
    for paragraph in paragraphs:
        if re.search(r"^Files:\s*\*\s*$", paragraph, re.MULTILINE) and (named := re.search(r"^License:\s*(.+)$", paragraph, re.MULTILINE)):
            return named[1].strip()
    return None


def spdx_licence(debian):
    """The expression for Debian's words; nothing where SPDX has no word for one of them."""
    words = [SPDX_NAMES.get(word, word) for word in debian.split()]
    return " ".join(words) if all(word in SPDX_KNOWN for word in words) else None


def licence_fields(copyright_file):
    debian = debian_licence(copyright_file)
    expression = spdx_licence(debian) if debian else None
    fields = {"licenseConcluded": "NOASSERTION", "licenseDeclared": expression or "NOASSERTION"}
    if expression is None:
        said = f'Debian calls it "{debian}"; see' if debian else "See"
        fields["licenseComments"] = f"{said} {copyright_file}."
    return fields


def identifier(name):
    return "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", name.replace("+", "p"))


def package_url(package, system):
    version, distribution = quote(package.version, safe=""), f"{system.get('ID')}-{system.get('VERSION_ID')}"
    return (f"pkg:deb/{system.get('ID')}/{quote(package.name, safe='')}@{version}"
            f"?arch={package.architecture}&distro={distribution}")


def package_entry(package, system):
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                 "referenceLocator": package_url(package, system)}
    entry = {"SPDXID": identifier(package.name), "name": package.name, "versionInfo": package.version,
             "supplier": "Organization: " + system.get("ID", "unknown").capitalize(), "downloadLocation": "NOASSERTION",
             "filesAnalyzed": False, "sourceInfo": f"built from the source package {package.source}",
             **licence_fields(Path("/usr/share/doc", package.name, "copyright")), "copyrightText": "NOASSERTION",
             "externalRefs": [reference]}
    return {**entry, "homepage": package.homepage} if package.homepage else entry


def document(version, packages, system, made):
    copyright_file = ROOT / "packaging" / "debian" / "copyright"
    licence = spdx_licence(debian_licence(copyright_file))
    holder = re.search(r"^Copyright:\s*(.+)$", copyright_file.read_text(), re.MULTILINE)[1]
    ours = {"SPDXID": identifier("lamd"), "name": "lamd", "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence,
            "copyrightText": f"Copyright {holder}", "primaryPackagePurpose": "APPLICATION"}
    ways = [{"spdxElementId": ours["SPDXID"], "relationshipType": relationship, "comment": comment,
             "relatedSpdxElement": identifier(package.name)}
            for package in packages for relationship, comment in package.ways.items()]
    content = {"packages": [ours, *(package_entry(package, system) for package in packages)],
               "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                                  "relatedSpdxElement": ours["SPDXID"]}, *ways]}
    digest = hashlib.sha256(json.dumps([content, made]).encode()).hexdigest()
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made))
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"lamd-{version}",
            "documentNamespace": f"https://spdx.org/spdxdocs/lamd-{version}-{digest}",
            "creationInfo": {"created": created, "creators": ["Organization: the lamd authors", "Tool: sbom.py"]},
            **content}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("programs", nargs="+", metavar="PROGRAM")
    options = parser.parse_args()
    lines = Path("/etc/os-release").read_text().splitlines()
    system = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    made = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    text = json.dumps(document(options.version, libraries(options.programs), system, made), indent=1) + "\n"
    options.output.unlink(missing_ok=True)  # who installs may be another user each time
    options.output.write_text(text)


if __name__ == "__main__":
    main()
