#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Show that faults of core/ break a proof: each patch of test/faults and proof/mutants, in turn.

A patch is applied to a copy of core/; the functions that it changes and that proof/functions has
are proved again, with the same contracts. The fault is found when a goal fails: its name is the
result. What a patch is expected to do is said in proof/mutants/expected:

  proof      a goal fails
  open       it changes a function that is not proved yet
  run        no contract speaks of it: the simulator or the unit tests find it (make faults)

What else can come of it is an error: limit, no answer; control, it fails without the fault too;
broken, the patch does not apply, or what it makes is not C.

Exit code 1 if one does otherwise. A control proves the same functions without the fault, so that a
goal that only takes too long is not taken for one that the fault breaks; run `make prove` first, so
that the cache knows them.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prove  # noqa: E402

ROOT = prove.ROOT
# Without the fault nearly all goals are proved in a second: there is no need to wait as long as make prove.
TRIES = [(3, prove.TRIES[0][1]), (6, prove.TRIES[1][1]), prove.TRIES[2]]


def expected():
    return {name: what for name, what in prove.rows("proof/mutants/expected")}


def patches():
    found = {}
    for folder in ("proof/mutants", "test/faults"):
        for name in sorted(os.listdir(os.path.join(ROOT, folder))):
            if name.endswith(".patch"):
                found[name[:-6]] = os.path.join(ROOT, folder, name)
    return found


def functions_of(path):
    """Functions defined in a file, with the lines of their bodies."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    out, name, start = [], None, 0
    for number, line in enumerate(lines, 1):
        if line == "{" and name is None:
            header = " ".join(lines[max(0, number - 4):number - 1])
            match = re.findall(r"(\w+)\(", header)
            heads = [m for m in match if re.search(rf"(?:^|[ *]){m}\([^;]*\)\s*$", header)]
            name, start = (heads[-1] if heads else None), number
        elif line == "}" and name:
            out.append((name, start, number))
            name = None
    return out


def changed(tree, patch):
    """The functions that a patch changes: file -> names; by comparing texts body by body."""
    with open(patch, encoding="utf-8") as f:
        files = re.findall(r"^\+\+\+ b/(\S+)", f.read(), re.M)
    touched = {}
    for file in files:
        bodies = []
        for base in (ROOT, tree):
            path = os.path.join(base, file)
            with open(path, encoding="utf-8") as f:
                lines = f.read().splitlines()
            bodies.append({n: lines[a - 1:b] for n, a, b in functions_of(path)})
        names = [n for n in bodies[0] if bodies[1].get(n) != bodies[0][n]]
        if not names:
            # A macro or a constant: whatever uses it.
            with open(patch, encoding="utf-8") as f:
                macros = re.findall(r"^-#define (\w+)", f.read(), re.M)
            names = [n for n, body in bodies[0].items() if any(m in "\n".join(body) for m in macros)]
        touched[file] = names
    return touched


# The process groups of Frama-C and its provers.
RUNNING = set()


def stop_run(pid):
    try:
        os.killpg(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it has just ended


def in_parallel(work, items, jobs):
    """What work(item) returns, in the order of the items; Ctrl-C ends all."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            yield from pool.map(work, items)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for pid in list(RUNNING):
                stop_run(pid)
            sys.exit("interrupted")


def run_wp(target, options, out, args, attempt, log, stop):
    """Returns the goals that fail, by function, or the first if it is to stop there; and whether there was an answer."""
    command = prove.wp_command(target.file, [*target.options, *options], args, attempt)
    failures, ended = {}, False
    with open(log, "w", encoding="utf-8") as f, \
            subprocess.Popen(command, cwd=args.tree, env=prove.wp_environment(out), stdin=subprocess.DEVNULL,
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True) as run:
        RUNNING.add(run.pid)
        timer = threading.Timer(args.limit, stop_run, [run.pid])
        timer.start()
        for line in run.stdout:
            f.write(line)
            match = prove.GOAL.search(line)
            if match and not match.group(3):
                failures.setdefault(prove.owner(match.group(2), target.functions), []).append(match.group(2))
            if "User Error" in line:
                failures.setdefault("", []).append(f"not C any more: {line.strip()}")
            ended = ended or "Proved goals" in line
            if failures and stop:
                stop_run(run.pid)
                break
        timer.cancel()
        RUNNING.discard(run.pid)
    return failures, ended or bool(failures and stop)


def failures_of(target, options, tree, out, args, name, attempt, stop=True):
    """run_wp() on a tree."""
    args = argparse.Namespace(**{**vars(args), "tree": tree})
    prove.forget_failures(args)
    return run_wp(target, options, out, args, attempt, os.path.join(out, "mutants", f"{name}{'+' * attempt}.log"), stop)


def broken_goal(target, functions, tree, out, args, name):
    """(verdict, detail) for functions of a faulty tree: (None, None) if all is proved."""
    failures = {}
    # The first goal that fails decides, but if it fails without the fault too, or only takes longer.
    for stop in (True, False):
        tried = failures
        failures, ended = failures_of(target, ["-wp-fct", ",".join(functions)], tree, out, args, name, 0, stop)
        if not ended:
            return "limit", f"no answer in {args.limit} s"
        if not failures:
            return None, None
        for function, goals in failures.items():
            if not function:
                return "broken", goals[0]
            if goals == tried.get(function):
                continue
            verdict, detail = broken_clause(target, prove.only(function, goals), tree, out, args, name)
            if verdict:
                return verdict, detail
    return None, None


