#!/usr/bin/env python3
"""Look whether a software bill of materials is valid SPDX 2.3 (JSON), and leaves nothing out.

  check_sbom.py FILE [PROGRAM...]

Held are the fields that the specification requires (https://spdx.github.io/spdx-spec/v2.3/) and the forms of their
values; that everything that is listed is used by something, and that each library the programs name is there. Each
mistake is printed; the exit status says whether there was one.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

NONE_OR = {"NOASSERTION", "NONE"}
IDENTIFIER = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")
CREATOR = re.compile(r"(Person|Organization|Tool): \S.*")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
NAMESPACE = re.compile(r"[a-z][a-z0-9+.-]*:[^\s#]+")
PURL = re.compile(r"pkg:[a-z]+/[^\s@]+@[^\s@?]+(\?[^\s]+)?")
RELATIONSHIPS = {"DESCRIBES", "DYNAMIC_LINK", "STATIC_LINK"}  # those that ours has


def document_problems(document):
    for name, value in (("spdxVersion", "SPDX-2.3"), ("dataLicense", "CC0-1.0"), ("SPDXID", "SPDXRef-DOCUMENT")):
        if document.get(name) != value:
            yield f"{name} is {document.get(name)!r} and not {value!r}"
    if not document.get("name"):
        yield "it has no name"
    if not NAMESPACE.fullmatch(document.get("documentNamespace", "")):
        yield "documentNamespace is no URI without a fragment"
    creation = document.get("creationInfo", {})
    if not TIME.fullmatch(creation.get("created", "")):
        yield "creationInfo.created is no time in UTC"
    if not creation.get("creators") or not all(CREATOR.fullmatch(creator) for creator in creation["creators"]):
        yield "creationInfo.creators names nobody"


def package_problems(package):
    name = package.get("name") or package.get("SPDXID")
    for field in ("SPDXID", "name", "versionInfo", "downloadLocation", "copyrightText"):
        if not package.get(field):
            yield f"{name} has no {field}"
    if not IDENTIFIER.fullmatch(package.get("SPDXID", "")):
        yield f"{name}: {package.get('SPDXID')!r} is no identifier"
    if package.get("filesAnalyzed", True):
        yield f"{name}: filesAnalyzed wants the files and a code of them"
    for field in ("licenseConcluded", "licenseDeclared"):
        licence = package.get(field, "")
        if licence not in NONE_OR and not EXPRESSION.fullmatch(licence):
            yield f"{name}: {field} is {licence!r}"
    for reference in package.get("externalRefs", []):
        if (reference.get("referenceCategory"), reference.get("referenceType")) != ("PACKAGE-MANAGER", "purl") or \
                not PURL.fullmatch(reference.get("referenceLocator", "")):
            yield f"{name}: {reference} is no package URL"


def relationship_problems(document):
    identifiers = [package.get("SPDXID") for package in document.get("packages", [])]
    for twice in {one for one in identifiers if identifiers.count(one) > 1}:
        yield f"{twice} stands there twice"
    known, used = {"SPDXRef-DOCUMENT", *identifiers}, set()
    for relationship in document.get("relationships", []):
        kind, ends = relationship.get("relationshipType"), [relationship.get("spdxElementId"), relationship.get("relatedSpdxElement")]
        if kind not in RELATIONSHIPS:
            yield f"{kind} is no relationship that is used here"
        for end in ends:
            if end not in known:
                yield f"a relationship names {end}, which is not there"
        used.add(ends[1])
    for unused in sorted(set(identifiers) - used - {None}):
        yield f"{unused} is used by nothing"
    if not any(one.get("relationshipType") == "DESCRIBES" for one in document.get("relationships", [])):
        yield "it describes nothing"


def missing_libraries(document, program):
    """Each library that the loader will look for is in a package of the list, by dpkg's word."""
    listed = {package.get("name") for package in document.get("packages", [])}
    for path in re.findall(r"=> (/\S+)", subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout):
        name = Path(path).name
        needed = subprocess.run(["readelf", "--dynamic", program], capture_output=True, text=True, check=True).stdout
        if f"[{name}]" in needed:
            owners = subprocess.run(["dpkg-query", "--search", f"*/{name}"], capture_output=True, text=True, check=False).stdout
            if not {line.split(":")[0] for line in owners.splitlines()} & listed:
                yield f"{program} needs {name}, of which nothing is listed"


def problems_of(document, programs=()):
    found = [*document_problems(document), *relationship_problems(document)]
    for package in document.get("packages", []):
        found += package_problems(package)
    for program in programs:
        found += missing_libraries(document, program)
    return found


def main(arguments):
    if not arguments:
        sys.exit(__doc__)
    problems = problems_of(json.loads(Path(arguments[0]).read_text()), arguments[1:])
    for problem in problems:
        print(f"{arguments[0]}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
