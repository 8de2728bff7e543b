"""Throw-away certificates of brokers, made by openssl."""

import subprocess


def make_certificates(directory, name):
    """A CA of this name (`NAME.pem`), and the broker's certificate and key by it (`broker.pem`, `broker.key`)."""
    def openssl(*words):
        subprocess.run(["openssl", *(str(word) for word in words)], cwd=directory, check=True, timeout=60, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", 30, "-subj", f"/CN={name}")
    openssl("req", *key, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl("x509", "-req", "-in", "broker.csr", "-CA", f"{name}.pem", "-CAkey", f"{name}.key", "-CAcreateserial", "-days", 30,
            "-extfile", "names", "-out", "broker.pem")