def broken_clause(target, options, tree, out, args, name):
    """
    The same for some clauses of a function that failed at the first try. With the fault and without it, they
    have the same tries, until one of both is proved.
    """
    for attempt in range(1, len(TRIES)):
        failures, ended = failures_of(target, options, tree, out, args, name, attempt, False)
        if ended and not failures:
            return None, None
        control, without = failures_of(target, options, ROOT, out, args, f"{name}.control", attempt, False)
        slow = {prove.clause_of(g) for goals in control.values() for g in goals}
        broken = [g for goals in failures.values() for g in goals if prove.clause_of(g) not in slow]
        if without and broken:
            return "proof", broken[0]
        if not ended:
            return "limit", f"no answer in {args.limit} s"
    return "control", f"without the fault: {', '.join(slow) or 'no answer'}"


def faulty_tree(name, patch, out):
    """A copy of the core with the fault; and why there is none."""
    tree = os.path.join(out, "mutants", name)
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("core", "include"):
        shutil.copytree(os.path.join(ROOT, folder), os.path.join(tree, folder))
    done = subprocess.run(["patch", "-s", "-F1", "-p1", "--no-backup-if-mismatch", "-d", tree, "-i", patch],
                          capture_output=True, text=True, check=False)
    return tree, f"does not apply: {done.stdout.strip()[:60]}" if done.returncode != 0 else None


def try_patch(name, patch, targets, out, args):
    """(verdict, detail) of one fault."""
    tree, error = faulty_tree(name, patch, out)
    if error:
        return "broken", error
    work = []
    for file, names in changed(tree, patch).items():
        for target in targets:
            if target.file == file:
                work.append((target, [n for n in names if n in target.functions]))
    work = [(t, names) for t, names in work if names]
    if not work:
        return "open", "the function is not proved yet"
    for target, names in work:
        verdict, detail = broken_goal(target, names, tree, out, args, name)
        if verdict:
            break
    shutil.rmtree(tree)
    if verdict:
        return verdict, detail
    return "run", f"all goals of {', '.join(n for _, names in work for n in names)} are proved"


def options(description):
    """What this tool and checks.py can be told."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only faults whose name contains one of these")
    parser.add_argument("--build", default="build", help="build directory (default: build)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="faults at a time")
    parser.add_argument("--limit", type=int, default=600, help="seconds a fault")
    return parser


def main():
    parser = options(__doc__)
    parser.add_argument("--check", action="store_true", help="prove nothing: does each fault apply, and is it known what is expected?")
    args = parser.parse_args()
    os.chdir(ROOT)
    if args.check:
        sys.exit(check(os.path.abspath(os.path.join(args.build, "proof"))))
    sys.exit(run(args, prepare(args)))


def prepare(args):
    """Set up the provers. Returns the folder of what comes out."""
    out = os.path.abspath(os.path.join(args.build, "proof"))
    args.cache, args.fresh, args.smoke, args.tries = os.path.join(out, "cache"), False, False, TRIES
    os.makedirs(args.cache, exist_ok=True)
    os.makedirs(os.path.join(out, "mutants"), exist_ok=True)
    prove.setup_provers(out)
    return out


def check(out):
    """Does each fault apply to the core as it is, and is it known what is expected of it?"""
    want, found = expected(), patches()
    wrong = [f"{n}: in proof/mutants/expected, but there is no such patch" for n in want if n not in found]
    wrong += [f"{n}: not in proof/mutants/expected" for n in found if n not in want]
    for name, patch in found.items():
        tree, error = faulty_tree(name, patch, out)
        shutil.rmtree(tree)
        wrong += [f"{name}: {error}"] if error else []
    print("\n".join([f"FAIL: {w}" for w in wrong] + [f"{len(found)} faults looked at, {len(wrong)} wrong"]))
    return 1 if wrong else 0


def run(args, out):
    targets = [prove.Target(fields) for fields in prove.rows("proof/functions")]
    want, start = expected(), time.time()
    names = {n: p for n, p in patches().items() if not args.names or any(a in n for a in args.names)}
    wrong = [n for n in want if n not in patches()]
    for name in wrong:
        print(f"FAIL {name}: in proof/mutants/expected, but there is no such patch")
    counts, table = {}, []

    def one(item):
        verdict, detail = try_patch(*item, targets, out, args)
        good = verdict == want.get(item[0])
        line = f"{'ok  ' if good else 'FAIL'} {item[0]:<26} {verdict:<6} {detail}"
        if not good:
            line += f" (expected: {want.get(item[0], 'nothing said')})"
        print(line, flush=True)
        return item[0], verdict, good, line

    for name, verdict, good, line in in_parallel(one, names.items(), args.jobs):
        counts[verdict] = counts.get(verdict, 0) + 1
        table.append(line)
        if not good:
            wrong.append(name)
    summary = f"{len(names)} faults: " + ", ".join(f"{n} {v}" for v, n in sorted(counts.items()))
    print(f"{summary}; {len(wrong)} unexpected, {time.time() - start:.0f} s")
    with open(os.path.join(out, "mutants.txt"), "w", encoding="utf-8") as f:
        f.write("\n".join(table + [summary]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    main()
