"""Measures a kernel's answer through a server's websocket and over its own sockets, in turns, with the same client in Python.

usage: roundtrip.py URL TOKEN KERNEL [N]

It prints medians in milliseconds. It also runs against Jupyter's own server.
"""

import json
import statistics
import sys
import time
import uuid
from pathlib import Path

import requests
import websocket
from jupyter_client import BlockingKernelClient
from jupyter_core.paths import jupyter_runtime_dir

BASE, TOKEN, KERNEL = sys.argv[1:4]
N = int(sys.argv[4]) if len(sys.argv) > 4 else 300
HEADERS = {"Authorization": "token " + TOKEN}

before = set(Path(jupyter_runtime_dir()).glob("kernel-*.json"))
kernel = requests.post(BASE + "/api/kernels", json={"name": KERNEL}, headers=HEADERS, timeout=60).json()
file = max(set(Path(jupyter_runtime_dir()).glob("kernel-*.json")) - before, key=lambda p: p.stat().st_mtime)
direct = BlockingKernelClient(connection_file=str(file))
direct.load_connection_file()
direct.start_channels()
direct.wait_for_ready(timeout=60)
ws = websocket.create_connection(
    BASE.replace("http", "ws") + "/api/kernels/" + kernel["id"] + "/channels?session_id=x", header=HEADERS, timeout=60
)


def through_server():
    mid = uuid.uuid4().hex
    header = {"msg_id": mid, "username": "t", "session": "x", "date": "2026-01-01T00:00:00Z", "msg_type": "kernel_info_request", "version": "5.3"}
    start = time.perf_counter()
    ws.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": {}, "channel": "shell"}))
    while True:
        m = json.loads(ws.recv())
        if m["channel"] == "shell" and m["parent_header"].get("msg_id") == mid:
            return (time.perf_counter() - start) * 1000


def own():
    start = time.perf_counter()
    mid = direct.kernel_info()
    while direct.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != mid:
        pass
    return (time.perf_counter() - start) * 1000


for _ in range(20):
    through_server(), own()
pairs = [(through_server(), own()) for _ in range(N)]
print("through the server %.2f ms, own sockets %.2f ms" % tuple(statistics.median(c) for c in zip(*pairs)))
direct.stop_channels()
ws.close()
requests.delete(BASE + "/api/kernels/" + kernel["id"], headers=HEADERS, timeout=60)
