#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prove the C of core/ with Frama-C WP and CBMC, and say what the proof rests on.

Reads proof/functions (what is proved), proof/lemmas (the seed's lemmas and the function of each) and
proof/assumptions (what is assumed, and why). Prints one line a lemma, then the pages of trust.
Writes report.txt, report.json and the logs to BUILD/proof/.

Exit code 1 if a goal is not proved; a lemma has no proof; there are fewer goals than proof/functions
pins; something is assumed that proof/assumptions does not list, or the reverse; WP assumes something
about memory; a CBMC check fails; or what Frama-C read is not what the compiler reads.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Goals a run of Frama-C gets at most, so that two CPUs are busy to the end.
UNIT_GOALS = 150
# Two simplifications of WP that take most of its time (a function with many branches: 80 s or 13 s)
# and seldom help a prover.
QUICK = ["-wp-no-ground", "-wp-no-pruning"]
# The tries a goal has: seconds a prover, options of WP. The first is for all of a function, the others
# for the clauses with a goal that failed. z3 is asked first: what it proves, it nearly always proves
# within the steps of the first try (half a second), and cvc4 has the rest. What a line of
# proof/functions says after a + comes with the second try: goals that are split are many more, and
# seldom needed.
TRIES = [(10, [*QUICK, "-wp-steps", "1500000"]), (20, [*QUICK, "-wp-steps", "6000000"]), (120, [])]
# Instead of goals: is there a precondition, a loop invariant or a call after which all could be proved,
# or code that cannot be reached?
SMOKE = ["-wp-smoke-tests", "-wp-smoke-timeout", "2", "-wp-steps", "500000", "-wp-prop=" + ",".join(
    f"-@{kind}" for kind in ("requires", "ensures", "assigns", "assert", "invariant", "variant", "exits", "terminates", "lemma"))]
# z3 fills 17 MB of tables whenever it starts, which is most of its time for a goal; huge pages halve it.
# OCaml collects less often when it may use more memory: a twentieth of Frama-C's time.
PROVER_ENV = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=67108864",
              "OCAMLRUNPARAM": "s=4M,o=300"}
# How the core is compiled, unless --compile says it.
COMPILE = "gcc -std=c11 -Iinclude -I. -ffreestanding"
# Our stand-ins for the headers of the compiler.
LIBC = "arch/arm64/libc"


def fail(message):
    sys.exit(f"prove: {message}")


def rows(path):
    """The lines of a table, split; # begins a comment."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        for line in f:
            line = line.split("#")[0].strip()
            if line:
                yield line.split()


class Target:
    """A line of proof/functions."""

    def __init__(self, fields):
        self.file, functions, goals = fields[:3]
        self.functions = functions.split(",")
        self.pinned = int(goals)
        self.options = fields[3:]


class Result:
    """What became of a function, or of the lemmas of a file (function '')."""

    def __init__(self):
        self.proved = self.total = 0
        self.seconds = 0.0
        self.failed = []
        self.seen = set()

    def add(self, goal, valid, spent):
        self.total += 1
        self.seen.add(clause_of(goal))
        if valid:
            self.proved += 1
            self.seconds += spent
        else:
            self.failed.append(goal)

    def __add__(self, other):
        both = Result()
        both.proved, both.total = self.proved + other.proved, self.total + other.total
        both.seconds, both.failed, both.seen = self.seconds + other.seconds, self.failed + other.failed, self.seen | other.seen
        return both

    def retry(self, later):
        """What a later try of some clauses found: a goal that failed is proved if all parts of it are now."""
        still = {clause_of(g) for g in later.failed}
        self.failed = [g for g in self.failed if clause_of(g) not in later.seen or clause_of(g) in still]
        self.proved = self.total - len(self.failed)
        self.seconds += later.seconds


def wp_command(file, options, args, attempt=0):
    """Frama-C's arguments to prove a file of args.tree."""
    timeout, more = args.tries[attempt]
    options = [o.removeprefix("+") for o in options if attempt > 0 or not o.startswith("+")]
    return ["frama-c", "-machdep", "gcc_x86_64", f"-cpp-extra-args=-I{args.tree} -I{args.tree}/include",
            os.path.join(args.tree, file), "-wp", "-wp-rte",
            *([] if "-wp-model" in options else ["-wp-model", "Typed+ref"]),
            "-wp-prover", "z3" if args.smoke else "z3,cvc4", "-wp-par", "1", "-wp-timeout", str(timeout),
            "-wp-cache", "rebuild" if args.fresh and attempt == 0 else "update", "-wp-cache-dir", args.cache,
            *more, *options]


