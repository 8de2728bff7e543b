"""Throw-away SSH keys, made by ssh-keygen."""

import subprocess
from pathlib import Path


class Key:
    def __init__(self, path):
        self.path = Path(path)
        self.public = Path(f"{path}.pub").read_text().strip()

    def type_and_blob(self):
        return " ".join(self.public.split()[:2])

    def fingerprint(self):
        listing = subprocess.run(["ssh-keygen", "-lf", f"{self.path}.pub"], capture_output=True, text=True, check=True)
        return listing.stdout.split()[1]


def make_key(path, kind="ed25519", passphrase="", options=()):
    """`kind` is ed25519, ecdsa or rsa; `options` go to ssh-keygen (`-m PEM`)."""
    bits = {"rsa": ["-b", "2048"], "ecdsa": ["-b", "256"]}.get(kind, [])
    words = ["-t", kind, *bits, *options, "-N", passphrase, "-C", f"test-{kind}", "-f", path]
    subprocess.run(["ssh-keygen", "-q", *words], check=True)
    return Key(path)
