#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Lines of code, comments and blank lines left out, of the C and assembly in some folders."""

import argparse
import sys

import csource


def count(path):
    text = csource.without_comments(csource.read(path))
    return sum(1 for line in text.split("\n") if line.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="+")
    args = parser.parse_args()
    total = 0
    for folder in args.folder:
        folder = folder.rstrip("/")
        part = 0
        for path in csource.files(*(f"{folder}/*.{ext}" for ext in "chS")):
            lines = count(path)
            part += lines
            print(f"{lines:6}  {path}")
        print(f"{part:6}  {folder}/")
        total += part
    print(f"{total:6}  total")
    return 0


if __name__ == "__main__":
    sys.exit(main())