def forget_failures(args):
    """
    WP keeps for good that a prover crashed, which a time-out under load can look like, or gave up, if
    only after the steps of a first try: ask again.
    """
    for name in os.listdir(args.cache):
        path = os.path.join(args.cache, name)
        try:
            with open(path, encoding="utf-8") as f:
                gave_up = re.search('"(failed|unknown)"', f.read())
            if gave_up:
                os.remove(path)
        except FileNotFoundError:
            pass  # somebody else did


def wp_environment(out):
    return dict(os.environ, WHY3CONFIG=os.path.join(out, "why3.conf"), **PROVER_ENV)


def frama_c(file, out, options, log, args, attempt):
    """Run WP on a file. Returns the lines of its log."""
    command = wp_command(file, options, args, attempt)
    with open(log, "w", encoding="utf-8") as f:
        f.write(" ".join(shlex.quote(c) for c in command) + "\n")
        f.flush()
        code = subprocess.run(command, cwd=args.tree, env=wp_environment(out), stdin=subprocess.DEVNULL, stdout=f,
                              stderr=subprocess.STDOUT, check=False).returncode
    with open(log, encoding="utf-8") as f:
        lines = f.read().splitlines()
    if code != 0:
        lines.append(f"[prove] frama-c exits with {code}")
    return lines


GOAL = re.compile(r"\[wp\] \[([^\]]*)\] Goal typed_(?:ref_)?(\S+)( : Valid)?")


def clause_of(goal):
    """A goal's clause: without the number of its path, or of its part."""
    return re.sub(r"(_part\d+)+$", "", goal)


def only(function, failed):
    """WP's options to prove a function again: the clauses that failed, if WP can be told which those are."""
    names = set()
    for goal in failed:
        match = re.match(rf"{function}_(?:call_\w+_)?(ensures|assert|requires|loop_invariant)(?:_([a-z]\w*?))?"
                         r"(_\d+)?(?:_preserved|_established)?$", clause_of(goal))
        if not match:
            return ["-wp-fct", function]
        kind, name, number = match.groups(default="")
        if not name:
            names.add("@" + kind.removeprefix("loop_"))
        else:
            names |= {"rte"} if name.startswith("rte_") else {name, name + number}
    return ["-wp-fct", function, "-wp-prop", ",".join(sorted(names))]


def seconds(text):
    total = 0.0
    for number, unit in re.findall(r"([0-9.]+)(ms|s)\b", text):
        total += float(number) / (1000 if unit == "ms" else 1)
    return total


def owner(goal, functions):
    """The function that a goal is of: the longest name that it begins with."""
    found = [f for f in functions if goal == f or goal.startswith(f + "_")]
    return max(found, key=len, default=None)


def read_log(lines, functions):
    """Results by function; and what is wrong with the run as a whole."""
    results = {f: Result() for f in functions}
    wrong = []
    summary = None
    for line in lines:
        match = GOAL.search(line)
        if match:
            name = owner(match.group(2), functions)
            if name is None:
                wrong.append(f"a goal of no function: {match.group(2)}")
                continue
            results[name].add(match.group(2), match.group(3), seconds(line.partition(" : Valid")[2]))
        elif "Memory model hypotheses" in line:
            wrong.append("WP assumes something about memory")
        elif line.startswith("[prove]") or "User Error" in line:
            wrong.append(line.strip())
        match = re.search(r"Proved goals: *(\d+) */ *(\d+)", line)
        if match:
            summary = (int(match.group(1)), int(match.group(2)))
    return results, wrong, summary


class Unit:
    """A run of Frama-C: some functions of a target (none: the lemmas of its file), and what of them."""

    def __init__(self, target, functions, name, options):
        self.target, self.functions, self.options = target, functions, options
        self.log = f"{target.file.replace('/', '-')[:-2]}.{target.functions[0]}.{name}"


