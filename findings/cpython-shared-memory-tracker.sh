#!/usr/bin/env bash
# CPython 3.11: a program that only attaches to a SharedMemory block and closes it destroys the block when it ends.
#
# SharedMemory(name) registers the block with the attaching program's resource tracker just as creating it does. A child
# of multiprocessing shares its parent's tracker, so nothing is seen there; a program that was started on its own (a
# second notebook, a script, a kernel in another language's test) has a tracker that unlinks the block at exit and calls
# it leaked, while its owner still uses it. Python 3.13 added track=False for this; the default stayed.
#
# Seen with Debian's Python 3.11.2: "gone" after another program attached, closed and ended; "still there" before.
set -euo pipefail
/usr/bin/python3 -c 'import sys; print(sys.version)'
seen=$(/usr/bin/python3 -W ignore - 2>/dev/null <<'P'
import subprocess, sys
from multiprocessing import resource_tracker, shared_memory

block = shared_memory.SharedMemory(create=True, size=4096)

def there():
    try:
        fd = open("/dev/shm" + "/" + block.name.lstrip("/"))
        fd.close()
        return "still there"
    except FileNotFoundError:
        return "gone"

print(there())
attach = "from multiprocessing import shared_memory; shared_memory.SharedMemory(%r).close()" % block.name
subprocess.run([sys.executable, "-W", "ignore", "-c", attach], check=True, capture_output=True)
print(there())
resource_tracker.unregister(block._name, "shared_memory")  # so that this program does not look for it again
block.close()
P
)
echo "$seen"
[ "$seen" = "$(printf 'still there\ngone')" ]
