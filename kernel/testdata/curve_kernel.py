"""ipykernel with the sockets that release 7.3 has when the connection file has keys, whatever release is installed here."""

import json
import sys

import zmq
from ipykernel.kernelapp import launch_new_instance

with open(sys.argv[2]) as f:
    info = json.load(f)
bind = zmq.Socket.bind


def encrypted(self, address):
    if address.startswith("tcp:"):
        self.curve_secretkey = info["curve_secretkey"].encode()
        self.curve_publickey = info["curve_publickey"].encode()
        self.curve_server = True
    return bind(self, address)


zmq.Socket.bind = encrypted
launch_new_instance()
