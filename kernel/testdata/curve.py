"""The echo kernel over CurveZMQ: sockets that are set up as jupyter_client 8.9 does it, whatever release is installed here."""

import json
import time

import zmq
from jupyter_client.manager import KernelManager

public, secret = zmq.curve_keypair()
strict = True  # encrypt all that connects
connect = zmq.Socket.connect


def encrypted(self, address):
    if strict and address.startswith("tcp:"):
        if self.socket_type == zmq.REQ:  # the heartbeat's thread has a pair of its own
            self.curve_publickey, self.curve_secretkey = zmq.curve_keypair()
        else:
            self.curve_publickey, self.curve_secretkey = public, secret
        self.curve_serverkey = public
    return connect(self, address)


zmq.Socket.connect = encrypted


class Manager(KernelManager):
    def write_connection_file(self, **kwargs):
        super().write_connection_file(**kwargs)
        with open(self.connection_file) as f:
            info = json.load(f)
        info["curve_publickey"], info["curve_secretkey"] = public.decode(), secret.decode()
        with open(self.connection_file, "w") as f:
            json.dump(info, f)


km = Manager(kernel_name="echo")
km.start_kernel()
kc = km.client()
kc.start_channels()
kc.wait_for_ready(timeout=60)


def run(code):
    msg_id = kc.execute(code, allow_stdin=True)
    out = ""
    while True:
        m = kc.get_iopub_msg(timeout=60)
        if m["parent_header"].get("msg_id") != msg_id:
            continue
        if m["msg_type"] == "stream":
            out += m["content"]["text"]
        if m["content"].get("execution_state") == "idle":
            return out


assert run("lines 300000") == "".join(f"line {i}\n" for i in range(300_000))
long = "x" * 3_000_000
assert run("print " + long).strip() == long

kc.execute("input name?", allow_stdin=True)
assert kc.get_stdin_msg(timeout=20)["content"]["prompt"] == "name?"
kc.input("Ada")

kc.hb_channel.unpause()
until = time.monotonic() + 60
while not kc.hb_channel.is_beating():
    assert time.monotonic() < until, "the heart does not beat"
    time.sleep(0.1)

# Who has no key, or another one, hears nothing; and a client without encryption is not mistaken for one with.
context = zmq.Context()
strict = False
ports = [km.shell_port, km.iopub_port, km.stdin_port, km.control_port, km.hb_port]
for name in "plain", "another key":
    for port in ports:
        s = context.socket(zmq.DEALER)
        # Not get_monitor_socket, whose name goes by a descriptor that an earlier socket may still have while it closes.
        events = context.socket(zmq.PAIR)
        s.monitor(f"inproc://{name}-{port}", zmq.EVENT_ALL)
        events.connect(f"inproc://{name}-{port}")
        if name != "plain":
            s.curve_publickey, s.curve_secretkey = zmq.curve_keypair()
            s.curve_serverkey = zmq.curve_keypair()[0]
        s.connect(f"tcp://127.0.0.1:{port}")
        refused = False
        while not refused:
            assert events.poll(20000), f"{name}: the kernel keeps the connection"
            event = int.from_bytes(events.recv_multipart()[0][:2], "little")
            assert event != zmq.EVENT_HANDSHAKE_SUCCEEDED, f"{name}: connected"
            refused = event in (zmq.EVENT_DISCONNECTED, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
        assert not s.poll(0), f"{name}: an answer"
        s.disable_monitor()
        events.close(0)
        s.close(0)
strict = True
assert run("print still") == "still\n"

km.restart_kernel(now=True)
kc.wait_for_ready(timeout=60)
assert run("print again") == "again\n"
kc.stop_channels()
km.shutdown_kernel()
context.destroy(linger=0)
