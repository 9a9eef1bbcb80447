#!/usr/bin/env bash
# CPython 3.11's pools: what one failing item takes with it depends on the chunk size, and on which pool it is.
#
# Items 0 to 7 in chunks of 4, item 1 raises:
# - Pool.map runs the failing chunk only up to the failing item (2 and 3 never run), all of the other chunk (4 to 7),
#   and raises only after that: no result of the seven good ones can be had.
# - Pool.imap with chunksize=1 goes on after the exception: the caller's next next() gives item 2. With chunksize=4 the
#   same exception is the end of the iteration, though items 4 to 7 have run: imap wraps the chunks in a generator
#   expression, and a generator that has raised is finished. The documentation calls chunksize a matter of speed.
# - ProcessPoolExecutor.map likewise ends at the exception.
#
# Seen with Debian's Python 3.11.2.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > try.py <<'P'
import multiprocessing, os, tempfile
from concurrent.futures import ProcessPoolExecutor

ran = tempfile.mkdtemp(dir=".")

def f(x):
    open(os.path.join(ran, str(x)), "w").close()
    if x == 1:
        raise ValueError(x)
    return x

def drain(it):
    out = []
    while True:
        try:
            out.append(next(it))
        except StopIteration:
            return out
        except ValueError:
            out.append("error")

if __name__ == "__main__":
    with multiprocessing.Pool(2) as p:
        try:
            p.map(f, range(8), chunksize=4)
        except ValueError:
            print("map chunksize=4: error, ran", *sorted(os.listdir(ran)))
        print("imap chunksize=1:", *drain(p.imap(f, range(8), chunksize=1)))
        print("imap chunksize=4:", *drain(p.imap(f, range(8), chunksize=4)))
    with ProcessPoolExecutor(2) as ex:
        print("executor chunksize=1:", *drain(ex.map(f, range(8), chunksize=1)))
P
/usr/bin/python3 -c 'import sys; print(sys.version)'
/usr/bin/python3 try.py | tee got
diff - got <<'W'
map chunksize=4: error, ran 0 1 4 5 6 7
imap chunksize=1: 0 error 2 3 4 5 6 7
imap chunksize=4: error
executor chunksize=1: 0 error
W
