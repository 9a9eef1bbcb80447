"""The rows of the benchmark in CPython. Prints the seconds (or megabytes) with Pool, then with ProcessPoolExecutor where that makes sense."""
import array
import os
import sys
import time
from collections import namedtuple
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool, get_context

Small = namedtuple("Small", "a b c")


def trivial(n):
    return n


def constant():
    return 1


def echo(v):
    return v


def pi(r):
    m, n = r
    s = 0.0
    for k in range(m, n + 1):
        s += (1 if k % 2 else -1) / (2 * k - 1)
    return 4 * s


def best(f, n=3, pause=0):
    out = []
    for _ in range(n):
        time.sleep(pause)
        t = time.perf_counter()
        f()
        out.append(time.perf_counter() - t)
    return min(out)


def show(column, seconds):
    print(column, seconds, flush=True)


def both(pool, executor, n=3):
    with Pool(2) as p:
        p.map(trivial, range(100), 1)
        show("Pool", best(lambda: pool(p), n))
    with ProcessPoolExecutor(2) as e:
        list(e.map(trivial, range(100)))
        show("Executor", best(lambda: executor(e), n))


def others(ipp, job, scale=1):
    """Measures ipyparallel (ipp gets a view) and joblib (job gets a Parallel), each with a part of the work, where they are installed."""
    try:
        import joblib
    except ImportError:
        pass
    else:
        with joblib.Parallel(n_jobs=2) as parallel:
            parallel(joblib.delayed(trivial)(i) for i in range(10))
            show("joblib", best(lambda: job(parallel, joblib.delayed), 1) * scale)
    try:
        import ipyparallel
    except ImportError:
        return
    with ipyparallel.Cluster(n=2, log_level=50) as client:
        view = client.load_balanced_view()
        view.map_sync(trivial_remote, range(10))
        show("ipyparallel", best(lambda: ipp(view), 1) * scale)


def trivial_remote(n):
    return n


def start_pool():
    with Pool(2) as p:
        p.apply(constant)


def start_by(method):
    with get_context(method).Pool(2) as p:
        p.apply(os.getpid)


def start_executor():
    with ProcessPoolExecutor(2) as e:
        e.submit(constant).result()


def resident(pid):
    pages = int(open(f"/proc/{pid}/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def share(pid):
    """The process's share of the machine's memory: what several have together counts for each by its part."""
    line = next(l for l in open(f"/proc/{pid}/smaps_rollup") if l.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def main(row):
    if row == "start":
        show("Pool", best(start_pool, 5, pause=0.2))
        show("Executor", best(start_executor, 5, pause=0.2))
    elif row in ("spawn", "forkserver"):
        show("Pool", best(lambda: start_by(row), 5, pause=0.2))
    elif row == "map1":
        xs = range(200_000)
        both(lambda p: p.map(trivial, xs, 1), lambda e: list(e.map(trivial, xs)), 1)
        few = range(2_000)
        others(lambda v: v.map(trivial, few, chunksize=1).get(),
               lambda p, d: p(d(trivial)(i) for i in few), 100)
    elif row == "map":
        xs = range(200_000)
        both(lambda p: p.map(trivial, xs), lambda e: list(e.map(trivial, xs, chunksize=25_000)))
        others(lambda v: v.map(trivial, xs, chunksize=25_000).get(),
               lambda p, d: p(d(trivial)(i) for i in xs))
    elif row == "applyasync":
        both(lambda p: [r.get() for r in [p.apply_async(constant) for _ in range(50_000)]],
             lambda e: [f.result() for f in [e.submit(constant) for _ in range(50_000)]], 1)
        others(lambda v: [r.get() for r in [v.apply_async(constant) for _ in range(500)]],
               lambda p, d: p(d(constant)() for _ in range(500)), 100)
    elif row == "apply":
        with Pool(2) as p:
            p.apply(constant)
            show("Pool", best(lambda: [p.apply(constant) for _ in range(2000)]) / 2000)
        with ProcessPoolExecutor(2) as e:
            e.submit(constant).result()
            show("Executor", best(lambda: [e.submit(constant).result() for _ in range(2000)]) / 2000)
        others(lambda v: [v.apply_sync(constant) for _ in range(200)],
               lambda p, d: [p([d(constant)()]) for _ in range(200)], 1 / 200)
    elif row == "floats":
        xs = [array.array("d", bytes(100_000_000 // 8)) for _ in range(8)]
        both(lambda p: p.map(echo, xs), lambda e: list(e.map(echo, xs)))
        others(lambda v: v.map(echo, xs).get(), lambda p, d: p(d(echo)(x) for x in xs))
    elif row == "structs":
        xs = [[Small(i, i, 0.5) for i in range(125_000)] for _ in range(8)]
        both(lambda p: p.map(echo, xs), lambda e: list(e.map(echo, xs)), 1)
    elif row == "pi":
        xs = [(1, 5_000_000), (5_000_001, 10_000_000)]
        both(lambda p: p.map(pi, xs), lambda e: list(e.map(pi, xs)))
        others(lambda v: v.map(pi, xs).get(), lambda p, d: p(d(pi)(x) for x in xs))
    elif row in ("memory", "memoryShare"):
        with Pool(2) as p:
            p.map(trivial, range(100), 1)
            time.sleep(2)
            show("Pool", max((resident if row == "memory" else share)(w.pid) for w in p._pool))


if __name__ == "__main__":
    main(sys.argv[1])
