#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Make a table, and a JSON file, of what a hostile host tried: from the log of attack.sh.

Exit code 0 if every attack was blocked, there were at least 30 (unless --part), and every VM
finished its self-check right and powered off. With --stock: if enough of them were not blocked.
"""

import argparse
import json
import re
import sys

LEAST = 30
# Of those by way of KVM, on stock KVM: reading, writing and running what is the VM's.
LEAST_ON_STOCK = 6


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vms", type=int, default=2)
    parser.add_argument("--json", help="file to write")
    parser.add_argument("--part", action="store_true", help="not all attacks were asked for")
    parser.add_argument("--stock", action="store_true", help="there was no Corevisor")
    parser.add_argument("log")
    args = parser.parse_args()
    with open(args.log, encoding="utf-8", errors="replace") as f:
        text = f.read().replace("\r", "")

    rows = [dict(zip(("name", "result", "evidence"), m))
            for m in re.findall(r"^ATTACK\|([^|\n]*)\|([^|\n]*)\|(.*)$", text, re.M)]
    wrong = []
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

    width = max(len(r["name"]) for r in rows)
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
