"""The echo kernel through jupyter_client and libzmq: what a stock front end does, and what it must get."""

import queue
import time

import zmq
from jupyter_client.manager import start_new_kernel

km, kc = start_new_kernel(kernel_name="echo")


def run(code, **options):
    """Runs a cell; returns its messages on iopub up to idle, and the reply."""
    msg_id = kc.execute(code, **options)
    messages = []
    while True:
        m = kc.get_iopub_msg(timeout=60)
        if m["parent_header"].get("msg_id") != msg_id:
            continue
        messages.append(m)
        if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
            break
    while True:
        reply = kc.get_shell_msg(timeout=60)
        if reply["parent_header"]["msg_id"] == msg_id:
            return messages, reply


def text(messages):
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


# A million lines, complete and in order.
start = time.monotonic()
messages, reply = run("lines 1000000")
took = time.monotonic() - start
assert text(messages) == "".join(f"line {i}\n" for i in range(1_000_000)), "lines are missing or out of order"
print(f"1,000,000 lines in {took:.2f} s and {len(messages)} messages")

# A client that stops reading for a while loses nothing, and the kernel answers others meanwhile.
msg_id = kc.execute("lines 3000000")
time.sleep(3)
assert kc.is_alive()
seen = []
while True:
    m = kc.get_iopub_msg(timeout=60)
    if m["parent_header"].get("msg_id") == msg_id:
        seen.append(m)
        if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
            break
assert text(seen).count("\n") == 3_000_000, "lines are missing"
kc.get_shell_msg(timeout=60)

# Input by stdin, on the identity that shell and stdin share.
kc.execute("input name?", allow_stdin=True)
m = kc.get_stdin_msg(timeout=10)
assert m["content"] == {"prompt": "name?", "password": False}, m["content"]
kc.input("Ada")
assert kc.get_shell_msg(timeout=10)["content"]["status"] == "ok"

# Interrupts: by the manager's signal, and by message on control.
for interrupt in (km.interrupt_kernel, lambda: kc.control_channel.send(kc.session.msg("interrupt_request", {}))):
    msg_id = kc.execute("print here\nwait")
    while True:
        m = kc.get_iopub_msg(timeout=10)
        if m["msg_type"] == "stream" and m["parent_header"]["msg_id"] == msg_id:
            break
    interrupt()
    reply = kc.get_shell_msg(timeout=5)
    assert reply["content"]["ename"] == "Interrupted", reply["content"]

# Aborted after an error, which comes when the others have been sent.
ids = [kc.execute("input go on?\nerror x", allow_stdin=True), kc.execute("print 1"), kc.execute("print 2")]
kc.get_stdin_msg(timeout=10)
kc.input("yes")
statuses = [kc.get_shell_msg(timeout=10)["content"]["status"] for _ in ids]
assert statuses == ["error", "aborted", "aborted"], statuses
time.sleep(0.2)

# A late subscriber is greeted, and gets only what comes then (JEP 65).
context = zmq.Context()
sub = context.socket(zmq.SUB)
sub.subscribe(b"")
sub.connect(f"tcp://127.0.0.1:{km.iopub_port}")
topic, delimiter, *_ = sub.recv_multipart()
assert topic == b"iopub_welcome" and delimiter == b"<IDS|MSG>", topic
filtered = context.socket(zmq.SUB)
filtered.subscribe(b"nothing has this topic")
filtered.connect(f"tcp://127.0.0.1:{km.iopub_port}")
assert filtered.recv_multipart()[0].startswith(b"nothing has this topic")
run("print x")
assert sub.poll(5000) and not filtered.poll(100)
sub.close(0)
filtered.close(0)
context.term()

# Restart, and the same client goes on.
km.restart_kernel(now=False)
kc.wait_for_ready(timeout=20)
messages, reply = run("print again")
assert text(messages) == "again\n" and reply["content"]["execution_count"] == 1

# The reply to a shutdown arrives.
for _ in range(3):
    try:
        while True:
            kc.get_iopub_msg(timeout=0.2)
    except queue.Empty:
        break
reply = kc.shutdown(reply=True, timeout=5)
assert reply["content"]["restart"] is False and reply["msg_type"] == "shutdown_reply", reply
kc.stop_channels()
for _ in range(100):
    if not km.is_alive():
        break
    time.sleep(0.05)
else:
    raise AssertionError("the kernel is still there")
print("passed")
