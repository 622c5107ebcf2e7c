#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Check manifests of cvm-sign: the measurement against one computed here, the signature with openssl.

The memory of the VM is read back from what `cvm-sign` was given, by placing it as doc/cvm.md says;
nothing of its code is used.
"""

import argparse
import hashlib
import os
import struct
import subprocess
import sys
import tempfile

PAGE = 4096
RAM = 0x40000000
FDT_SIZE = 0x10000
MAX_REGIONS = 16


def run(*args):
    return subprocess.run(args, capture_output=True, text=True)


def image(size, pages):
    """An arm64 Image of `size` bytes whose pages in `pages` are not zero."""
    data = bytearray(size)
    for page in pages:
        data[page * PAGE + 100] = page % 255 + 1
    data[8:32] = struct.pack("<QQQ", 0, size, 0)
    data[56:60] = b"ARM\x64"
    return bytes(data)


def regions(pages):
    """Runs of pages; the closest are joined while there are too many, as pages come in."""
    out = []
    for page in pages:
        if out and out[-1][1] == page:
            out[-1][1] = page + 1
            continue
        out.append([page, page + 1])
        if len(out) > MAX_REGIONS:
            gaps = [out[i + 1][0] - out[i][1] for i in range(len(out) - 1)]
            at = gaps.index(min(gaps))
            out[at][1] = out.pop(at + 1)[1]
    return out


def measurement(ram, cpus, pc, x0, owner):
    pages = [p for p in range(len(ram) // PAGE) if any(ram[p * PAGE:(p + 1) * PAGE])]
    found = regions(pages)
    text = struct.pack("<QQQQQQ", 1, 1, len(found), cpus, pc, x0) + owner
    text += struct.pack("<QQ", RAM // PAGE, len(ram) // PAGE)
    for first, end in found:
        text += struct.pack("<QQ", RAM // PAGE + first, end - first)
    hasher = hashlib.sha384(text)
    for first, end in found:
        for page in range(first, end):
            hasher.update(struct.pack("<Q", RAM // PAGE + page))
            hasher.update(ram[page * PAGE:(page + 1) * PAGE])
    return hasher.digest()


def der_signature(raw):
    """The ASN.1 form of r || s, which openssl wants."""
    def integer(data):
        data = data.lstrip(b"\0") or b"\0"
        data = (b"\0" if data[0] & 0x80 else b"") + data
        return b"\x02" + bytes([len(data)]) + data
    body = integer(raw[:48]) + integer(raw[48:])
    return b"\x30" + bytes([len(body)]) + body


def verified(folder, key, manifest):
    """Does openssl find the signature good?"""
    public, signature, text = (os.path.join(folder, n) for n in ("pub.pem", "sig", "text"))
    run("openssl", "pkey", "-in", key, "-pubout", "-out", public)
    with open(signature, "wb") as file:
        file.write(der_signature(manifest[56:152]))
    with open(text, "wb") as file:
        file.write(manifest[:56])
    return run("openssl", "dgst", "-sha384", "-verify", public, "-signature", signature,
               text).returncode == 0


def devicetree(tool, folder, args):
    """The device tree that the VM gets: what lies at X0 in the memory measured."""
    out = os.path.join(folder, "ram")
    got = run(tool, "measure", "-o", out, *args)
    if got.returncode != 0:
        sys.exit(f"cannot dump: {got.stderr}")
    with open(out, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", help="cvm-sign")
    tool = parser.parse_args().tool
    failed = 0
    checks = 0
    for pages, cpus in (((0, 1, 2), 1), ((0, 7, 9), 2), (tuple(range(0, 80, 3)), 4),
                        ((0, 2, 5, 9, 14, 20, 27, 35, 44, 54, 65, 77, 90, 104, 119, 135, 152, 170),
                         3)):
        with tempfile.TemporaryDirectory() as folder:
            key, kernel, out = (os.path.join(folder, n) for n in ("key.pem", "Image", "manifest"))
            run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384",
                "-out", key)
            size = (max(pages) + 1) * PAGE
            with open(kernel, "wb") as file:
                file.write(image(size, pages))
            args = ["--kernel", kernel, "--mem", "4M", "--cpus", str(cpus)]
            ram = devicetree(tool, folder, args)
            fdt = RAM + (size + FDT_SIZE - 1) // FDT_SIZE * FDT_SIZE
            signed = run(tool, "sign", "--key", key, "-o", out, *args)
            with open(out, "rb") as file:
                manifest = file.read()
            owner = hashlib.sha384(manifest[152:249]).digest()
            want = measurement(ram, cpus, RAM, fdt, owner)
            plain = measurement(ram, cpus, RAM, fdt, bytes(48))
            flipped = bytes([manifest[0], manifest[1] ^ 1]) + manifest[2:]
            for what, good in (
                    ("exit code", signed.returncode == 0),
                    ("size", len(manifest) == 256),
                    ("kernel in memory", ram[:size] == image(size, pages)),
                    ("measurement", manifest[8:56] == want),
                    ("printed", signed.stdout.strip() == want.hex()),
                    ("without owner", run(tool, "measure", *args).stdout.strip() == plain.hex()),
                    ("signature", verified(folder, key, manifest)),
                    ("one bit more", not verified(folder, key, flipped))):
                checks += 1
                if not good:
                    failed += 1
                    print(f"FAIL {what}: pages {pages}, {cpus} vCPUs")
    print(f"{checks} checks, {failed} failed")
    sys.exit(failed != 0)


main()
