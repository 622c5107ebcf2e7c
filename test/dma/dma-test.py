#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Boot a hostile host that attacks with devices, and judge what is left of the memory.

The machine's RAM is a file, so that when it is all over frames that the host cannot read are
looked at from outside. One line an attack; the last line counts. Writes BUILD/dma/attack.json.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import threading

RAM_BASE = 0x40000000
RAM_SIZE = 512 << 20
IMAGE = 0x40200000
EVIL = (0x21216B6361747461).to_bytes(8, "little")
PAGE = 4096
GOOD = ("BLOCKED", "works")


def symbols(elf):
    """Link-time offsets in the image of what the SMMU driver keeps in memory."""
    out = subprocess.run(["aarch64-linux-gnu-nm", elf], check=True, capture_output=True, text=True)
    table = {}
    for line in out.stdout.splitlines():
        fields = line.split()
        if len(fields) == 3:
            table[fields[2]] = int(fields[0], 16)
    start = table["_image_start"]
    return {name: IMAGE + table[name] - start for name in ("streams", "commands")}


def qemu(build, ram, append):
    with open(ram, "wb") as f:
        f.truncate(RAM_SIZE)
    devices = ["edu,addr=1,dma_mask=0xffffffffffffffff", "virtio-rng-pci,addr=2",
               "virtio-rng-pci,addr=3,disable-legacy=on,iommu_platform=on",
               "nvme,addr=4,serial=x,drive=disk", "pcie-root-port,addr=5,chassis=1",
               "edu,addr=6,dma_mask=0xffffffffffffffff", "nvme,addr=7,serial=y,drive=disk2",
               "virtio-rng-device"]
    command = [build + "/bin/qemu-system-aarch64", "-display", "none", "-monitor", "none",
               "-serial", "stdio", "-nic", "none", "-cpu", "max", "-smp", "1",
               "-M", "virt-10.0,virtualization=on,gic-version=3,iommu=smmuv3,memory-backend=ram",
               "-m", str(RAM_SIZE >> 20),
               "-object", f"memory-backend-file,id=ram,size={RAM_SIZE},share=on,mem-path={ram}",
               "-blockdev", "null-co,node-name=disk,size=1048576",
               "-blockdev", "null-co,node-name=disk2,size=1048576",
               "-trace", "pci_nvme_pci_reset", "-D", ram + ".trace",
               "-kernel", build + "/dma/test.img", "-append", append]
    for device in devices:
        command += ["-device", device]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)


def run(build, ram, append, log, timeout):
    """Boot until the host says that it is done: turning off would wipe what VMs left."""
    with qemu(build, ram, append) as process, open(log, "wb") as f:
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        for line in process.stdout:
            f.write(line)
            if b"DMA-END" in line:
                break
        process.kill()
        timer.cancel()


def page_at(ram, pa):
    ram.seek(pa - RAM_BASE)
    return ram.read(PAGE)


def intact(ram, image, pa, must):
    """Is a frame as it must be?"""
    if must == "device":
        return True
    if must == "reset":
        with open(ram.name + ".trace", encoding="utf-8") as f:
            # Both are reset when the machine starts; the third time is the core's doing.
            return f.read().count("Function Level Reset") == 3
    page = page_at(ram, pa)
    if must == "zero":
        return page == bytes(PAGE)
    if must == "image":
        return page == image[pa - IMAGE:pa - IMAGE + PAGE]
    return EVIL not in page


def events(log):
    return {int(m.group(1), 16) & ~(PAGE - 1)
            for m in re.finditer(r"SMMU: event 0x10: stream 0x[0-9a-f]+, \w+ (0x[0-9a-f]+)", log)}


def judge(log, ram, image):
    """Rows of name, result, evidence."""
    rows = []
    seen = events(log)
    for line in log.splitlines():
        word = line.split(maxsplit=4)
        if line.startswith("DMA-MEANS"):
            broken = word[1] != "works"
            rows.append(("means: " + " ".join(word[2:]), "BROKEN" if broken else "works", ""))
        elif line.startswith("DMA-RESULT"):
            rows.append((word[1], word[2], " ".join(word[3:])))
        elif line.startswith("DMA-TARGET"):
            pa = int(word[2], 16)
            unchanged = intact(ram, image, pa, word[3])
            by_smmu = word[1].startswith(("edu", "virtio", "nvme"))
            evidence = word[4]
            if word[3] == "reset":
                evidence += ": reset" if unchanged else ": NOT reset"
            elif word[3] != "device":
                evidence += ": memory unchanged" if unchanged else ": memory CHANGED"
            if by_smmu:
                evidence += ", SMMU event" if pa in seen else ", NO SMMU event"
            blocked = unchanged and (pa in seen or not by_smmu)
            rows.append((word[1], "BLOCKED" if blocked else "CORRUPTED", evidence))
    alive = "DMA-END host alive" in log
    rows.append(("host", "works" if alive else "BROKEN", "alive at the end"))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", help="build directory (default: build)")
    parser.add_argument("--timeout", type=int, default=120, help="seconds (default: 120)")
    args = parser.parse_args()
    out = args.build + "/dma"
    ram, log = out + "/ram", out + "/test.log"
    where = symbols(args.build + "/corevisor.elf")
    append = f"corevisor.log=info image={IMAGE:#x} "
    append += " ".join(f"{name}={pa:#x}" for name, pa in where.items())
    run(args.build, ram, append, log, args.timeout)
    with open(log, encoding="utf-8", errors="replace") as f:
        text = f.read()
    with open(args.build + "/corevisor.bin", "rb") as f:
        image = f.read()
    with open(ram, "rb") as f:
        rows = judge(text, f, image)
    os.unlink(ram)
    os.unlink(ram + ".trace")
    with open(out + "/attack.json", "w", encoding="utf-8") as f:
        json.dump([dict(zip(("name", "result", "evidence"), row)) for row in rows], f, indent=1)
    bad = [row for row in rows if row[1] not in GOOD]
    for name, result, evidence in rows:
        verdict = "ok  " if result in GOOD else "FAIL"
        print(f"{verdict} {name}: {result} {evidence}".rstrip())
    print(f"{len(rows) - len(bad)} passed, {len(bad)} failed (log: {log})")
    return 1 if bad or len(rows) < 25 else 0


if __name__ == "__main__":
    sys.exit(main())
