#!/usr/bin/env python3
"""Make lamd-protocol(7) of docs/protocol.md: headings, paragraphs, lists, tables and code blocks, no more than it uses.

  man_of_protocol.py [ROOT]           write docs/man/lamd-protocol.7
  man_of_protocol.py --check [ROOT]   say whether it is as it would be written
"""
import re
import sys
from pathlib import Path

HEAD = """'\\" t
.\\" Made by tools/man_of_protocol.py from docs/protocol.md; edit that.
.Dd November 23, 2026
.Dt LAMD-PROTOCOL 7
.Os
.Sh NAME
.Nm lamd-protocol
.Nd how a gateway and a worker of lamd speak
.Sh DESCRIPTION
"""
TAIL = """.Sh SEE ALSO
.Xr lamctl 1 ,
.Xr lamd.yaml 5 ,
.Xr lamd 8
"""
ITEM = re.compile(r"(\*|\d+\.) +(.*)")


def inline(text):
    """Code and strong are bold, emphasis is italic, of a link its text stays; each sentence has a line of its own."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    pieces = re.split(r"(`[^`]*`)", text)
    for number, piece in enumerate(pieces):
        if number % 2:
            pieces[number] = f"\\fB{piece[1:-1]}\\fR"
        else:
            piece = re.sub(r"\*\*([^*]+)\*\*", r"\\fB\1\\fR", piece)
            pieces[number] = re.sub(r"(?<!\w)\*([^*]+)\*", r"\\fI\1\\fR", piece)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", "".join(pieces))
    sentences = re.sub(r"([.!?]\)?) (?=\S)", r"\1\n", text).split("\n")
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in sentences)


def table(rows):
    """In tbl(1)'s language; what is more than a word may be broken into lines."""
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    count = len(cells[0])
    lines = [".Pp", ".TS", "tab(|);", " ".join(["lb"] * count), " ".join(["l"] * (count - 1) + ["lx."])]
    for row in [cells[0], *cells[2:]]:
        lines.append("|".join(f"T{{\n{inline(cell)}\nT}}" if " " in cell else inline(cell) for cell in row))
    return [*lines, ".TE"]


def listing(lines):
    """Items, each with the lines that go on with it."""
    items, kind = [], "-bullet"
    for line in lines:
        begun = ITEM.match(line)
        if begun:
            kind = "-bullet" if begun[1] == "*" else "-enum"
            items.append(begun[2])
        else:
            items[-1] += " " + line.strip()
    return [f".Bl {kind}", *(line for item in items for line in (".It", inline(item))), ".El"]


def code(lines):
    return [".Bd -literal -offset indent", *(line.replace("\\", "\\e") or "\\&" for line in lines), ".Ed"]


def convert(text):
    """The page's blocks in order; what stands before the first heading is the description."""
    out, block, is_first = [], [], True
    lines = iter(text.splitlines()[1:])

    def end_block():
        nonlocal is_first
        if not block:
            return
        if block[0].startswith("|"):
            out.extend(table(block))
        elif ITEM.match(block[0]):
            out.extend(listing(block))
        else:
            out.extend(([] if is_first else [".Pp"]) + [inline(" ".join(block))])
        is_first = False
        block.clear()

    for line in lines:
        if line.startswith("#"):
            end_block()
            level, title = line.split(" ", 1)
            out.append(f".Sh {title.upper()}" if level == "##" else f".Ss {title}")
            is_first = True
        elif line.startswith("```"):
            end_block()
            out.extend(code(list(iter(lambda: next(lines), "```"))))
            is_first = False
        elif not line:
            end_block()
        else:
            if block and (line.startswith("|") != block[0].startswith("|")):
                end_block()
            block.append(line)
    end_block()
    return HEAD + "\n".join(out) + "\n" + TAIL


def main(words):
    is_check = "--check" in words
    roots = [word for word in words if word != "--check"]
    root = Path(roots[0]) if roots else Path(__file__).resolve().parent.parent
    page = root / "docs" / "man" / "lamd-protocol.7"
    wanted = convert((root / "docs" / "protocol.md").read_text())
    if not is_check:
        page.write_text(wanted)
    elif not page.exists() or page.read_text() != wanted:
        print(f"{page.relative_to(root)} is not what docs/protocol.md says: run tools/man_of_protocol.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
