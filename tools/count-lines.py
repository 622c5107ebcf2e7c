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


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def print_parts(parts, lines):
    """How many lines each NAME=PATTERN... has, and the rest; a file is in the first that fits."""
    left = dict(lines)
    for name, _, patterns in (part.partition("=") for part in parts):
        found = [path for path in left if matches(path, patterns.split())]
        if not found:
            sys.exit(f"count-lines: no file is in '{name}'")
        print(f"{sum(left.pop(path) for path in found):6}  {name}")
    print(f"{sum(left.values()):6}  the rest")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="+")
    parser.add_argument("--apart", action="append", default=[], metavar="PATTERN",
                        help="files counted, but not in the total: those of a debug build")
    parser.add_argument("--part", action="append", default=[], metavar="NAME=PATTERN...",
                        help="how many of the lines are in these files, and how many in no part")
    args = parser.parse_args()
    counted = {}
    for folder in args.folder:
        folder = folder.rstrip("/")
        part = 0
        for path in csource.files(*(f"{folder}/*.{ext}" for ext in "chS")):
            lines = count(path)
            if matches(path, args.apart):
                print(f"({lines:4})  {path}")
                continue
            part += lines
            counted[path] = lines
            print(f"{lines:6}  {path}")
        print(f"{part:6}  {folder}/")
    print(f"{sum(counted.values()):6}  total")
    if args.part:
        print_parts(args.part, counted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
