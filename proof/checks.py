#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Take every check out of the primitives, one at a time, and see that a proof breaks.

A check is an `if` in the files below that refuses: that returns an error, or false. Of a condition
with several alternatives (||) each is one. proof/checks lists those that no goal speaks of, and why
nothing is wrong with that; exit code 1 if another one breaks no proof, or one of these does. Run
`make prove` first, as for mutants.py, whose options these are.
"""

import difflib
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mutants  # noqa: E402
import prove  # noqa: E402

FILES = [f"core/{name}.c" for name in ("vm", "vcpu", "page", "mem", "dma", "boot", "save", "rollback", "run")]
REFUSAL = re.compile(r"^\t+if \(((?:[^;{}]|\n)*?)\)\n\t+return (?:CV_E\w+|false|error);\n", re.M)


def alternatives(condition):
    """Where the alternatives of a condition begin and end."""
    cuts, depth = [0], 0
    for at, char in enumerate(condition):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0 and condition.startswith("||", at):
            cuts.append(at)
    return list(zip(cuts, cuts[1:] + [len(condition)]))


def faulty_texts(text):
    """(what is taken out, the text without it), for each check."""
    for match in REFUSAL.finditer(text):
        condition, start = match.group(1), match.start(1)
        parts = alternatives(condition)
        if len(parts) == 1:
            yield condition, text[:match.start()] + text[match.end():]
            continue
        for number, (begin, end) in enumerate(parts):
            end += 0 if number else len(re.match(r"\|\|\s*", condition[end:]).group(0))
            yield condition[begin:end], text[:start + begin] + text[start + end:]


def checks(out):
    """Every check, by its function and text, with a patch that takes it out."""
    os.makedirs(out, exist_ok=True)
    found = {}
    for file in FILES:
        with open(os.path.join(prove.ROOT, file), encoding="utf-8") as f:
            text = f.read()
        places = mutants.functions_of(os.path.join(prove.ROOT, file))
        for removed, without in faulty_texts(text):
            diff = list(difflib.unified_diff(text.splitlines(True), without.splitlines(True), f"a/{file}", f"b/{file}", n=2))
            line = next(n for n, (a, b) in enumerate(zip(text.splitlines(), without.splitlines()), 1) if a != b)
            function = next(name for name, start, end in places if start <= line <= end)
            what = re.sub(r"\s+", " ", removed).strip("| ")
            name = f"{function}:{what}"
            path = os.path.abspath(os.path.join(out, f"{len(found)}.patch"))
            with open(path, "w", encoding="utf-8") as f:
                f.writelines(diff)
            found[name] = path
    return found


def read_known():
    """proof/checks: what no goal speaks of -> the reason."""
    known = {}
    with open(os.path.join(prove.ROOT, "proof/checks"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, _, reason = line.strip().partition("  ")
                known[name] = reason.strip()
    return known


def main():
    parser = mutants.options(__doc__)
    parser.add_argument("--list", action="store_true", help="only say what would be taken out")
    args = parser.parse_args()
    os.chdir(prove.ROOT)
    found = checks(os.path.join(args.build, "proof", "checks"))
    gone = [name for name in read_known() if name not in found]
    if args.list or gone:
        print("\n".join([*found, *(f"FAIL: proof/checks: there is no check {name}" for name in gone)]))
        return 1 if gone else 0
    return run({n: p for n, p in found.items() if not args.names or any(a in n for a in args.names)}, mutants.prepare(args), args)


def run(found, out, args):
    targets = [prove.Target(fields) for fields in prove.rows("proof/functions")]
    known, start, wrong, broken = read_known(), time.time(), [], 0

    def one(item):
        name, patch = item
        return name, *mutants.try_patch(f"check-{os.path.basename(patch)[:-6]}", patch, targets, out, args)

    for name, verdict, detail in mutants.in_parallel(one, found.items(), args.jobs):
        good = verdict == ("run" if name in known else "proof")
        broken += verdict == "proof"
        wrong += [] if good else [name]
        print(f"{'ok  ' if good else 'FAIL'} {name}: {'breaks ' + detail if verdict == 'proof' else known.get(name, detail)}",
              flush=True)
    print(f"{len(found)} checks taken out: {broken} break a proof, {len(wrong)} unexpected, {time.time() - start:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
