#!/usr/bin/env python3
"""Hold relative links and images in the Markdown files to files that exist, and a link whose text is `code` to a file
that has this code in it: so a document can name a test, and goes wrong when the test goes away.

  check_links.py [ROOT]
"""
import re
import sys
from pathlib import Path

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
CODE = re.compile(r"`(\w+)`")
SKIPPED = {"build", ".git", ".cache"}


def problem(page: Path, text: str, target: str) -> str | None:
    path = target.split("#")[0]
    if not path or "://" in target or target.startswith("mailto:"):
        return None
    if not (page.parent / path).exists():
        return f"there is no {path}"
    code = CODE.fullmatch(text)
    if code and Path(path).suffix in {".py", ".cpp", ".mjs", ".sh"} and code[1] not in (page.parent / path).read_text():
        return f"{path} has no {code[1]}"
    return None


def problems(root: Path) -> list[str]:
    found = []
    for page in sorted(root.rglob("*.md")):
        if page.relative_to(root).parts[0] in SKIPPED:
            continue
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for text, target in LINK.findall(line):
                if what := problem(page, text, target):
                    found.append(f"{page.relative_to(root)}:{number}: {what}")
    return found


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    print("\n".join(found) if found else "check_links: every link leads to a file")
    sys.exit(1 if found else 0)
