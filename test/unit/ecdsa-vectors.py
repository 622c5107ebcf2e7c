#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sign with openssl, and print a line `KEY DIGEST SIGNATURE` (hexadecimal) for each signature.

ECDSA over P-384 with SHA-384; the key as an uncompressed point, the signature as r || s.
"""

import argparse
import hashlib
import os
import subprocess
import tempfile


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True,
                          capture_output=True).stdout


def raw_signature(der):
    """r || s, 48 bytes each, of a DER SEQUENCE of two INTEGERs."""
    assert der[0] == 0x30
    at = 2 if der[1] < 0x80 else 3
    out = b""
    for _ in range(2):
        assert der[at] == 2
        length = der[at + 1]
        number = int.from_bytes(der[at + 2:at + 2 + length], "big")
        out += number.to_bytes(48, "big")
        at += 2 + length
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=6, help="signatures (default: 6)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        key = os.path.join(folder, "key.pem")
        for i in range(args.count):
            openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", key)
            # The point is the last 97 bytes of SubjectPublicKeyInfo.
            point = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")[-97:]
            message = b"corevisor %d" % i
            signature = raw_signature(openssl("dgst", "-sha384", "-sign", key, data=message))
            print(point.hex(), hashlib.sha384(message).hexdigest(), signature.hex())


if __name__ == "__main__":
    main()
