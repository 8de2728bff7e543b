"""Throw-away SSH keys, made by ssh-keygen."""

import ctypes
import subprocess
from pathlib import Path

import pytest


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


def has_rsa_by_sha2():
    """libssh2 signs and verifies RSA by SHA-2 from 1.11 on; OpenSSH takes nothing else since 8.8."""
    libssh2 = ctypes.CDLL("libssh2.so.1")
    libssh2.libssh2_version.restype = ctypes.c_char_p
    return bool(libssh2.libssh2_version(0x010b00))


needs_rsa_by_sha2 = pytest.mark.skipif(not has_rsa_by_sha2(), reason="this libssh2 knows RSA by SHA-1 only")
