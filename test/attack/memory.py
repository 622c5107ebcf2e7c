#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Look at the machine's memory from outside, where no host can: has a device changed the core's?

Waits until the log says that the attacks are over, then reads the memory of the QEMU that runs it
(-object memory-backend-memfd). Looks at each frame of a line EXPECT|unchanged|ADDRESS, and all over the
core's memory (lines CORE|FIRST FRAME|FRAMES) for what the attacks have devices write. Writes one
line each to the file --out: FRAME|ADDRESS|unchanged or changed, CORE|frames|hits.
"""

import argparse
import os
import re
import sys
import time

RAM_BASE = 0x40000000
FRAME = 4096
EVIL = (0x21216B6361747461).to_bytes(8, "little")
# Devices write pages of it; a few words may also be in registers that the core has saved.
MANY = EVIL * 64
# How much of the image is code, and so for ever what it was in the file.
CODE = 0x8000
OVER = "host| the attacks are over"


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read().replace("\r", "")


def wait_for_end(log, pid):
    """Wait until the attacks are over, or the machine is off. The log."""
    while True:
        text = read_text(log)
        if OVER in text or not os.path.exists(f"/proc/{pid}"):
            return text
        time.sleep(0.2)


def open_ram(pid):
    """The file that is the machine's RAM."""
    folder = f"/proc/{pid}/fd"
    for fd in os.listdir(folder):
        if "memory-backend-memfd" in os.readlink(f"{folder}/{fd}"):
            return open(f"{folder}/{fd}", "rb")
    raise OSError("QEMU has no memfd")


def read_ram(ram, address, size):
    ram.seek(address - RAM_BASE)
    return ram.read(size)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pid", required=True, help="file with QEMU's process id")
    parser.add_argument("--image", required=True, help="the core's image, as it was built")
    parser.add_argument("--out", required=True)
    parser.add_argument("log")
    args = parser.parse_args()
    with open(args.image, "rb") as f:
        image = f.read()
    while not os.path.exists(args.pid) or not read_text(args.pid).strip():
        time.sleep(0.2)
    pid = int(read_text(args.pid))
    text = wait_for_end(args.log, pid)
    if OVER not in text:
        return 1
    ranges = [(int(m[1], 16) * FRAME, int(m[2], 16) * FRAME)
              for m in re.finditer(r"^CORE\|(\w+)\|(\w+)$", text, re.M)]
    lines = []
    with open_ram(pid) as ram:
        for m in re.finditer(r"^EXPECT\|unchanged\|(\w+)$", text, re.M):
            address = int(m[1], 16)
            page = read_ram(ram, address, FRAME)
            same = EVIL not in page
            at = address - ranges[0][0]
            if 0 <= at < CODE:
                same = page == image[at:at + FRAME]
            lines.append(f"FRAME|{m[1]}|{'unchanged' if same else 'changed'}")
        for first, size in ranges:
            hits = read_ram(ram, first, size).count(MANY)
            lines.append(f"CORE|{size // FRAME}|{hits}")
    with open(args.out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
