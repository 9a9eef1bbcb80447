#!/usr/bin/env bash
# CPython 3.11's pools: what a task changes in its argument reaches the next task of the same chunk, and only that.
#
# A chunk is pickled as one value, so items that are the same object in the parent are one object again in the worker. A
# function that writes to its argument then sees what earlier items of its chunk have written, while items of other chunks
# start from the parent's state: results depend on chunksize, and as its default depends on the number of items and workers,
# on the machine. Likewise maxtasksperchild, "the number of tasks a worker process can complete before it will exit", counts
# chunks: with 1, a worker still runs a whole chunk of items. The documentation calls chunksize a matter of speed.
#
# Seen with Debian's Python 3.11.2, one list passed eight times, each task appends to it and returns its length:
# chunksize 1: eight times 1; chunksize 4: 1 2 3 4 1 2 3 4, by Pool.map, Pool.imap and ProcessPoolExecutor.map alike.
# 32 items with maxtasksperchild=1 and chunksize 4: 8 processes instead of 32.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > try.py <<'P'
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool

def append(xs):
    xs.append(0)
    return len(xs)

def process(_):
    return os.getpid()

if __name__ == "__main__":
    xs = []
    with Pool(1) as p:
        print(p.map(append, [xs] * 8, chunksize=1))
        print(p.map(append, [xs] * 8, chunksize=4))
        print(list(p.imap(append, [xs] * 8, chunksize=4)))
    with ProcessPoolExecutor(1) as ex:
        print(list(ex.map(append, [xs] * 8, chunksize=4)))
    for size in 1, 4:
        with Pool(2, maxtasksperchild=1) as p:
            print(len(set(p.map(process, range(32), chunksize=size))), "processes")
P
cat > want <<'W'
[1, 1, 1, 1, 1, 1, 1, 1]
[1, 2, 3, 4, 1, 2, 3, 4]
[1, 2, 3, 4, 1, 2, 3, 4]
[1, 2, 3, 4, 1, 2, 3, 4]
32 processes
8 processes
W
/usr/bin/python3 --version
/usr/bin/python3 try.py | tee seen
diff want seen || { echo "this has changed"; exit 1; }
