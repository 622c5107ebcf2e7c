#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write the first inputs of test/fuzz/fuzz_core.c to test/fuzz/corpus/: lives of VMs."""

import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
HYPERCALLS = os.path.join(HERE, "../../include/corevisor/hypercall.h")
with open(HYPERCALLS, encoding="utf-8") as f:
    CALLS = {name: int(offset) for name, offset in
             re.findall(r"X\((\w+), (\d+), \d, \d\)", f.read().split("CV_GUEST_CALLS(X)")[0])}
FAULT, TRAP, GUEST, WRITE, CPU = range(35, 40)

# Kinds of take_number().
KINDS = {"n": 0, "vm": 1, "pfn": 2, "pa": 3, "gfn": 4, "ipa": 5, "iova": 6, "dev": 7,
         "block": 8, "gblock": 9, "bit": 10}


def number(kind, n):
    return bytes([KINDS[kind], n & 255, n >> 8])


def call(name, *args):
    args = list(args) + [("n", 0)] * (5 - len(args))
    return bytes([CALLS[name]]) + b"".join(number(*a) for a in args)


def guest(index, *args):
    args = list(args) + [("n", 0)] * (3 - len(args))
    return bytes([GUEST, index]) + b"".join(number(*a) for a in args)


def trap(flags, address=("n", 0), reg=1):
    return bytes([TRAP, flags]) + number(*address) + bytes([reg])


V = ("vm", 0)
RUN = call("VCPU_RUN", V)
# 2^18 = RAM_GFN; its frames are declared 2^11 at a time.
NEW = (call("REGISTER_VM") + call("SET_RAM", V, ("gblock", 0), ("bit", 11)) +
       call("SET_ENTRY", V, ("ipa", 0)) + call("REGISTER_VCPU", V, ("n", 0), ("pfn", 2)) +
       call("SET_BOOT_INFO", V, ("ipa", 0), ("bit", 12)) +
       call("REMAP_VM_IMAGE", V, ("pfn", 1)))
VERIFY = call("VERIFY_VM", V) * 3
DONATE = call("DONATE", V, ("gfn", 8), ("pfn", 8)) + call("DONATE_BLOCK", V, ("gblock", 1),
                                                          ("block", 2))
OFF = call("POWEROFF_VM", V)
END = (call("RECLAIM", V, ("pfn", 1)) + call("RECLAIM", V, ("pfn", 8)) + call("DESTROY_VM", V))
WFI = trap(3)
INPUTS = {
    "life": NEW + VERIFY + call("DONATE", V, ("gfn", 8), ("pfn", 8)) + RUN + WFI + OFF + END,
    "share": NEW + VERIFY + DONATE + RUN + guest(0, ("ipa", 8)) + bytes([CPU, 1, FAULT]) +
    number("pa", 8) + bytes([CPU, 0]) + guest(1, ("ipa", 8)) + WFI + OFF,
    "mmio": NEW + VERIFY + RUN + trap(1 | 16 | 128, ("n", 8)) + RUN + trap(1 | 24 | 192,
                                                                         ("n", 8)) + RUN,
    "devices": NEW + call("MAP_IO", V, ("dev", 32), ("dev", 16)) +
    call("DMA_ALLOC", ("n", 1), V) + call("DMA_ASSIGN", ("n", 1), ("pfn", 9), ("gfn", 9)) +
    call("DMA_MAP", ("n", 1), ("ipa", 9), ("pa", 9)) + call("DMA_ATTACH", ("n", 1), ("n", 2)) +
    VERIFY + OFF + call("DMA_UNMAP", ("n", 1), ("ipa", 9)) +
    call("DMA_DETACH", ("n", 1), ("n", 2)) + call("DMA_FREE", ("n", 1)) +
    call("RECLAIM", V, ("pfn", 9)),
    "host-dma": call("DMA_ALLOC", ("n", 0)) + call("DMA_MAP", ("n", 0), ("iova", 7), ("pa", 7)) +
    call("DMA_LOOKUP", ("n", 0), ("iova", 7)) + call("DMA_UNMAP", ("n", 0), ("iova", 7)) +
    call("DMA_MAP", ("n", 0), ("iova", 9), ("pa", 9)) + call("DMA_FREE", ("n", 0)),
    "snapshot": NEW + VERIFY + OFF + call("SAVE_BEGIN", V, ("pfn", 50)) +
    call("SAVE_PAGE", V, ("pfn", 1), ("pfn", 51)) + call("SAVE_VCPU", V, ("n", 0), ("pfn", 52)) +
    call("SAVE_END", V, ("pfn", 53)) + call("REGISTER_VM") +
    call("LOAD_BEGIN", ("vm", 1), ("pfn", 50)) +
    call("REGISTER_VCPU", ("vm", 1), ("n", 0), ("pfn", 3)) +
    call("LOAD_PAGE", ("vm", 1), ("pfn", 51), ("gfn", 0)) +
    call("LOAD_VCPU", ("vm", 1), ("n", 0), ("pfn", 52)) +
    call("LOAD_END", ("vm", 1), ("pfn", 53)),
    "psci": NEW + call("REGISTER_VCPU", V, ("n", 1), ("pfn", 3)) + VERIFY + RUN +
    guest(3, ("n", 1), ("ipa", 0)) + bytes([CPU, 1]) + call("VCPU_RUN", V, ("n", 1)) +
    guest(4) + bytes([CPU, 0]) + RUN + guest(6),
    "info": b"".join(call(name, V) for name in CALLS),
}


def main():
    folder = os.path.join(HERE, "corpus")
    os.makedirs(folder, exist_ok=True)
    for name, data in INPUTS.items():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)


if __name__ == "__main__":
    main()
