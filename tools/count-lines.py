#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Lines of code, comments and blank lines left out, of the C and assembly in some folders."""

import argparse
import fnmatch
import sys

import csource


def count(path):
    text = csource.without_comments(csource.read(path))
    return sum(1 for line in text.split("\n") if line.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="+")
    parser.add_argument("--apart", action="append", default=[], metavar="PATTERN",
                        help="files counted, but not in the total: those of a debug build")
    args = parser.parse_args()
    total = 0
    for folder in args.folder:
        folder = folder.rstrip("/")
        part = 0
        for path in csource.files(*(f"{folder}/*.{ext}" for ext in "chS")):
            lines = count(path)
            if any(fnmatch.fnmatch(path, pattern) for pattern in args.apart):
                print(f"({lines:4})  {path}")
                continue
            part += lines
            print(f"{lines:6}  {path}")
        print(f"{part:6}  {folder}/")
        total += part
    print(f"{total:6}  total")
    return 0


if __name__ == "__main__":
    sys.exit(main())
