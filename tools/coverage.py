#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Branch coverage of core/ by the unit tests, the simulator's scripts and its fuzzer.

Builds the coverage variant (gcc --coverage), runs everything, reads gcov. Prints a line a
file, then every branch that was never taken, with its source line. --goal N: fail below N %.
"""

import argparse
import glob
import gzip
import json
import os
import subprocess
import sys
import tempfile

import csource


def run(command, limit=None):
    try:
        return subprocess.run(command, cwd=csource.ROOT, timeout=limit, check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    except subprocess.TimeoutExpired:
        return None


def has_fuzz(cvsim):
    out = subprocess.run([cvsim, "--help"], cwd=csource.ROOT, capture_output=True, text=True,
                         check=False)
    return "fuzz" in out.stdout + out.stderr


def exercise(build, ops):
    for path in glob.glob(os.path.join(csource.ROOT, build, "obj/cov/**/*.gcda"), recursive=True):
        os.unlink(path)
    failed = []
    if run([f"{build}/cov/unit"]) != 0:
        failed.append("unit")
    cvsim = f"{build}/cov/cvsim"
    for script in sorted(glob.glob("test/scripts/*.cvs", root_dir=csource.ROOT)):
        if run([cvsim, "run", script], 120) != 0:
            failed.append(script)
    if ops and has_fuzz(cvsim):
        for cpus in ("1", "4"):
            if run([cvsim, "fuzz", "--ops", str(ops), "--cpus", cpus, "--seed", "1"]) != 0:
                failed.append(f"fuzz --cpus {cpus}")
    for name in failed:
        print(f"coverage: {name} failed; what it covered still counts", file=sys.stderr)


def read_branches(build):
    """{file: {line: [count, ...]}} of core/*.c."""
    lines = {}
    objects = sorted(glob.glob(os.path.join(csource.ROOT, build, "obj/cov/core/*.gcda")))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcov", "--branch-probabilities", "--json-format", "--object-directory",
                        os.path.dirname(objects[0]), *objects], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in glob.glob(os.path.join(folder, "*.json.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as f:
                data = json.load(f)
            for entry in data["files"]:
                name = os.path.normpath(entry["file"])
                if not name.startswith("core/"):
                    continue
                for line in entry["lines"]:
                    counts = [b["count"] for b in line["branches"] if not b["throw"]]
                    known = lines.setdefault(name, {}).setdefault(line["line_number"], counts)
                    if known is not counts and len(known) == len(counts):
                        known[:] = [a + b for a, b in zip(known, counts)]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="build directory")
    parser.add_argument("--ops", type=int, default=1000000, help="operations to fuzz; 0: none")
    parser.add_argument("--goal", type=float, default=0, help="percent of the branches")
    args = parser.parse_args()
    subprocess.run(["make", f"B={args.build}", f"{args.build}/cov/unit",
                    f"{args.build}/cov/cvsim"], cwd=csource.ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    exercise(args.build, args.ops)
    lines = read_branches(args.build)
    taken = total = 0
    missed = []
    for name in sorted(lines):
        text = csource.read(name).split("\n")
        branches = [(n, i, c) for n, counts in sorted(lines[name].items())
                    for i, c in enumerate(counts)]
        hit = sum(1 for b in branches if b[2])
        taken, total = taken + hit, total + len(branches)
        if branches:
            print(f"{100 * hit / len(branches):6.1f} %  {hit:4}/{len(branches):<4}  {name}")
        missed += [f"{name}:{n}: branch {i + 1}: {text[n - 1].strip()}"
                   for n, i, c in branches if not c]
    print(f"{100 * taken / total:6.1f} %  {taken:4}/{total:<4}  core/")
    print("\n".join(["never taken:"] + missed) if missed else "every branch was taken")
    return 0 if 100 * taken / total >= args.goal else 1


if __name__ == "__main__":
    sys.exit(main())