def units(targets):
    """The first tries of all; the big ones first."""
    pieces = []
    for target in targets:
        parts = max(1, min(len(target.functions), round(target.pinned / UNIT_GOALS)))
        for part in range(parts):
            functions = target.functions[part::parts]
            pieces.append((target.pinned / parts, Unit(target, functions, part, ["-wp-fct", ",".join(functions)])))
    pieces += [(0, lemmas_of(t)) for t in {t.file: t for t in reversed(targets)}.values()]
    return [unit for _, unit in sorted(pieces, key=lambda p: -p[0])]


def lemmas_of(target):
    return Unit(target, [], "lemmas", ["-wp-prop=@lemma"])


class Progress:
    def __init__(self, total):
        self.total, self.done, self.lock = total, 0, threading.Lock()
        self.start = time.time()

    def step(self, text):
        with self.lock:
            self.done += 1
            print(f"prove: {self.done}/{self.total} {text} ({time.time() - self.start:.0f} s)",
                  file=sys.stderr, flush=True)


def prove_unit(unit, out, args, progress, attempt):
    """Returns the results by function, and what is wrong."""
    file, functions = unit.target.file, unit.functions
    log = os.path.join(out, f"{unit.log}{'+' * attempt}.log")
    lines = frama_c(file, out, [*unit.target.options, *unit.options], log, args, attempt)
    if functions:
        results, wrong, summary = read_log(lines, functions)
        if summary is None:
            wrong.append("Frama-C came to no end")
        if attempt == 0:
            wrong += [f"no goal for {f}" for f in functions if results[f].total == 0]
    else:
        goals = [m.group(2) for m in map(GOAL.search, lines) if m]
        found, wrong, _ = read_log(lines, goals)
        results = {"": sum(found.values(), Result())}
    goals = sum(r.total for r in results.values())
    proved = sum(r.proved for r in results.values())
    what = f"{','.join(functions) or 'lemmas'}{', again' if attempt else ''}"
    progress.step(f"{file} {what[:70]}: {proved} of {goals}")
    return results, [f"{file}: {w} (see {log})" for w in sorted(set(wrong))]


def smoke_unit(unit, out, args, progress):
    """Look for contradictions. Returns how many places were looked at, and those found."""
    log = os.path.join(out, f"{unit.log}.smoke.log")
    lines = frama_c(unit.target.file, out, [*unit.target.options, *unit.options, *SMOKE], log, args, 0)
    tests = [line for line in lines if "Smoke-test" in line]
    found = [line.split("Smoke-test", 1)[1].strip() for line in tests if "[Passed]" not in line]
    if not any("Proved goals" in line or "No goal generated" in line for line in lines):
        found.append("Frama-C came to no end")
    progress.step(f"{unit.target.file} {','.join(unit.functions)[:70]}: {len(tests)} places")
    return len(tests), [f"{unit.target.file}: {what} (see {log})" for what in found]


def smoke_all(targets, out, args):
    start, work = time.time(), [u for u in units(targets) if u.functions]
    progress = Progress(len(work))
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        try:
            done = list(pool.map(lambda unit: smoke_unit(unit, out, args, progress), work))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            fail("interrupted")
    found = [what for _, bad in done for what in bad]
    print("\n".join([f"FAIL: {what}" for what in found] +
                    [f"{'FAILED' if found else 'ok'}: {len(found)} contradictions at {sum(n for n, _ in done)} places, "
                     f"{time.time() - start:.0f} s"]))
    return 1 if found else 0


# ------------------------------------------------------------------- the text

