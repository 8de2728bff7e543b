#!/usr/bin/env python3
"""Hold every #include to the directions of tools/layers.toml, and every call that only one place may make.

  check_layers.py [ROOT]

Four things are wrong: a folder that includes another one it may not use, a third-party header outside the places of
its library, a third-party header that no library in the table claims, and a call for which there is a better one. Each is
printed as FILE:LINE and the reason; the exit status says whether there was one. Only the text is read, so no compiler is
needed.
"""
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ENDINGS = {".h", ".cpp"}
SKIPPED = {"build", ".git", ".cache"}
# System headers below a directory; those without one are the standard library's and the C library's.
SYSTEM = ("sys/", "net/", "netinet/", "arpa/", "linux/", "bits/")


@dataclass(frozen=True)
class Table:
    folders: dict[str, list[str]]
    unrestricted: set[str]
    headers: dict[str, str]  # prefix of an include -> library
    places: dict[str, list[str]]  # library -> places
    calls: list[tuple[re.Pattern, str, list[str]]]  # the call, what to write instead, the places that may

    @staticmethod
    def load(path: Path) -> "Table":
        data = tomllib.loads(path.read_text())
        libraries = data["libraries"]
        return Table(
            folders=data["folders"],
            unrestricted=set(data["unrestricted"]["folders"]),
            headers={prefix: name for name, library in libraries.items() for prefix in library["headers"]},
            places={name: library["places"] for name, library in libraries.items()},
            calls=[(re.compile(call["pattern"]), call["instead"], call["places"]) for call in data["calls"]],
        )

    def library_of(self, header: str) -> str | None:
        for prefix, library in self.headers.items():
            if header == prefix or header.startswith(prefix):
                return library
        return None


def is_within(file: Path, place: str) -> bool:
    return file.as_posix() == place or file.as_posix().startswith(place + "/")


def complaint(table: Table, file: Path, quoted: bool, header: str) -> str | None:
    """Why FILE (relative to the root) may not include HEADER; None where it may."""
    folder = file.parts[0]
    target = header.split("/", 1)[0]
    if quoted and target in table.folders:
        if target == folder or target in table.folders[folder]:
            return None
        allowed = ", ".join(table.folders[folder]) or "no other folder"
        return f'{folder}/ may not use {target}/ (it may use {allowed}): "{header}"'
    library = table.library_of(header)
    if library is not None:
        if any(is_within(file, place) for place in table.places[library]):
            return None
        return f"{library} may be included only in {', '.join(table.places[library])}: <{header}>"
    if quoted:
        return f'"{header}" is no file of a folder in the table: write "folder/file.h" from the repository root'
    if "/" in header and not header.startswith(SYSTEM):
        return f"no library in tools/layers.toml claims <{header}>"
    return None


def wrong_call(table: Table, file: Path, line: str) -> str | None:
    for pattern, instead, places in table.calls:
        if (found := pattern.search(line)) and not any(is_within(file, place) for place in places):
            return f"{found[0]} belongs into {', '.join(places)}; write {instead}"
    return None


def sources(root: Path) -> list[Path]:
    found = (path.relative_to(root) for path in root.rglob("*") if path.suffix in ENDINGS and path.is_file())
    return sorted(path for path in found if path.parts[0] not in SKIPPED and len(path.parts) > 1)


def check(root: Path) -> list[str]:
    table = Table.load(root / "tools" / "layers.toml")
    problems = []
    for file in sources(root):
        folder = file.parts[0]
        if folder in table.unrestricted:
            continue
        if folder not in table.folders:
            problems.append(f"{file}:1: the folder {folder}/ is not in tools/layers.toml")
            continue
        for number, line in enumerate((root / file).read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            reason = complaint(table, file, match[1] == '"', match[2]) if match else wrong_call(table, file, line)
            if reason:
                problems.append(f"{file}:{number}: {reason}")
    return problems


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    problems = check(root)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"check_layers: {len(sources(root))} files keep the directions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
