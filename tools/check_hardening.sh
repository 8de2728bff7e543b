#!/bin/bash
# check_hardening.sh PROGRAM...: the programs are built so that a mistake in them is hard to make use of. What is missing
# is named, with the flag that brings it.
set -euo pipefail

failed=0
missing() {
    echo "$program: $*" >&2
    failed=1
}

# has TEXT WHAT FLAG: TEXT is in what readelf says.
has() {
    grep -q -- "$1" <<<"$elf" || missing "no $2 ($3)"
}

# On its input the program as objdump shows it; some thousands are usual, those of the start files are a handful.
has_landing_pads() {
    [ "$(grep -c endbr64)" -gt 500 ]
}

for program in "$@"; do
    elf=$(readelf --wide --file-header --program-headers --dynamic --dyn-syms --notes "$program")
    has 'Type: *DYN (Position-Independent Executable' "position-independent executable" "-fPIE -pie"
    has 'GNU_RELRO' "read-only relocations" "-z relro"
    has 'FLAGS.*BIND_NOW' "binding at start, so that all relocations are read-only" "-z now"
    has '__stack_chk_fail' "stack protector" "-fstack-protector-strong"
    has '_chk@' "checked versions of string functions" "-D_FORTIFY_SOURCE=3"
    grep -E 'GNU_STACK' <<<"$elf" | grep -q ' RW ' || missing "an executable stack"
    if grep -qE '(RPATH|RUNPATH)' <<<"$elf"; then missing "a search path of libraries of its own"; fi
    # Debian's start files have no CET mark, so a program cannot have it; what was compiled here has the landing pads.
    if [ "$(uname -m)" = x86_64 ] && ! objdump -d --no-show-raw-insn -j .text "$program" | has_landing_pads; then
        missing "no landing pads for indirect branches (-fcf-protection=full)"
    fi
done
exit $failed
