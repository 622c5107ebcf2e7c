#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Make a table, and a JSON file, of what a hostile host tried: from the log of attack.sh.

Exit code 0 if every attack was blocked, there were at least 90 (unless --part), and every VM
finished its self-check right and powered off. An attack with a device is blocked only if, besides, the
SMMU has reported what it was to report, and the frames that were to stay as they were did
(memory.py). With --stock: if enough of them were not blocked.
"""

import argparse
import json
import os
import re
import sys

LEAST = 90
# Of those by way of KVM and with devices, on stock KVM: most.
LEAST_ON_STOCK = 16


# The core's own lines: in the middle of another's, for it prints when it must.
CORE_LINE = re.compile(r"corevisor: SMMU: event (0x[0-9a-f]+): stream (0x[0-9a-f]+), "
                       r"(read|write) (0x[0-9a-f]+)\n")
FRAME = 4096


def take_out_events(text):
    """The log without the core's reports; and these, with the place where each would be."""
    events, parts, end, gone = [], [], 0, 0
    for m in CORE_LINE.finditer(text):
        parts.append(text[end:m.start()])
        events.append((m.start() - gone, int(m[2], 16), m[3], int(m[4], 16) // FRAME))
        gone += m.end() - m.start()
        end = m.end()
    parts.append(text[end:])
    return "".join(parts), events


def read_memory(path):
    """What memory.py saw: address -> is it unchanged; and runs of the devices' words in the core."""
    if path is None or not os.path.exists(path):
        return {}, None
    with open(path, encoding="utf-8") as f:
        lines = [line.strip().split("|") for line in f]
    hits = [int(fields[2]) for fields in lines if fields[0] == "CORE"]
    return ({fields[1]: fields[2] == "unchanged" for fields in lines if fields[0] == "FRAME"},
            sum(hits) if hits else None)


def bear_out(row, before, events, memory):
    """Hold what an attack says against what it said to expect: `before` is the log up to it."""
    expected = [(int(m[1], 16), m[2], int(m[3], 16) // FRAME) for m in
                re.finditer(r"EXPECT\|event\|(\w+)\|(\w+)\|(\w+)\n", before)]
    frames = re.findall(r"EXPECT\|unchanged\|(\w+)\n", before)
    seen = sum(e in events for e in expected)
    if row["result"] == "BLOCKED" and any(memory.get(f) is False for f in frames):
        row["result"] = "CORRUPTED"
    elif row["result"] == "BLOCKED" and (expected and seen == 0 or
                                         any(f not in memory for f in frames)):
        row["result"] = "FAILED"
    if expected:
        row["evidence"] += f"; {seen} of {len(expected)} SMMU events"
    for f in frames:
        row["evidence"] += f"; {f} " + {True: "unchanged", False: "CHANGED"}.get(
            memory.get(f), "not looked at")


def read_rows(text, memory, stock):
    text, events = take_out_events(text)
    rows, end = [], 0
    for m in re.finditer(r"^ATTACK\|([^|\n]*)\|([^|\n]*)\|(.*)\n", text, re.M):
        row = dict(zip(("name", "result", "evidence"), m.groups()))
        if not stock:
            bear_out(row, text[end:m.start()],
                     [e[1:] for e in events if end <= e[0] <= m.start()], memory)
        rows.append(row)
        end = m.end()
    return rows, text


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vms", type=int, default=2)
    parser.add_argument("--json", help="file to write")
    parser.add_argument("--memory", help="what memory.py saw")
    parser.add_argument("--part", action="store_true", help="not all attacks were asked for")
    parser.add_argument("--stock", action="store_true", help="there was no Corevisor")
    parser.add_argument("log")
    args = parser.parse_args()
    with open(args.log, encoding="utf-8", errors="replace") as f:
        text = f.read().replace("\r", "")

    memory, hits = read_memory(args.memory)
    rows, text = read_rows(text, memory, args.stock)
    wrong = []
    if not args.stock and hits is None:
        wrong.append("nobody looked at the core's memory")
    elif not args.stock and hits != 0:
        wrong.append(f"{hits} runs of what devices write are in the core's memory")
    for n in range(1, args.vms + 1):
        check = re.search(rf"^vm{n}\| (SELF-CHECK [^\[\n]*)", text, re.M)
        ended = re.search(rf"^vm{n}\| ended (\d+)$", text, re.M)
        ok = check and check[1].startswith("SELF-CHECK OK") and ended and ended[1] == "0"
        evidence = (check[1] if check else "it never came to its end") + \
            ("" if ended and ended[1] == "0" else "; it did not power off")
        rows.append({"name": f"vm{n}/self-check", "result": "RIGHT" if ok else "WRONG",
                     "evidence": evidence})
    if not re.search(r"^ATTACKS\|", text, re.M):
        wrong.append("the attacks did not come to their end")
    if not args.part and len(rows) - args.vms < LEAST:
        wrong.append(f"only {len(rows) - args.vms} attacks, fewer than {LEAST}")
    if not re.search(r"^host\| done$", text, re.M):
        wrong.append("the host did not come to its end")

    # An oops that an attack provokes is the attacker's; these would be the host's, and last.
    for line in re.findall(r"^dmesg\| (.*(?:cannot be destroyed|keeps frames|BUG:|WARNING:).*)$",
                           text, re.M):
        wrong.append(f"the host's kernel says: {line}")

    if args.part and len(rows) == args.vms:
        wrong.append("no attack that can be tried here has such a name")
    width = max((len(r["name"]) for r in rows), default=0)
    print(f"\n{'ATTACK':{width}}  RESULT     WHAT HAPPENED")
    for r in rows:
        print(f"{r['name']:{width}}  {r['result']:9}  {r['evidence']}")
    bad = [r for r in rows if r["result"] not in ("BLOCKED", "RIGHT")]
    for line in wrong:
        print(f"FAILED: {line}")
    print(f"\n{len(rows) - args.vms} attacks: "
          f"{sum(r['result'] == 'BLOCKED' for r in rows)} blocked, "
          f"{sum(r['result'] in ('LEAK', 'CORRUPTED') for r in rows)} got through, "
          f"{sum(r['result'] == 'FAILED' for r in rows)} could not be tried; "
          f"{sum(r['result'] == 'RIGHT' for r in rows)} of {args.vms} VMs finished right")
    if args.stock:
        through = sum(r["result"] in ("LEAK", "CORRUPTED") for r in rows)
        if through < LEAST_ON_STOCK:
            print(f"FAILED: only {through} attacks get through on stock KVM")
        return 0 if through >= LEAST_ON_STOCK and not wrong else 1
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"attacks": rows, "problems": wrong}, f, indent=1)
            f.write("\n")
    return 1 if bad or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
