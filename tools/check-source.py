#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Rules of the tree that no compiler checks.

  spdx       every source, script and document that can hold a comment has an SPDX line
  includes   what a folder may include (design: core/ only core/ and include/corevisor/)
  functions  no function of core/, crypto/, arch/ and vmm/ is longer than 40 lines
  freestanding  no assembly, no floating point, no goto, no #if on an architecture in core/
  symbols    core/'s object files need nothing but the two seams and mem* (after make)
"""

import argparse
import os
import re
import subprocess
import sys

import csource

MAX_LINES = 40
FREESTANDING = {"stdbool.h", "stddef.h", "stdint.h"}

# Folder: what its files may include; a pattern each. None: any system header.
INCLUDE_RULES = [
    # kvm.h is for the host's module and its VMMs; the core cannot include it.
    ("include/corevisor/", [r"corevisor/", r"linux/kvm\.h", *FREESTANDING]),
    ("core/", [r"core/", r"corevisor/(?!kvm\.h)", *FREESTANDING]),
    ("crypto/", [r"core/(types|crypto|machine)\.h", r"crypto/", r"bearssl\.h", r"string\.h"]),
    # Files of arch/arm64/ name their neighbours without a folder.
    ("arch/arm64/", [r"core/", r"corevisor/(?!kvm\.h)", r"crypto/entropy\.h", r"[a-z0-9_]+\.h$",
                     *FREESTANDING]),
    ("arch/sim/", [r"core/", r"corevisor/", r"crypto/entropy\.h", r"arch/sim/", None]),
]

SPDX_EXEMPT = re.compile(r"(^|/)(\.gitignore|LICENSE.*|.*\.(md|cvs\.out|bin|cfg|conf|json|txt))$|"
                         r"^(LICENSES|test/fuzz/corpus)/")

# Parts of a Linux kernel.
GPL = ("host/linux/", "test/attack/module/")

problems = []


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}" if line else f"{path}: {text}")


def check_spdx():
    for path in csource.files():
        if SPDX_EXEMPT.search(path) or os.path.islink(os.path.join(csource.ROOT, path)):
            continue
        with open(os.path.join(csource.ROOT, path), "rb") as f:
            head = f.read(400)
        want = b"GPL-2.0-only" if path.startswith(GPL) else b"BSD-3-Clause"
        if head and b"SPDX-License-Identifier: " + want not in head:
            problem(path, 1, f"no line SPDX-License-Identifier: {want.decode()}")


def check_includes():
    for folder, allowed in INCLUDE_RULES:
        for path in csource.files(f"{folder}*.[chS]"):
            text = csource.without_comments(csource.read(path))
            for n, line in enumerate(text.split("\n"), 1):
                m = re.match(r'\s*#\s*include\s*([<"])(.*?)[>"]', line)
                if not m:
                    continue
                system, name = m.group(1) == "<", m.group(2)
                if system and None in allowed:
                    continue
                if not any(p and re.match(p, name) for p in allowed):
                    problem(path, n, f"{folder} must not include {name}")


def check_functions():
    for path in csource.files("core/*.[ch]", "crypto/*.[ch]", "arch/*.[ch]", "vmm/*.[ch]"):
        for name, line, length in csource.functions(csource.read(path)):
            if length > MAX_LINES:
                problem(path, line, f"{name}() has {length} lines, more than {MAX_LINES}")


def check_freestanding():
    words = re.compile(r"\b(asm|__asm|__asm__|float|double|goto|setjmp|alloca|malloc|printf|"
                       r"__aarch64__|__x86_64__|__arm__|__linux__|__FRAMAC__)\b")
    for path in csource.files("core/*.[ch]", "include/corevisor/*.h"):
        text = csource.without_comments(csource.read(path), keep_strings=False)
        for n, line in enumerate(text.split("\n"), 1):
            m = words.search(line)
            if m:
                problem(path, n, f"{m.group(1)} has no place in the core")


def symbols(objects, *flags):
    out = subprocess.run(["nm", "-g", *flags, *objects], check=True, capture_output=True,
                         text=True).stdout
    return {line.split()[-1] for line in out.split("\n") if line and not line.endswith(":")}


def check_symbols(build):
    folder = os.path.join(build, "obj/plain/core")
    sources = {os.path.basename(p)[:-2] for p in csource.files("core/*.c")}
    objects = [os.path.join(folder, s + ".o") for s in sorted(sources)]
    missing = [o for o in objects if not os.path.exists(o)]
    if missing:
        problem(missing[0], 0, "not built; run make first")
        return
    # table_pool is the machine's to place (core/table.h).
    seams = re.compile(r"machine_\w+|crypto_\w+|table_pool|mem(cpy|set|move|cmp)")
    for name in sorted(symbols(objects, "-u") - symbols(objects, "--defined-only")):
        if not seams.fullmatch(name):
            problem("core", 0, f"needs {name}, which no seam offers")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="build directory, for symbols")
    parser.add_argument("check", nargs="*", help="which of them (default: all)")
    args = parser.parse_args()
    checks = {"spdx": check_spdx, "includes": check_includes, "functions": check_functions,
              "freestanding": check_freestanding, "symbols": lambda: check_symbols(args.build)}
    for name in args.check or checks:
        if name not in checks:
            parser.error(f"no check named {name}")
        checks[name]()
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
