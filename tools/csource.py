# SPDX-License-Identifier: BSD-3-Clause
"""What the check scripts need to know of C text: comments, strings, functions."""

import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def without_comments(text, keep_strings=True):
    """The text with comments blank; the lines stay as many as they were."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else '""'
        return "\n" * token.count("\n") or " "

    return TOKEN.sub(blank, text)


def functions(text):
    """
    (name, first line, number of lines) of each function of kernel-style text. Lines that are
    nothing but comment, such as contracts and loop invariants, do not count.
    """
    lines = without_comments(text, keep_strings=False).split("\n")
    comment = [not bare.strip() and bool(full.strip())
               for bare, full in zip(lines, text.split("\n"))]
    start = None
    for i, line in enumerate(lines):
        if line == "{":
            start = i
        elif line == "}" and start is not None:
            # The signature is what stands above the brace, up to a blank line or an end.
            first = start
            while first > 0 and lines[first - 1].strip() and \
                    not re.match(r"[#}]|.*;\s*$", lines[first - 1]):
                first -= 1
            name = re.search(r"(\w+)\s*\(", "\n".join(lines[first:start]))
            length = sum(1 for n in range(first, i + 1) if not comment[n])
            yield (name.group(1) if name else "?"), first + 1, length
            start = None


def files(*patterns):
    """Files of the tree, new ones included, that match git pathspecs."""
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard",
                          "--deduplicate", *patterns], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    return sorted(p for p in out.split("\n") if p and os.path.exists(os.path.join(ROOT, p)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()
