#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write doc/abi.md from include/corevisor/*.h to standard output.

--check compares instead, and fails if doc/abi.md is out of date. Fails too when a
header holds something that this script would leave out.
"""

import argparse
import difflib
import os
import re
import sys

import csource

INCLUDE = "include/corevisor/"
CALL = re.compile(r"/\*\s*(?P<doc>(?:(?!\*/).)*?)\s*\*/[\s\\]*"
                  r"X\((?P<name>\w+), (?P<offset>\d+), (?P<args>\d+), (?P<values>\d+)\)", re.S)


class AbiError(Exception):
    pass


def unwrap(comment):
    """The text of a comment on one line."""
    comment = re.sub(r"^\s*/\*|\*/\s*$", "", comment.strip())
    return " ".join(re.sub(r"\s*\\?\n\s*\*? ?", " ", comment).split())


def file_comment(text):
    """The first comment after the SPDX line: what the header is for."""
    m = re.search(r"SPDX[^\n]*\n\s*(/\*.*?\*/)", text, re.S)
    return unwrap(m.group(1)) if m else ""


def define(text, name):
    m = re.search(rf"#define {name} (\S+)", text)
    if not m:
        raise AbiError(f"no #define {name}")
    return m.group(1)


def cell(text):
    return text.replace("|", "\\|")


def calls(text, macro, base):
    """Rows of one list of calls: id, name, arguments, values, meaning."""
    m = re.search(rf"#define {macro}\(X\)(.*?[^\\])\n", text, re.S)
    if not m:
        raise AbiError(f"no list {macro}")
    body = m.group(1)
    rows = []
    for c in CALL.finditer(body):
        doc = unwrap(c["doc"])
        form = re.match(r"\(([^)]*)\)[:;]?\s*(.*)$", doc)
        args = form.group(1) if form else ""
        given = [a for a in args.split(", ") if a]
        if not form or len(given) != int(c["args"]):
            raise AbiError(f"{c['name']}: comment says ({args}), the list {c['args']} arguments")
        if int(c["offset"]) != len(rows):
            raise AbiError(f"{c['name']}: offset {c['offset']} leaves a hole")
        rows.append((base + int(c["offset"]), c["name"], args, int(c["values"]), form.group(2)))
    if len(rows) != body.count("X("):
        raise AbiError(f"{macro}: an entry without a comment")
    return rows


def call_table(rows, prefix):
    out = ["| id | name | X1 and on | | -> X1 and on |", "|---|---|---|---|---|"]
    for number, name, args, values, text in rows:
        gives = ["", "X1", "X1, X2", "X1 to X3"][values]
        if bool(values) != text.startswith("->"):
            raise AbiError(f"{name}: the comment and the {values} values do not go together")
        if values:
            gives, text = f"{gives}: {text[2:].strip()}", ""
        out.append(f"| `{number:#x}` | `{prefix}{name}` | {cell(args)} | "
                   f"{cell(text)} | {cell(gives)} |")
    return out


def enum_table(text, name):
    m = re.search(rf"enum {name} \{{(.*?)\}};", text, re.S)
    if not m:
        raise AbiError(f"no enum {name}")
    out = ["| value | name | |", "|---|---|---|"]
    for line in m.group(1).strip().split("\n"):
        e = re.match(r"\s*(\w+) = (-?\w+),(?:\s*/\*\s*(.*?)\s*\*/)?$", line)
        if not e:
            raise AbiError(f"enum {name}: cannot read {line.strip()}")
        out.append(f"| {e.group(2)} | `{e.group(1)}` | {cell(e.group(3) or '')} |")
    return out


def define_table(text, skip=r"COREVISOR_\w+_H"):
    """Every object-like macro, with the comment above it or beside it."""
    out = ["| name | value | |", "|---|---|---|"]
    above = ""
    body = re.sub(r"^.*?#define COREVISOR_\w+_H\n", "", text, flags=re.S)
    token = re.compile(r"(?P<comment>/\*.*?\*/)|#define (?P<name>\w+(?:\(\w+\))?)[ \t]+"
                       r"(?P<value>[^\n]*)|(?P<blank>\n[ \t]*\n)", re.S)
    for m in token.finditer(body):
        if m["blank"]:
            above = ""
        elif m["comment"]:
            above = unwrap(m["comment"])
        elif not re.fullmatch(skip, m["name"]):
            beside = re.search(r"/\*(.*?)\*/\s*$", m["value"])
            value = re.sub(r"/\*.*", "", m["value"]).strip()
            note = unwrap(beside.group(0)) if beside else above
            out.append(f"| `{m['name']}` | `{cell(value)}` | {cell(note)} |")
            above = ""
    return out


def struct_table(text, name, sizes, constants):
    """Fields of a struct without padding; its size joins `sizes`."""
    m = re.search(rf"struct {name} \{{(.*?)\n\}};", text, re.S)
    if not m:
        raise AbiError(f"no struct {name}")
    out = ["| offset | size | field | |", "|---|---|---|---|"]
    offset, note = 0, ""
    for line in m.group(1).strip().split("\n"):
        line = line.strip()
        if line.startswith("/*"):
            note = unwrap(line)
            continue
        f = re.match(r"((?:struct )?\w+) (\w+)(?:\[(\w+)\])?;$", line)
        if not f or f.group(1) not in sizes:
            raise AbiError(f"struct {name}: cannot read {line}")
        one = sizes[f.group(1)]
        number = f.group(3) or "1"
        size = one * int(constants.get(number, number))
        if offset % min(one, 8):
            raise AbiError(f"struct {name}: padding before {f.group(2)}")
        out.append(f"| {offset} | {size} | `{f.group(2)}` | {cell(note)} |")
        offset, note = offset + size, ""
    sizes[f"struct {name}"] = offset
    return out


def document():
    text = {name: csource.read(INCLUDE + name) for name in os.listdir(
        os.path.join(csource.ROOT, INCLUDE)) if name.endswith(".h")}
    known = {"error.h", "hypercall.h", "image.h", "kvm.h", "limits.h", "manifest.h", "run.h", "snapshot.h", "state.h"}
    if set(text) != known:
        raise AbiError(f"headers {sorted(set(text) ^ known)}: tell tools/gen-abi.py")
    hyper = text["hypercall.h"]
    host = calls(hyper, "CV_HOST_CALLS", int(define(hyper, "CV_HOST_CALL_BASE").rstrip("U"), 16))
    guest = calls(hyper, "CV_GUEST_CALLS",
                  int(define(hyper, "CV_GUEST_CALL_BASE").rstrip("U"), 16))
    sizes = {"uint8_t": 1, "uint64_t": 8}
    ranges = {"CV_MAX_RAM_RANGES": define(text["limits.h"], "CV_MAX_RAM_RANGES").rstrip("U")}
    snapshot = text["snapshot.h"]
    uuid = re.search(r"UUID ([0-9a-f-]{36})", hyper).group(1)
    return "\n".join([
        "# The ABI of Corevisor",
        "",
        "Written by `make abi` from `include/corevisor/*.h`; do not edit.",
        f"ABI version `{define(hyper, 'CV_ABI_VERSION').rstrip('U')}`.",
        "",
        "## Calling",
        "",
        "`HVC #0` at EL1, SMC Calling Convention (DEN0028): X0 = id, X1 to X6 = arguments. On return",
        "X0 = result (0, or a negative error, sign-extended), X1 to X3 = values. A call that returns",
        "an error has changed nothing. Ids that are not listed return `CV_NOT_SUPPORTED`, and so do",
        "calls of the host when a VM makes them and the reverse. Frame numbers (pfn, gfn) count 4 KB;",
        "addresses (IPA, IOVA, PA) are in bytes.",
        "",
        f"The UID call `{define(hyper, 'CV_UID_CALL').rstrip('U')}` gives `{uuid}`.",
        "",
        "## Calls of the host",
        "",
        *call_table(host, "CV_CALL_"),
        "",
        "## Calls of a VM",
        "",
        "Besides these a VM has PSCI 1.1 and SMCCC 1.2.",
        "",
        *call_table(guest, "CV_GUEST_"),
        "",
        "## Errors",
        "",
        file_comment(text["error.h"]),
        "",
        *enum_table(text["error.h"], "cv_error"),
        "",
        "## States",
        "",
        "Of a VM:",
        "",
        *enum_table(text["state.h"], "cv_vm_state"),
        "",
        "Of a vCPU:",
        "",
        *enum_table(text["state.h"], "cv_vcpu_state"),
        "",
        "## The run page",
        "",
        file_comment(text["run.h"]),
        "",
        *define_table(text["run.h"]),
        "",
        "What `CV_RUN_EXIT` says, and what is in `CV_RUN_ARG0` and on:",
        "",
        *enum_table(text["run.h"], "cv_exit"),
        "",
        "## The manifest",
        "",
        file_comment(text["manifest.h"]),
        "",
        f"`CV_MANIFEST_MAGIC` is `{define(text['manifest.h'], 'CV_MANIFEST_MAGIC')}`.",
        "",
        *struct_table(text["manifest.h"], "cv_manifest", sizes, {}),
        "",
        "## Image regions",
        "",
        file_comment(text["image.h"]) + " (`cv_image_add`)",
        "",
        "## Snapshots",
        "",
        file_comment(snapshot),
        "",
        f"`CV_SNAPSHOT_MAGIC` is `{define(snapshot, 'CV_SNAPSHOT_MAGIC')}`.",
        "",
        "The sealed part of the head, `struct cv_snapshot_layout`:",
        "",
        *struct_table(snapshot, "cv_snapshot_layout", sizes, ranges),
        "",
        "The head, `struct cv_snapshot_head`:",
        "",
        *struct_table(snapshot, "cv_snapshot_head", sizes, ranges),
        "",
        "The tail, `struct cv_snapshot_tail`:",
        "",
        *struct_table(snapshot, "cv_snapshot_tail", sizes, ranges),
        "",
        "## Limits",
        "",
        file_comment(text["limits.h"]),
        "",
        *define_table(text["limits.h"]),
        "",
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with doc/abi.md")
    args = parser.parse_args()
    try:
        new = document()
    except AbiError as e:
        sys.exit(f"gen-abi: {e}")
    if not args.check:
        sys.stdout.write(new)
        return 0
    try:
        old = csource.read("doc/abi.md")
    except FileNotFoundError:
        old = ""
    diff = list(difflib.unified_diff(old.split("\n"), new.split("\n"), "doc/abi.md", "headers",
                                     lineterm=""))
    print("\n".join(diff) if diff else "doc/abi.md is up to date")
    return 1 if diff else 0


if __name__ == "__main__":
    sys.exit(main())