def strip(text):
    """The tokens of preprocessed C that come from our tree: no comments, no markers."""
    inside, kept = True, []
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    for line in text.splitlines():
        marker = re.match(r'#\s*(?:line\s+)?\d+ "([^"]*)"', line)
        if marker:
            name = marker.group(1)
            path = os.path.normpath(os.path.join(ROOT, name))
            inside = path.startswith(ROOT + os.sep) and not name.startswith("<") and \
                not path.startswith(os.path.join(ROOT, LIBC))
        elif inside and not line.startswith("#"):
            kept.append(re.sub(r"//.*", "", line))
    return re.findall(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\w+|[^\w\s]', "\n".join(kept))


def digest(tokens):
    return hashlib.sha256(" ".join(tokens).encode()).hexdigest()


def preprocess(argv):
    run = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        fail(f"{' '.join(argv)}: {run.stderr.strip()}")
    return strip(run.stdout)


def check_text(file, out, compilers):
    """Does Frama-C read what the compilers read? Returns the hash, and what is wrong."""
    told = subprocess.run(["frama-c", "-print-cpp-commands", "-machdep", "gcc_x86_64",
                           f"-cpp-extra-args=-I{ROOT} -I{ROOT}/include", os.path.join(ROOT, file)],
                          cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    command = re.search(r"^\s*(gcc .*) -o '", told.stdout + told.stderr, re.M)
    if not command:
        return "", [f"{file}: Frama-C does not say how it preprocesses"]
    proved = preprocess(shlex.split(command.group(1)))
    for number, compiler in enumerate(compilers):
        argv = [a for a in shlex.split(compiler) if not a.startswith("-M")] + ["-E", file]
        compiled = preprocess(argv)
        if proved == compiled:
            continue
        base = os.path.join(out, os.path.basename(file))
        for name, tokens in (("proved", proved), (f"compiled-{number}", compiled)):
            with open(f"{base}.{name}", "w", encoding="utf-8") as f:
                f.write("\n".join(tokens) + "\n")
        return "", [f"{file}: what is proved is not what is compiled (diff {base}.*)"]
    return digest(proved), []


# ------------------------------------------------------------------- what is assumed

COMMENT = r"(?:\s*/\*(?!@)(?:(?!\*/).)*\*/)*"
CONTRACT = re.compile(r"/\*@((?:(?!\*/).)*)\*/" + COMMENT + r"\s*((?:static |inline )*[\w ]+?[\s*]+(\w+)\([^;{]*?\)\s*[;{])",
                      re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def scan(targets):
    """Every contract of core/ that no proof backs, and every axiom, by name with its place."""
    proved = {f for t in targets for f in t.functions}
    contracts, axioms, places = {}, {}, {}
    paths = [f"core/{name}" for name in sorted(os.listdir(os.path.join(ROOT, "core")))]
    for path in paths + sorted({t.file for t in targets if t.file.startswith("proof/")}):
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            text = f.read()
        for match in CONTRACT.finditer(text):
            function = match.group(3)
            if not re.search(r"(\bensures\b|\bassigns\b|_ENSURES)", match.group(1)):
                continue
            if function not in proved:
                contracts.setdefault(function, f"{path}:{line_of(text, match.start(3))}")
        for match in re.finditer(r"\baxiom (\w+)", text):
            axioms[match.group(1)] = f"{path}:{line_of(text, match.start())}"
        if path.endswith(".c"):
            for match in re.finditer(r"^(?:static )?[\w ]+[ *](\w+)\([^;{]*\)\n\{", text, re.M):
                places[match.group(1)] = f"{path}:{line_of(text, match.start(1))}"
    return contracts, axioms, places


def read_assumptions():
    """proof/assumptions: paragraphs `KIND: REASON` and, indented, the names."""
    known, kind, reason = {}, None, None
    with open(os.path.join(ROOT, "proof/assumptions"), encoding="utf-8") as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            if not line[0].isspace():
                kind, _, reason = line.strip().partition(": ")
                continue
            for name in line.split():
                known[name] = (kind, reason)
    return known


def check_assumptions(targets):
    """The assumptions, each with its place and reason; and what is wrong."""
    contracts, axioms, places = scan(targets)
    known = read_assumptions()
    found, wrong, listed = {**contracts, **axioms}, [], []
    with open(os.path.join(ROOT, "proof/cbmc/descriptor.c"), encoding="utf-8") as f:
        asserted = set(re.findall(r'CHECK\("(\w+)"', f.read()))
    for name, place in sorted(found.items(), key=lambda x: x[1]):
        if name not in known:
            wrong.append(f"{place}: {name} is assumed, and proof/assumptions does not say why")
            continue
        kind, reason = known[name]
        if "proof/cbmc/descriptor.c" in reason and name not in asserted:
            wrong.append(f"{place}: axiom {name} has no assertion in proof/cbmc/descriptor.c")
        listed.append({"name": name, "kind": kind, "place": place, "reason": reason})
    for name in known:
        if name not in found:
            wrong.append(f"proof/assumptions: {name} is not assumed any more")
    return listed, places, wrong


# ------------------------------------------------------------------- CBMC

def run_cbmc(args):
    """The checks of proof/cbmc/run.sh, without its planted bugs: name -> (ok, seconds)."""
    run = subprocess.run(["proof/cbmc/run.sh", "^(descriptor|lock|ni-)"], cwd=ROOT, stdin=subprocess.DEVNULL,
                         env=dict(os.environ, BUILD=args.build, LIMIT="600"), capture_output=True, text=True,
                         check=False)
    checks = {}
    for line in run.stdout.splitlines():
        match = re.match(r"(ok|FAIL) (\S+) \(([0-9.]+)\)", line)
        if match:
            checks[match.group(2)] = (match.group(1) == "ok", float(match.group(3)))
    wrong = [f"CBMC: {n} fails (see {args.build}/proof/cbmc)" for n, (ok, _) in checks.items() if not ok]
    if run.returncode != 0 and not wrong:
        wrong = [f"CBMC: {(run.stderr or run.stdout).strip()[-300:]}"]
    return checks, wrong


# ------------------------------------------------------------------- the report

def lemma_rows(results, places, checks, all_targets):
    """One row a lemma of the seed: (lemma, function, place, proved, total, seconds, state)."""
    known = {(t.file, f) for t in all_targets for f in t.functions}
    out = []
    for lemma, by, function in rows("proof/lemmas"):
        if by == "cbmc":
            names = [n for n in checks if any(n.startswith(p) for p in function.split(","))]
            good = [n for n in names if checks[n][0]]
            state = "proved" if names and len(good) == len(names) else "not run" if not names else "FAILED"
            out.append((lemma, function, "proof/cbmc/run.sh", len(good), len(names),
                        sum(checks[n][1] for n in names), state))
            continue
        place = places.get(function, by)
        result = results.get((by, function))
        if (by, function) not in known:
            out.append((lemma, function, place, 0, 0, 0.0, "OPEN"))
        elif result is None:
            out.append((lemma, function, place, 0, 0, 0.0, "not run"))
        else:
            out.append((lemma, function, place, result.proved, result.total, result.seconds,
                        "proved" if result.proved == result.total else "FAILED"))
    return out


def wrap(text, width, indent):
    words, line, out = text.split(), "", []
    for word in words:
        if line and len(line) + len(word) + 1 > width:
            out.append(indent + line)
            line = ""
        line = f"{line} {word}".strip()
    return out + [indent + line]


def report(lemmas, results, assumptions, checks, texts):
    lines = [f"{'Seed lemma':<24} {'C function':<42} {'goals':>11} {'s':>7}  state", ""]
    for lemma, function, place, proved, total, spent, state in lemmas:
        where = f"{function} {place}"
        lines.append(f"{lemma:<24} {where:<42} {proved:>5}/{total:<5} {spent:>7.1f}  {state}")
    lines += ["", "By file, with the functions that are no lemma's", ""]
    files = {}
    for (file, _), r in results.items():
        entry = files.setdefault(file, [0, 0, 0.0])
        entry[0], entry[1], entry[2] = entry[0] + r.proved, entry[1] + r.total, entry[2] + r.seconds
    for file, (proved, total, spent) in sorted(files.items()):
        text = texts.get(file, "")[:16]
        lines.append(f"{file:<24} {proved:>6} of {total:<6} goals {spent:>8.1f} s   text {text}")
    if checks:
        good = sum(ok for ok, _ in checks.values())
        lines += ["", f"CBMC: {good} of {len(checks)} checks, "
                  f"{sum(s for _, s in checks.values()):.0f} s (proof/cbmc/run.sh)"]
    kinds = {}
    for a in assumptions:
        kinds[a["kind"]] = kinds.get(a["kind"], 0) + 1
    each = ", ".join(f"{n} {k}" for k, n in sorted(kinds.items()))
    lines += ["", f"What it rests on: {len(assumptions)} assumptions ({each})", ""]
    groups = {}
    for a in assumptions:
        groups.setdefault((a["kind"], a["reason"]), []).append(a)
    for (kind, reason), members in groups.items():
        lines += wrap(f"{kind} ({len(members)}): {reason}", 96, "")
        lines += wrap(", ".join(f"{m['name']} {m['place'].split('/')[-1]}" for m in members), 92, "    ")
    total = sum(r.total for r in results.values())
    proved = sum(r.proved for r in results.values())
    lines += ["", f"{proved} of {total} goals proved"]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="only these files, such as core/page.c (no lemma table then)")
    parser.add_argument("--build", default="build", help="build directory (default: build)")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1) + 1,
                        help="runs of Frama-C at a time (default: two a CPU, and one more: WP sleeps 50 ms a goal)")
    parser.add_argument("--fresh", action="store_true", help="prove again what BUILD/proof/cache knows to be proved")
    parser.add_argument("--smoke", action="store_true", help="prove nothing: look for contradictory preconditions and code that they make unreachable")
    parser.add_argument("--allow-open", action="store_true", help="lemmas without a proof are no error, if they are as many as proof/lemmas pins")
    parser.add_argument("--compile", action="append", help="how the core is compiled: compiler and flags; may be given again")
    parser.add_argument("--check", action="store_true", help="prove nothing: compare the texts and the list of assumptions")
    parser.add_argument("--no-cbmc", action="store_true", help="leave out the CBMC checks")
    args = parser.parse_args()
    os.chdir(ROOT)
    args.tree, args.tries = ROOT, TRIES
    out = os.path.abspath(os.path.join(args.build, "proof"))
    args.cache = os.path.join(out, "cache")
    os.makedirs(args.cache, exist_ok=True)
    if not shutil.which("frama-c"):
        fail("no frama-c: make prove installs it")
    setup_provers(out)
    sys.exit(run(args, out))


