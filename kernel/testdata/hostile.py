"""The echo kernel among bad peers, over libzmq and plain sockets: it goes on serving a good one, and says what it refused."""

import hashlib
import hmac
import json
import socket
import struct
import time
import uuid

import zmq
from jupyter_client.manager import start_new_kernel

km, kc = start_new_kernel(kernel_name="echo")
key = km.session.key
context = zmq.Context()
CHANNELS = {"shell": km.shell_port, "control": km.control_port, "stdin": km.stdin_port}


def good(text):
    """A cell of the good client runs, and only it; so nothing of what came before was executed."""
    msg_id = kc.execute("print " + text)
    while True:
        m = kc.get_iopub_msg(timeout=20)
        if m["msg_type"] == "stream":
            assert m["content"]["text"] == text + "\n" and m["parent_header"]["msg_id"] == msg_id, m["content"]
        if m["parent_header"].get("msg_id") == msg_id and m["content"].get("execution_state") == "idle":
            break
    assert kc.get_shell_msg(timeout=20)["content"]["status"] == "ok"


def header(msg_type):
    return {"msg_id": uuid.uuid4().hex, "msg_type": msg_type, "session": "bad", "username": "bad", "date": "", "version": "5.3"}


def parts(msg_type="execute_request", content=None):
    return [json.dumps(p).encode() for p in (header(msg_type), {}, {}, content or {"code": "print hacked"})]


def sign(frames, with_key=key):
    h = hmac.new(with_key, digestmod=hashlib.sha256)
    for f in frames:
        h.update(f)
    return h.hexdigest().encode()


def dealer(port):
    s = context.socket(zmq.DEALER)
    s.linger = 1000
    s.connect(f"tcp://127.0.0.1:{port}")
    return s


# Unsigned, wrongly signed, truncated, malformed and huge messages on every channel.
for name, port in CHANNELS.items():
    s = dealer(port)
    p = parts()
    s.send_multipart([b"<IDS|MSG>", b""] + p)
    s.send_multipart([b"<IDS|MSG>", sign(p, b"wrong")] + p)
    s.send_multipart([b"<IDS|MSG>", sign(p)] + p[:3])
    s.send_multipart([b"<IDS|MSG>"])
    s.send_multipart([b""])
    s.send_multipart([b"x" * 300] * 20)
    s.send_multipart([b"<IDS|MSG>", b"0" * 64] + [b"x" * (20 << 20)] * 4)
    for broken in ([b"{", b"{}", b"{}", b"{}"], [b"[]", b"{}", b"{}", b"{}"], [p[0], b"7", b"{}", b"{}"], [p[0], b"{}", b"\xff", b"{}"],
                   [p[0], b"{}", b"{}", b"null garbage"], [b"{}", b"{}", b"{}", b"{}"]):
        s.send_multipart([b"<IDS|MSG>", sign(broken)] + broken)
    s.close()
    good("after " + name)

# A message that was signed by the good client and is sent again: to any channel, it is not run twice.
s = dealer(CHANNELS["shell"])
p = parts(content={"code": "value 1", "silent": True})
s.send_multipart([b"<IDS|MSG>", sign(p)] + p)
assert s.poll(10000) and json.loads(s.recv_multipart()[-1])["status"] == "ok"
for port in CHANNELS.values():
    again = dealer(port)
    again.send_multipart([b"<IDS|MSG>", sign(p)] + p)
    assert not again.poll(100), "a replayed message was answered"
    again.close()
good("after replay")

# Right signatures, wrong content: an error, no more.
for msg_type, content in (("execute_request", {"code": 7}), ("complete_request", {"code": "x", "cursor_pos": "y"}),
                          ("history_request", {"hist_access_type": "bogus"}), ("is_complete_request", {"code": [1]}),
                          ("inspect_request", {"code": None, "cursor_pos": 1e300})):
    p = parts(msg_type, content)
    s.send_multipart([b"<IDS|MSG>", sign(p)] + p)
    assert s.poll(10000), msg_type
    assert json.loads(s.recv_multipart()[-1])["status"] == "error", msg_type
s.close()
good("after wrong content")

# Peers that say nothing, and one that claims a huge frame.
silent = [socket.create_connection(("127.0.0.1", port)) for port in list(CHANNELS.values()) + [km.iopub_port, km.hb_port] for _ in range(20)]
greeting = b"\xff" + b"\0" * 8 + b"\x7f\x03\0" + b"NULL".ljust(20, b"\0") + b"\0" * 32
ready = b"\x05READY\x0bSocket-Type\0\0\0\x06DEALER"
liar = socket.create_connection(("127.0.0.1", km.shell_port))
liar.sendall(greeting + b"\x04" + bytes([len(ready)]) + ready + b"\x02" + struct.pack(">Q", 1 << 62) + b"x" * 100)
liar.settimeout(10)
while liar.recv(4096):
    pass
good("after silence and lies")

# A subscriber that never reads: what others print goes on.
deaf = context.socket(zmq.SUB)
deaf.rcvhwm = 1
deaf.rcvbuf = 4096
deaf.subscribe(b"")
deaf.connect(f"tcp://127.0.0.1:{km.iopub_port}")
assert deaf.poll(5000)
start = time.monotonic()
msg_id = kc.execute("lines 3000000")
lines = 0
while True:
    m = kc.get_iopub_msg(timeout=50)
    if m["msg_type"] == "stream":
        lines += m["content"]["text"].count("\n")
    if m["parent_header"].get("msg_id") == msg_id and m["content"].get("execution_state") == "idle":
        break
kc.get_shell_msg(timeout=20)
assert lines == 3_000_000, lines
assert time.monotonic() - start < 30, "a subscriber that does not read holds up the others"
good("after a deaf subscriber")

deaf.close(0)
for c in silent:
    c.close()
kc.stop_channels()
km.shutdown_kernel()
context.term()
print("passed")
