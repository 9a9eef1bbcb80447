"""Much output of the installed kernel at a stock client, beside ipykernel's in the same run."""

import os
import re
import time

from jupyter_client.manager import start_new_kernel

LINES = 1_000_000
PRINT = {"poolbook": "for i := range {n} { fmt.Println(i) }", "python3": "for i in range({n}): print(i)"}


def execute(kc, code, pause=None, until=None):
    """Runs a cell; returns its text and all its messages. pause: seconds not to read for at the start. until: what ends the wait."""
    msg_id = kc.execute(code)
    if pause:
        time.sleep(pause)
    text, messages = [], []
    while True:
        m = kc.get_iopub_msg(timeout=120)
        if m["parent_header"].get("msg_id") != msg_id:
            continue
        messages.append(m)
        if m["msg_type"] == "stream":
            text.append(m["content"]["text"])
        if until and until(text):
            return "".join(text), messages
        if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
            assert kc.get_shell_msg(timeout=60)["content"]["status"] == "ok"
            return "".join(text), messages


def rss(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024


kernels = {name: start_new_kernel(kernel_name=name) for name in PRINT}
best = {name: float("inf") for name in PRINT}
want = "".join(f"{i}\n" for i in range(LINES))
for _ in range(2):
    for name, (km, kc) in kernels.items():
        begin = time.monotonic()
        text, messages = execute(kc, PRINT[name].replace("{n}", str(LINES)))
        best[name] = min(best[name], time.monotonic() - begin)
        assert text == want, f"{name}: lines are missing or out of order"
        print(f"{name}: {LINES:,} lines in {len(messages)} messages")
print({name: f"{LINES / seconds:,.0f} lines/s" for name, seconds in best.items()})
assert best["poolbook"] <= best["python3"], best
km, kc = kernels.pop("python3")
kc.stop_channels()
km.shutdown_kernel()

km, kc = kernels["poolbook"]
pid = km.provisioner.pid

# A client that stops reading for ten seconds: more is printed meanwhile than any queue on the way takes.
text, _ = execute(kc, "for i := range 4000000 { fmt.Println(i) }", pause=10)
assert text.count("\n") == 4_000_000 and text.endswith("3999999\n"), "lines are missing"
print("nothing is lost to a client that stops reading for ten seconds")

# Printing without end: the memory stays, and an interrupt is heard at once.
before = rss(pid)
msg_id = kc.execute('for { fmt.Println("without end, without end, without end") }')
end = time.monotonic() + 5
most = 0
while time.monotonic() < end:
    m = kc.get_iopub_msg(timeout=30)
    most = max(most, rss(pid))
kc.control_channel.send(kc.session.msg("interrupt_request", {}))
begin = time.monotonic()
while True:
    m = kc.get_iopub_msg(timeout=30)
    if m["parent_header"].get("msg_id") == msg_id and m["msg_type"] == "error":
        break
took = time.monotonic() - begin
reply = kc.get_shell_msg(timeout=10)
assert reply["content"]["status"] == "error", reply["content"]
print(f"interrupted after {took * 1000:.0f} ms; memory {before:.0f} MiB before, {most:.0f} MiB at most")
assert took < 3, took  # the client has to read what was sent before
assert most < before + 150, (before, most)
while kc.get_iopub_msg(timeout=30)["content"].get("execution_state") != "idle":
    pass

# The same with a client that does not read at all.
msg_id = kc.execute("for { fmt.Println(1) }")
time.sleep(2)
begin = time.monotonic()
kc.control_channel.send(kc.session.msg("interrupt_request", {}))
reply = kc.get_shell_msg(timeout=10)
assert reply["content"]["status"] == "error" and time.monotonic() - begin < 1, "the interrupt waits for the reader"
while True:
    m = kc.get_iopub_msg(timeout=30)
    if m["parent_header"].get("msg_id") == msg_id and m["content"].get("execution_state") == "idle":
        break

# What is past the cap is on disk, and the cell says where.
code = 'line := strings.Repeat("x", 1<<20-1)\nfor range 70 { fmt.Println(line) }'
text, messages = execute(kc, code)
assert len(text) == 64 << 20, len(text)
note = [m["content"]["data"]["text/plain"] for m in messages if "display" in m["msg_type"]][-1]
print(note)
held = int(re.search(r"(\d+) bytes more", note).group(1))
path = re.search(r'os.ReadFile\("([^"]+)"\)', note).group(1)
assert held == 6 << 20 and os.path.getsize(path) == held, (held, os.path.getsize(path))
text, _ = execute(kc, f'data, err := os.ReadFile("{path}")\nfmt.Println(len(data), err)')
assert text == f"{held} <nil>\n", text

kc.stop_channels()
km.shutdown_kernel()
assert not os.path.exists(path), "the file outlives the kernel"
print("passed")
