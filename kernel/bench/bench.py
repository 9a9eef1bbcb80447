"""Measures kernels through jupyter_client, side by side in one run. Prints JSON: {kernel: {row: value}}.

Usage: bench.py SPEC, where SPEC is JSON: {kernel: {"trivial": code, "lines": code with {n}, "complete": code}}.
The kernels take turns within each row, so that a machine's moods hit all alike; each value is the median, or for lines the best.
"""

import json
import statistics
import sys
import time

from jupyter_client.manager import start_new_kernel

STARTS, EXECUTES, COMPLETES, LINES = 5, 200, 100, (100_000, 1_000_000)


def execute(kc, code):
    """Runs a cell; returns when both the reply and idle are there, with the number of characters it wrote."""
    msg_id = kc.execute(code)
    size = 0
    while True:
        m = kc.get_iopub_msg(timeout=300)
        if m["parent_header"].get("msg_id") != msg_id:
            continue
        if m["msg_type"] == "stream":
            size += len(m["content"]["text"])
        elif m["msg_type"] == "error":
            raise RuntimeError("\n".join(m["content"]["traceback"]))
        elif m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
            break
    answer(kc, msg_id)
    return size


def answer(kc, msg_id):
    while True:
        m = kc.get_shell_msg(timeout=300)
        if m["parent_header"].get("msg_id") == msg_id:
            return m


def timed(f):
    start = time.perf_counter()
    f()
    return (time.perf_counter() - start) * 1000


def start_to_info(name):
    """Milliseconds from starting the process to the first kernel_info_reply."""
    from jupyter_client.manager import KernelManager

    km = KernelManager(kernel_name=name)
    start = time.perf_counter()
    km.start_kernel()
    kc = km.client()
    kc.start_channels(hb=False)
    kc.kernel_info()
    kc.get_shell_msg(timeout=60)
    took = (time.perf_counter() - start) * 1000
    kc.stop_channels()
    km.shutdown_kernel(now=True)
    return took


def resident(pid):
    """The memory of a process and its descendants in MiB, each shared page counted in parts."""
    import os

    def pss(p):
        try:
            with open(f"/proc/{p}/smaps_rollup") as f:
                return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            return 0

    children = {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/stat") as f:
                children.setdefault(int(f.read().rsplit(")", 1)[1].split()[1]), []).append(int(p))
        except OSError:
            pass
    todo, total = [pid], 0
    while todo:
        p = todo.pop()
        total += pss(p)
        todo += children.get(p, [])
    return total / 1024


def main():
    kernels = json.loads(sys.argv[1])
    rows = {name: {} for name in kernels}
    starts = {name: [] for name in kernels}
    for _ in range(STARTS):
        for name in kernels:
            starts[name].append(start_to_info(name))
    running = {name: start_new_kernel(kernel_name=name) for name in kernels}
    for name in kernels:
        rows[name]["start to kernel_info, ms"] = statistics.median(starts[name])
        km, kc = running[name]
        rows[name]["memory when idle, MiB"] = resident(km.provisioner.pid)
        for _ in range(20):  # warm up
            execute(kc, kernels[name]["trivial"])
    times = {name: [] for name in kernels}
    for _ in range(EXECUTES):
        for name in kernels:
            times[name].append(timed(lambda: execute(running[name][1], kernels[name]["trivial"])))
    completes = {name: [] for name in kernels}
    for _ in range(COMPLETES):
        for name in kernels:
            kc = running[name][1]
            completes[name].append(timed(lambda: answer(kc, kc.complete(kernels[name]["complete"]))))
    for name in kernels:
        rows[name]["execute round trip, ms"] = statistics.median(times[name])
        rows[name]["complete round trip, ms"] = statistics.median(completes[name])
    for n in LINES:
        best = {name: float("inf") for name in kernels}
        for _ in range(3):
            for name in kernels:
                kc = running[name][1]
                code = kernels[name]["lines"].replace("{n}", str(n))
                start = time.perf_counter()
                size = execute(kc, code)
                best[name] = min(best[name], (time.perf_counter() - start) * 1000)
                want = sum(len(str(i)) + 1 for i in range(n))
                if size != want:
                    raise RuntimeError(f"{name}: {size} of {want} characters of output arrived")
        for name in kernels:
            rows[name][f"{n:,} lines of output, ms"] = best[name]
    for km, kc in running.values():
        kc.stop_channels()
        km.shutdown_kernel(now=True)
    print(json.dumps(rows))


main()