def setup_provers(out):
    config = os.path.join(out, "why3.conf")
    if os.path.exists(config):
        os.remove(config)
    env = dict(os.environ, WHY3CONFIG=config)
    subprocess.run(["why3", "config", "detect"], env=env, capture_output=True, check=False)
    try:
        with open(config, encoding="utf-8") as f:
            text = f.read()
    except OSError:
        fail("why3 finds no provers")
    with open(config, "w", encoding="utf-8") as f:
        f.write(re.sub(r"^memlimit = .*", "memlimit = 2000", text, flags=re.M))


def prove_all(targets, out, args):
    """Results by (file, function), and what is wrong; clauses with failed goals have further tries."""
    work = units(targets)
    progress = Progress(len(work))
    results, wrong = {}, []

    def take(unit, attempt, found, bad):
        """Keep what a run found. Returns the units that need another try."""
        wrong.extend(bad)
        again = []
        for function, result in found.items():
            key = (unit.target.file, function)
            if attempt == 0:
                results[key] = result
            else:
                results[key].retry(result)
            failed = results[key].failed
            if failed and attempt + 1 < len(TRIES):
                again.append(Unit(unit.target, [function], function, only(function, failed)) if function else unit)
        if again:
            forget_failures(args)
        progress.total += len(again)
        return again

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        running = {pool.submit(prove_unit, u, out, args, progress, 0): (u, 0) for u in work}
        try:
            while running:
                for future in concurrent.futures.wait(running, return_when="FIRST_COMPLETED").done:
                    unit, attempt = running.pop(future)
                    for more in take(unit, attempt, *future.result()):
                        running[pool.submit(prove_unit, more, out, args, progress, attempt + 1)] = more, attempt + 1
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            fail("interrupted")
    return results, wrong


