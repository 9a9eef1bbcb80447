"""A client in the style of Jupyter's documentation: requests for REST, websocket-client for a kernel's channels.

usage: client.py URL TOKEN KERNEL

It exits with a traceback when the server does not behave as Jupyter's.
"""

import base64
import json
import sys
import threading
import uuid
from datetime import datetime, timezone

import requests
import websocket

BASE, TOKEN, KERNEL = sys.argv[1:4]
HEADERS = {"Authorization": "Token " + TOKEN}


def api(method, path, status, **kw):
    r = requests.request(method, BASE + path, headers=HEADERS, timeout=60, **kw)
    assert r.status_code == status, (method, path, r.status_code, r.text)
    return r.json() if r.content else None


def message(msg_type, content, session, **kw):
    header = {
        "msg_id": uuid.uuid4().hex,
        "username": "test",
        "session": session,
        "date": datetime.now(timezone.utc).isoformat(),
        "msg_type": msg_type,
        "version": "5.3",
    }
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", **kw}


def execute(ws, code, session):
    request = message(
        "execute_request",
        {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True, "stop_on_error": False},
        session,
    )
    ws.send(json.dumps(request))
    text, reply, idle, result = "", None, False, None
    while not (reply and idle):
        m = json.loads(ws.recv())
        if m["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        kind = m["msg_type"]
        assert kind == m["header"]["msg_type"]
        if kind == "stream":
            text += m["content"]["text"]
        elif kind == "execute_result":
            result = m["content"]["data"]["text/plain"]
        elif kind == "execute_reply":
            assert m["channel"] == "shell"
            reply = m["content"]
        elif kind == "input_request":
            assert m["channel"] == "stdin"
            answer = message("input_reply", {"value": "typed"}, session, channel="stdin")
            answer["parent_header"] = m["header"]
            ws.send(json.dumps(answer))
        elif kind == "status":
            idle = m["content"]["execution_state"] == "idle"
    return reply["status"], text, result


# What clients ask before anything else.
assert "version" in requests.get(BASE + "/api", timeout=10).json()
assert requests.get(BASE + "/api/status", timeout=10).status_code == 403
assert requests.get(BASE + "/tree?token=" + TOKEN, timeout=10, allow_redirects=False).status_code == 200
assert requests.get(BASE + "/hub/api", timeout=10).status_code == 404
status = api("GET", "/api/status", 200)
assert {"started", "last_activity", "kernels", "connections"} <= set(status), status
assert api("GET", "/api/me", 200)["identity"]["username"]
specs = api("GET", "/api/kernelspecs", 200)
assert KERNEL in specs["kernelspecs"] and specs["default"] in specs["kernelspecs"], specs
for url in specs["kernelspecs"][KERNEL]["resources"].values():
    r = requests.get(BASE + url, headers=HEADERS, timeout=10)
    assert r.status_code == 200 and r.headers["Content-Type"].startswith("image/"), r.headers

# Contents.
nb = api("POST", "/api/contents", 201, json={"type": "notebook"})
assert nb["path"] == "Untitled.ipynb" and nb["type"] == "notebook" and nb["content"] is None, nb
full = api("GET", "/api/contents/" + nb["path"] + "?type=notebook&content=1&hash=1&contentProviderId=undefined", 200)
assert full["format"] == "json" and full["content"]["nbformat"] == 4 and len(full["hash"]) == 64
full["content"]["cells"].append({"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# hé\nb"})
saved = api("PUT", "/api/contents/" + nb["path"], 200, json={"type": "notebook", "format": "json", "content": full["content"]})
assert saved["last_modified"] >= full["last_modified"] and saved["hash"] != full["hash"]
assert api("GET", "/api/contents/" + nb["path"], 200)["content"]["cells"][0]["source"] == "# hé\nb"
checkpoint = api("POST", "/api/contents/" + nb["path"] + "/checkpoints", 201)
assert api("GET", "/api/contents/" + nb["path"] + "/checkpoints", 200) == [checkpoint]
api("POST", "/api/contents/" + nb["path"] + "/checkpoints/" + checkpoint["id"], 204)
api("PUT", "/api/contents/dir%20%C3%A9", 201, json={"type": "directory"})
moved = api("PATCH", "/api/contents/" + nb["path"], 200, json={"path": "dir é/m.ipynb"})
assert moved["path"] == "dir é/m.ipynb" and moved["name"] == "m.ipynb"
copy = api("POST", "/api/contents/dir%20%C3%A9", 201, json={"copy_from": "dir é/m.ipynb"})
assert copy["path"] == "dir é/m-Copy1.ipynb"
data = bytes(range(256))
api("PUT", "/api/contents/bin.dat", 201, json={"type": "file", "format": "base64", "content": base64.b64encode(data).decode()})
r = requests.get(BASE + "/files/bin.dat?download=1", headers=HEADERS, timeout=10)
assert r.content == data and "attachment" in r.headers["Content-Disposition"]
names = [e["name"] for e in api("GET", "/api/contents", 200)["content"]]
assert names == ["bin.dat", "dir é"], names
api("DELETE", "/api/contents/bin.dat", 204)
api("GET", "/api/contents/bin.dat", 404)

# A session with a kernel, its channels in the default protocol.
session = api("POST", "/api/sessions", 201, json={"path": "dir é/m.ipynb", "name": "m.ipynb", "type": "notebook", "kernel": {"name": KERNEL}})
again = api("POST", "/api/sessions", 201, json={"path": "dir é/m.ipynb", "name": "m.ipynb", "type": "notebook", "kernel": {"name": KERNEL}})
assert again["id"] == session["id"]
kid = session["kernel"]["id"]
sid = uuid.uuid4().hex
url = BASE.replace("http", "ws") + "/api/kernels/" + kid + "/channels?session_id=" + sid
ws = websocket.create_connection(url, header=HEADERS, timeout=60)
assert execute(ws, "x = 20 + 1\nx * 2", sid) == ("ok", "", "42")
assert execute(ws, "print(input('name? '))", sid) == ("ok", "typed\n", None)
assert execute(ws, "1/0", sid)[0] == "error"
threading.Timer(1, lambda: api("POST", "/api/kernels/" + kid + "/interrupt", 204)).start()
assert execute(ws, "import time\nfor i in range(600): time.sleep(0.1)", sid)[0] == "error"
assert api("GET", "/api/kernels/" + kid, 200)["connections"] == 1
assert api("POST", "/api/kernels/" + kid + "/restart", 200)["id"] == kid
assert execute(ws, "x", sid)[0] == "error"

# The query's token, as browsers' websockets send it, and what happened while nobody was there.
ws.send(json.dumps(message("execute_request", {"code": "import time; time.sleep(1); print('meanwhile')", "silent": False, "stop_on_error": False}, sid)))
ws.close()
ws = websocket.create_connection(url + "&token=" + TOKEN, timeout=60)
while True:
    m = json.loads(ws.recv())
    if m["msg_type"] == "stream":
        assert m["content"]["text"] == "meanwhile\n"
        break
renamed = api("PATCH", "/api/sessions/" + session["id"], 200, json={"path": "n.ipynb"})
assert renamed["path"] == "n.ipynb" and renamed["kernel"]["id"] == kid
api("DELETE", "/api/sessions/" + session["id"], 204)
api("GET", "/api/kernels/" + kid, 404)
assert api("GET", "/api/sessions", 200) == []
assert api("GET", "/api/terminals", 200) == []
terminal = api("POST", "/api/terminals", 200, json={})
ws = websocket.create_connection(BASE.replace("http", "ws") + "/terminals/websocket/" + terminal["name"] + "?token=" + TOKEN, timeout=60)
assert json.loads(ws.recv())[0] == "setup"
ws.send(json.dumps(["stdin", "echo $((6*7))=\r"]))
said = ""
while "42=" not in said:
    word, text = json.loads(ws.recv())
    assert word == "stdout"
    said += text
api("DELETE", "/api/terminals/" + terminal["name"], 204)
api("GET", "/api/terminals/" + terminal["name"], 404)
print("ok")
