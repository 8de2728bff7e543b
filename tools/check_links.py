#!/usr/bin/env python3
"""Hold relative links and images in the Markdown files to files that exist.

  check_links.py [ROOT]
"""
import re
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SKIPPED = {"build", ".git", ".cache"}


def problems(root: Path) -> list[str]:
    found = []
    for page in sorted(root.rglob("*.md")):
        if page.relative_to(root).parts[0] in SKIPPED:
            continue
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for target in LINK.findall(line):
                path = target.split("#")[0]
                if path and "://" not in target and not target.startswith("mailto:") and not (page.parent / path).exists():
                    found.append(f"{page.relative_to(root)}:{number}: there is no {path}")
    return found


if __name__ == "__main__":
    found = problems(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    print("\n".join(found) if found else "check_links: every link leads to a file")
    sys.exit(1 if found else 0)