def check_pins(targets, results):
    wrong = []
    for target in targets:
        total = sum(results[(target.file, f)].total for f in target.functions)
        if total < target.pinned:
            wrong.append(f"{target.file}: {total} goals, {target.pinned} are pinned in proof/functions")
    return wrong


def check_open(lemmas, assumptions, args):
    """The lemmas without a proof: none, or as many as the table says."""
    with open("proof/lemmas", encoding="utf-8") as f:
        pinned = int(re.search(r"^# open: (\d+)", f.read(), re.M).group(1))
    names = [row[0] for row in lemmas if row[6] == "OPEN"]
    wrong = [f"lemma {row[0]}: {row[6]}" for row in lemmas if row[6] in ("FAILED", "not run")]
    if len(names) != pinned:
        wrong.append(f"{len(names)} lemmas are open, proof/lemmas pins {pinned}")
    if names and not args.allow_open:
        wrong.append(f"no proof: {', '.join(names)}")
    contracts = [a["name"] for a in assumptions if a["kind"] == "open"]
    if contracts and not args.allow_open:
        wrong.append(f"contracts without a proof: {', '.join(contracts)}")
    return wrong


def run(args, out):
    start = time.time()
    all_targets = [Target(fields) for fields in rows("proof/functions")]
    targets = [t for t in all_targets if not args.files or t.file in args.files]
    unknown = set(args.files) - {t.file for t in targets}
    if unknown:
        fail(f"not in proof/functions: {' '.join(sorted(unknown))}")
    if args.smoke:
        return smoke_all(targets, out, args)
    texts, wrong = {}, []
    compilers = [c for c in args.compile or [COMPILE] if shutil.which(shlex.split(c)[0])]
    if not compilers:
        fail("no compiler: nothing to compare the proved text with")
    for target in targets:
        texts[target.file], bad = check_text(target.file, out, compilers)
        wrong += bad
    assumptions, places, bad = check_assumptions(all_targets)
    wrong += bad
    if args.check:
        print("\n".join([f"FAIL: {w}" for w in wrong] +
                        [f"{len(texts)} files compared, {len(assumptions)} assumptions listed"]))
        return 1 if wrong else 0
    whole = not args.files
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        cbmc = beside.submit(run_cbmc, args) if whole and not args.no_cbmc else None
        results, bad = prove_all(targets, out, args)
    wrong += bad + check_pins(targets, results)
    for (file, function), r in sorted(results.items()):
        wrong += [f"{file}: not proved: {goal}" for goal in r.failed]
    checks, bad = cbmc.result() if cbmc else ({}, [])
    wrong += bad
    lemmas = lemma_rows(results, places, checks, all_targets) if whole else []
    if whole:
        wrong += check_open(lemmas, assumptions, args)
    lines = report(lemmas, results, assumptions, checks, texts)
    lines += ["the same text is compiled by " + ", ".join(shlex.split(c)[0] for c in compilers)]
    lines += [f"FAIL: {w}" for w in wrong]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines.append(f"{'FAILED' if wrong else 'ok'}, {time.time() - start:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of CPU)")
    if whole:
        with open(os.path.join(out, "report.txt"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        write_json(os.path.join(out, "report.json"), lemmas, results, assumptions, checks, wrong)
        print("\n".join(lines))
    else:
        print("\n".join(line for line in lines if " goals" in line or line.startswith(("FAIL", "ok"))))
    return 1 if wrong else 0


def write_json(path, lemmas, results, assumptions, checks, wrong):
    keys = ("name", "function", "place", "proved", "total", "seconds", "state")
    entries = []
    for row in lemmas:
        entry = dict(zip(keys, row))
        file, _, line = entry.pop("place").partition(":")
        entry.update(file=file, line=int(line or 0), seconds=round(entry["seconds"], 1))
        entries.append(entry)
    goals = {"proved": sum(r.proved for r in results.values()),
             "total": sum(r.total for r in results.values())}
    functions = [{"file": file, "function": function or "(lemmas)", "proved": r.proved, "total": r.total,
                  "seconds": round(r.seconds, 1)} for (file, function), r in sorted(results.items())]
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"lemmas": entries, "goals": goals, "functions": functions,
                   "cbmc": [{"name": n, "ok": ok, "seconds": s} for n, (ok, s) in checks.items()],
                   "assumptions": assumptions, "wrong": wrong}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
