"""What the installed kernel does for a stock client, over libzmq and jupyter_client."""

import json
import os
import queue
import subprocess
import sys
import time
import unittest

from jupyter_client.manager import start_new_kernel


class Client:
    """One kernel and one client of it; every message is kept with its parent."""

    def __init__(self):
        self.km, self.kc = start_new_kernel(kernel_name="poolbook")

    def close(self):
        self.kc.stop_channels()
        self.km.shutdown_kernel()

    def send(self, msg_type, content, channel="shell", **header):
        msg = self.kc.session.msg(msg_type, content)
        msg["header"].update(header)
        msg["msg_id"] = msg["header"]["msg_id"]
        getattr(self.kc, channel + "_channel").send(msg)
        return msg["header"]["msg_id"]

    def until_idle(self, msg_id, timeout=60):
        """The messages on iopub that have the request as parent, up to idle."""
        seen = []
        while True:
            m = self.kc.get_iopub_msg(timeout=timeout)
            if m["parent_header"].get("msg_id") != msg_id:
                continue
            seen.append(m)
            if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle":
                return seen

    def reply(self, msg_id, channel="shell", timeout=60):
        """The reply to a request. Those of subshells come in any order: others that come before it are kept."""
        kept = self.__dict__.setdefault("kept", {})
        while msg_id not in kept:
            m = getattr(self.kc, "get_" + channel + "_msg")(timeout=timeout)
            kept[m["parent_header"].get("msg_id")] = m["content"]
        return kept.pop(msg_id)

    def request(self, msg_type, content, channel="shell", **header):
        return self.reply(self.send(msg_type, content, channel, **header), channel)

    def run(self, code, **options):
        """Runs a cell; returns its messages and its reply."""
        msg_id = self.kc.execute(code, **options)
        messages = self.until_idle(msg_id)
        return messages, self.reply(msg_id)

    def next(self, want, timeout=30):
        """The next message on iopub that want accepts."""
        end = time.monotonic() + timeout
        while True:
            m = self.kc.get_iopub_msg(timeout=max(0.01, end - time.monotonic()))
            if want(m):
                return m


def text(messages, name="stdout"):
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream" and m["content"]["name"] == name)


def of_type(messages, msg_type):
    return [m["content"] for m in messages if m["msg_type"] == msg_type]


class KernelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.c = Client()

    @classmethod
    def tearDownClass(cls):
        cls.c.close()

    def ok(self, code, **options):
        messages, reply = self.c.run(code, **options)
        self.assertEqual(reply["status"], "ok", reply)
        return messages, reply


class TestInput(KernelTest):
    def ask(self, code, *answers):
        """Runs a cell that asks; returns the questions, its output and its reply."""
        msg_id = self.c.kc.execute(code, allow_stdin=True)
        questions = []
        for a in answers:
            q = self.c.kc.get_stdin_msg(timeout=30)
            self.assertEqual(q["parent_header"]["msg_id"], msg_id)
            questions.append(q["content"])
            self.c.kc.input(a)
        return questions, text(self.c.until_idle(msg_id)), self.c.reply(msg_id)

    def test_scanln(self):
        _, out, _ = self.ask("var a string; var n int\nfmt.Scanln(&a, &n)\nfmt.Println(a, n+1)", "Ada 41")
        self.assertEqual(out, "Ada 42\n")

    def test_scanner_until_the_end(self):
        code = "in := bufio.NewScanner(os.Stdin)\nsum := 0\nfor in.Scan() {\n\tn, _ := strconv.Atoi(in.Text())\n\tsum += n\n}\nfmt.Println(sum, in.Err())"
        _, out, _ = self.ask(code, "20", "22", "\x04")
        self.assertEqual(out, "42 <nil>\n")

    def test_reader_keeps_what_was_not_read(self):
        _, out, _ = self.ask("var a, b int\nfmt.Scan(&a)\nfmt.Scan(&b)\nfmt.Println(a * b)", "6 7")
        self.assertEqual(out, "42\n")

    def test_prompt_and_password(self):
        questions, out, _ = self.ask('fmt.Print("before ")\nn, _ := display.Input("name? ")\np, _ := display.Password("secret? ")\nfmt.Println(n, len(p))', "Ada", "hidden")
        self.assertEqual(questions, [{"prompt": "name? ", "password": False}, {"prompt": "secret? ", "password": True}])
        self.assertEqual(out, "before Ada 6\n")

    def test_not_allowed(self):
        messages, reply = self.c.run("var s string\n_, err := fmt.Scanln(&s)\nfmt.Println(err)\nfmt.Scanln(&s)", allow_stdin=False)
        self.assertEqual(reply["status"], "ok")
        self.assertIn("allow_stdin", text(messages))
        self.assertEqual(text(messages, "stderr").count("does not ask its user for input"), 1)

    def test_interrupted_question(self):
        msg_id = self.c.kc.execute("var s string\nfmt.Scanln(&s)", allow_stdin=True)
        self.c.kc.get_stdin_msg(timeout=30)
        self.c.request("interrupt_request", {}, "control")
        self.assertEqual(self.c.reply(msg_id)["status"], "error")


class TestExecute(KernelTest):
    def test_user_expressions(self):
        _, reply = self.ok("alpha := 6\n", user_expressions={"a": "alpha * 7", "bad": "nothing", "no": "beta := 1", "t": "[]struct{A int}{{1}}"})
        e = reply["user_expressions"]
        self.assertEqual(e["a"]["data"]["text/plain"], "42")
        self.assertEqual(e["bad"]["status"], "error")
        self.assertIn("undefined: nothing", e["bad"]["evalue"])
        self.assertEqual(e["no"]["status"], "error")
        self.assertIn("not an expression", e["no"]["evalue"])
        self.assertIn("<table>", e["t"]["data"]["text/html"])
        messages, reply = self.c.run("beta")
        self.assertEqual(reply["status"], "error", "a user expression has declared a name")

    def test_stop_on_error(self):
        ids = [self.c.kc.execute(c) for c in ("time.Sleep(100 * time.Millisecond)\npanic(1)", "1", "2")]
        self.assertEqual([self.c.reply(i)["status"] for i in ids], ["error", "aborted", "aborted"])
        time.sleep(0.2)
        ids = [self.c.kc.execute(c, stop_on_error=False) for c in ("time.Sleep(100 * time.Millisecond)\npanic(1)", "1")]
        self.assertEqual([self.c.reply(i)["status"] for i in ids], ["error", "ok"])

    def test_silent_and_unstored(self):
        _, reply = self.ok("1")
        n = reply["execution_count"]
        messages, reply = self.c.run('fmt.Println("x")\n7', silent=True)
        self.assertEqual([m["msg_type"] for m in messages], ["status", "status"])
        _, reply = self.ok("2", store_history=False)
        _, reply = self.ok("3")
        self.assertEqual(reply["execution_count"], n + 1)

    def test_late_output_has_the_cell_as_parent(self):
        msg_id = self.c.kc.execute("go func() { time.Sleep(300 * time.Millisecond); fmt.Println(\"late\") }()")
        self.c.until_idle(msg_id)
        self.ok("5")
        m = self.c.next(lambda m: m["msg_type"] == "stream")
        self.assertEqual((m["content"]["text"], m["parent_header"]["msg_id"]), ("late\n", msg_id))

    def test_update_display(self):
        messages, _ = self.ok('display.Update("bar", 1)\ndisplay.Update("bar", "two")')
        other, _ = self.ok('display.Update("bar", 3)')
        shown = [(m["msg_type"], m["content"]["data"]["text/plain"], m["content"]["transient"]["display_id"])
                 for m in messages + other if "display" in m["msg_type"]]
        self.assertEqual([s[1:] for s in shown], [("1", "bar"), ('"two"', "bar"), ("3", "bar")])
        self.assertEqual([s[0] for s in shown], ["display_data", "update_display_data", "update_display_data"])
        # A cell that is run again has lost what it showed; another cell has not.
        again, _ = self.ok('display.Update("bar", 1)\ndisplay.Update("bar", "two")')
        self.assertEqual([m["msg_type"] for m in again if "display" in m["msg_type"]], ["display_data", "update_display_data"])

    def test_tables_and_long_values(self):
        messages, _ = self.ok("rows := make([]struct{ Name string; N int }, 500)\nrows")
        html = of_type(messages, "execute_result")[0]["data"]["text/html"]
        self.assertEqual(html.count("<tr>"), 61)
        self.assertIn("display.All shows all", html)
        messages, _ = self.ok("display.All(rows)")
        self.assertEqual(of_type(messages, "display_data")[0]["data"]["text/html"].count("<tr>"), 501)
        messages, _ = self.ok('map[string]struct{ N int }{"a": {1}, "b": {2}}')
        self.assertIn("<th>a</th>", of_type(messages, "execute_result")[0]["data"]["text/html"])

    def test_errors_in_full(self):
        messages, _ = self.ok('fmt.Errorf("open: %w", fs.ErrNotExist)')
        self.assertIn("wraps: file does not exist", of_type(messages, "execute_result")[0]["data"]["text/plain"])

    def test_question(self):
        _, reply = self.ok("?strings.Repeat")
        self.assertIn("Repeat returns a new string", reply["payload"][0]["data"]["text/plain"])

    def test_deadlock_and_exit(self):
        for code, want in (("os.Exit(3)", "exit"), ('log.Fatal("x")', "exit"), ("var f func(int) int\nf = func(n int) int { return f(n+1) }\nf(0)", "stack")):
            _, reply = self.c.run(code)
            self.assertEqual(reply["status"], "error")
            self.assertIn(want, (reply["ename"] + reply["evalue"]).lower(), code)
        self.ok("1")


class TestHelp(KernelTest):
    def complete(self, code, cursor=None):
        return self.c.request("complete_request", {"code": code, "cursor_pos": len(code) if cursor is None else cursor})

    def test_positions_are_characters(self):
        code = 'größe := "𝄞é"; fmt.Printl'
        r = self.complete(code)
        self.assertEqual((r["matches"][0], r["cursor_start"], r["cursor_end"]), ("Println", len(code) - 6, len(code)))
        r = self.complete(code + "x; 1", len(code))
        self.assertEqual((r["cursor_start"], r["cursor_end"]), (len(code) - 6, len(code) + 1))
        item = self.complete(code)["metadata"]["_jupyter_types_experimental"][0]
        self.assertEqual((item["text"], item["type"], item["start"]), ("Println", "function", len(code) - 6))
        self.assertIn("func(a ...any)", item["signature"])

    def test_inspect(self):
        self.ok("// triple makes three of one.\nfunc triple(n int) int { return 3 * n }\nvalue := []int{1, 2}")
        def inspect(code, cursor, detail=0):
            r = self.c.request("inspect_request", {"code": code, "cursor_pos": cursor, "detail_level": detail})
            return r["data"].get("text/plain", "")
        self.assertIn("triple makes three of one.", inspect("é𝄞 := 1; triple", 14))
        self.assertNotIn("return 3 * n", inspect("triple", 3))
        self.assertIn("return 3 * n", inspect("triple", 3, 1))
        self.assertIn("= []int{1, 2}", inspect("value", 2))
        self.assertIn("Println formats using the default formats", inspect("fmt.Println", 6))
        self.assertIn("Map", inspect("pool.Map", 6))

    def test_while_a_cell_runs(self):
        """Completion goes to a subshell while the main shell is busy."""
        sub = self.c.request("create_subshell_request", {}, "control")["subshell_id"]
        busy = self.c.kc.execute("var stopNow atomic.Bool\nfmt.Println(\"it runs\")\nfor !stopNow.Load() { time.Sleep(time.Millisecond) }")
        self.c.next(lambda m: m["msg_type"] == "stream" and m["parent_header"]["msg_id"] == busy)  # its names are known now
        r = self.c.request("complete_request", {"code": "strings.ToUp", "cursor_pos": 12}, subshell_id=sub)
        self.assertEqual(r["matches"][0], "ToUpper")
        r = self.c.request("inspect_request", {"code": "strings.ToUpper", "cursor_pos": 10, "detail_level": 0}, subshell_id=sub)
        self.assertTrue(r["found"])
        self.assertEqual(self.c.request("execute_request", {"code": "stopNow.Store(true)", "silent": False}, subshell_id=sub)["status"], "ok")
        self.assertEqual(self.c.reply(busy)["status"], "ok")
        self.c.request("delete_subshell_request", {"subshell_id": sub}, "control")


class TestSubshells(KernelTest):
    def test_jep_91(self):
        c = self.c
        info = c.request("kernel_info_request", {})
        self.assertIn("kernel subshells", info["supported_features"])
        one = c.request("create_subshell_request", {}, "control")["subshell_id"]
        two = c.request("create_subshell_request", {}, "control")["subshell_id"]
        self.assertEqual(sorted(c.request("list_subshell_request", {}, "control")["subshell_id"]), sorted([one, two]))
        self.ok("var turn atomic.Int64\nwait := func(n int64) { for turn.Load() < n { time.Sleep(time.Millisecond) } }")
        # Three cells at once: each waits for another.
        cells = {None: 'wait(2)\nfmt.Println("main")', one: 'wait(1)\nturn.Store(2)\nfmt.Println("one")', two: 'turn.Store(1)\nfmt.Println("two")\n41 + 1'}
        ids = {}
        for sub, code in cells.items():
            header = {"subshell_id": sub} if sub else {}
            ids[sub] = c.send("execute_request", {"code": code, "silent": False, "store_history": True, "allow_stdin": False}, **header)
        idle, out, busy = set(), {}, set()
        while len(idle) < 3:
            m = c.kc.get_iopub_msg(timeout=30)
            parent = m["parent_header"].get("msg_id")
            sub = next((s for s, i in ids.items() if i == parent), "?")
            if sub == "?":
                continue
            if m["msg_type"] == "stream":
                out[sub] = m["content"]["text"]
            elif m["msg_type"] == "status":
                (idle if m["content"]["execution_state"] == "idle" else busy).add(sub)
        self.assertEqual(out, {None: "main\n", one: "one\n", two: "two\n"})
        replies = {}
        while len(replies) < 3:
            m = c.kc.get_shell_msg(timeout=30)
            if m["parent_header"]["msg_id"] in ids.values():
                replies[m["parent_header"]["msg_id"]] = m
        self.assertEqual({m["content"]["status"] for m in replies.values()}, {"ok"})
        self.assertEqual(len({m["content"]["execution_count"] for m in replies.values()}), 3)
        self.assertEqual(replies[ids[one]]["parent_header"]["subshell_id"], one)
        # Deleting one ends the cell in it; unknown ones are refused.
        stuck = c.send("execute_request", {"code": "for { time.Sleep(time.Second) }", "silent": False}, subshell_id=one)
        c.next(lambda m: m["msg_type"] == "execute_input" and m["parent_header"]["msg_id"] == stuck)
        self.assertEqual(c.request("delete_subshell_request", {"subshell_id": one}, "control")["status"], "ok")
        self.assertEqual(c.reply(stuck)["status"], "error")
        self.assertEqual(c.request("list_subshell_request", {}, "control")["subshell_id"], [two])
        self.assertEqual(c.request("delete_subshell_request", {"subshell_id": one}, "control")["status"], "error")
        self.assertEqual(c.request("execute_request", {"code": "1", "silent": False}, subshell_id=one)["status"], "error")
        self.ok("1")

    def test_interrupt_reaches_all(self):
        c = self.c
        sub = c.request("create_subshell_request", {}, "control")["subshell_id"]
        ids = [c.send("execute_request", {"code": "for {}", "silent": False, "stop_on_error": False}, **h) for h in ({}, {"subshell_id": sub})]
        for _ in ids:
            c.next(lambda m: m["msg_type"] == "execute_input")
        c.request("interrupt_request", {}, "control")
        begin = time.monotonic()
        statuses = []
        while len(statuses) < 2:
            m = c.kc.get_shell_msg(timeout=10)
            if m["parent_header"]["msg_id"] in ids:
                statuses.append(m["content"]["status"])
        self.assertEqual(statuses, ["error", "error"])
        self.assertLess(time.monotonic() - begin, 5)
        c.request("delete_subshell_request", {"subshell_id": sub}, "control")


class TestComms(KernelTest):
    def open(self, target, data=None, **header):
        comm = os.urandom(8).hex()
        return comm, self.c.send("comm_open", {"comm_id": comm, "target_name": target, "data": data or {}}, **header)

    def test_registered_by_a_cell(self):
        c = self.c
        self.ok('''type Slider struct{ Position int }
comm.Register("slider", func(c *comm.Comm) {
	var s Slider
	c.Opening().Decode(&s)
	fmt.Println("opened at", s.Position)
	c.OnMsg(func(m comm.Message) {
		m.Decode(&s)
		fmt.Println("moved to", s.Position, len(m.Buffers))
		c.Send(map[string]int{"double": 2 * s.Position}, []byte{1, 2, 3})
	})
	c.OnClose(func() { fmt.Println("closed") })
})''')
        comm, msg_id = self.open("slider", {"Position": 4})
        self.assertEqual(text(c.until_idle(msg_id)), "opened at 4\n")
        self.assertEqual(c.request("comm_info_request", {"target_name": "slider"})["comms"], {comm: {"target_name": "slider"}})
        msg_id = c.send("comm_msg", {"comm_id": comm, "data": {"Position": 21}})
        messages = c.until_idle(msg_id)
        self.assertEqual(text(messages), "moved to 21 0\n")
        sent = next(m for m in messages if m["msg_type"] == "comm_msg")
        self.assertEqual((sent["content"]["comm_id"], sent["content"]["data"], bytes(sent["buffers"][0])), (comm, {"double": 42}, b"\x01\x02\x03"))
        msg_id = c.send("comm_close", {"comm_id": comm, "data": {}})
        self.assertEqual(text(c.until_idle(msg_id)), "closed\n")
        self.assertEqual(c.request("comm_info_request", {"target_name": "slider"})["comms"], {})

    def test_opened_by_a_cell(self):
        c = self.c
        messages, _ = self.ok('chart, err := comm.Open("chart", map[string]string{"title": "speed"})\nfmt.Println(err)')
        opened = of_type(messages, "comm_open")[0]
        self.assertEqual((opened["target_name"], opened["data"]), ("chart", {"title": "speed"}))
        self.assertEqual(text(messages), "<nil>\n")
        messages, _ = self.ok("err = chart.Send([]int{1, 2})\nchart.OnMsg(func(m comm.Message) { fmt.Println(string(m.Data)) })")
        self.assertEqual(of_type(messages, "comm_msg")[0]["data"], [1, 2])
        msg_id = c.send("comm_msg", {"comm_id": opened["comm_id"], "data": {"click": 1}})
        self.assertEqual(text(c.until_idle(msg_id)), '{"click": 1}\n')
        messages, _ = self.ok("chart.Close()\nchart.Send(1)")
        self.assertEqual(of_type(messages, "comm_close")[0]["comm_id"], opened["comm_id"])
        self.assertIn("the comm is closed", of_type(messages, "execute_result")[0]["data"]["text/plain"])

    def test_faults(self):
        c = self.c
        _, msg_id = self.open("nobody")
        self.assertEqual(len(of_type(c.until_idle(msg_id), "comm_close")), 1)
        self.ok('comm.Register("bad", func(c *comm.Comm) { c.OnMsg(func(comm.Message) { for {} }); panic("in the handler") })')
        comm, msg_id = self.open("bad")
        self.assertIn("panic: in the handler", text(c.until_idle(msg_id), "stderr"))
        self.ok('comm.Register("bad", func(c *comm.Comm) { c.OnMsg(func(comm.Message) { for {} }) })')
        comm, msg_id = self.open("bad")
        c.until_idle(msg_id)
        msg_id = c.send("comm_msg", {"comm_id": comm, "data": {}})
        c.next(lambda m: m["msg_type"] == "status" and m["parent_header"].get("msg_id") == msg_id)
        c.request("interrupt_request", {}, "control")
        self.assertIn("nterrupt", text(c.until_idle(msg_id, 10), "stderr"))
        self.ok('comm.Register("bad", nil)')
        _, msg_id = self.open("bad")
        self.assertEqual(len(of_type(c.until_idle(msg_id), "comm_close")), 1)
        messages, _ = self.ok('comm.Register("pool", func(c *comm.Comm) {})')
        self.assertIn("notebook's own", text(messages, "stderr"))

    def test_on_a_subshell_while_a_cell_runs(self):
        c = self.c
        self.ok('var got atomic.Int64\ncomm.Register("live", func(c *comm.Comm) { c.OnMsg(func(m comm.Message) { got.Add(1); fmt.Println("in time") }) })')
        comm, msg_id = self.open("live")
        c.until_idle(msg_id)
        sub = c.request("create_subshell_request", {}, "control")["subshell_id"]
        busy = c.kc.execute("for got.Load() == 0 { time.Sleep(time.Millisecond) }")
        msg_id = c.send("comm_msg", {"comm_id": comm, "data": {}}, subshell_id=sub)
        self.assertEqual(text(c.until_idle(msg_id)), "in time\n")
        self.assertEqual(c.reply(busy)["status"], "ok")
        c.request("delete_subshell_request", {"subshell_id": sub}, "control")


class TestVariables(KernelTest):
    code = 'count := 42\nnames := []string{"a", "b"}\nages := map[string]int{"x": 1}\ntype Point struct{ X, Y int }\np := &Point{1, 2}\nfunc f() {}'

    def debug(self, command, **arguments):
        r = self.c.request("debug_request", {"type": "request", "seq": 7, "command": command, "arguments": arguments}, "control")
        self.assertEqual((r["type"], r["request_seq"], r["command"]), ("response", 7, command))
        return r

    def test_debugger_requests(self):
        """What JupyterLab's variable explorer asks for, without a debugger."""
        self.assertFalse(self.c.request("kernel_info_request", {})["debugger"])
        self.assertFalse(self.debug("debugInfo")["body"]["isStarted"])
        self.ok(self.code)
        rows = {v["name"]: v for v in self.debug("inspectVariables")["body"]["variables"]}
        self.assertEqual((rows["count"]["value"], rows["count"]["type"], rows["count"]["variablesReference"]), ("42", "int", 0))
        self.assertEqual((rows["ages"]["type"], rows["ages"]["value"]), ("map[string]int", 'map[string]int{"x": 1}'))
        self.assertNotIn("f", rows)
        parts = self.debug("variables", variablesReference=rows["p"]["variablesReference"])["body"]["variables"]
        self.assertEqual([(v["name"], v["value"], v["type"]) for v in parts], [("X", "1", "int"), ("Y", "2", "int")])
        parts = self.debug("variables", variablesReference=rows["names"]["variablesReference"], start=1, count=1)["body"]["variables"]
        self.assertEqual([(v["name"], v["value"]) for v in parts], [("[1]", '"b"')])
        self.assertFalse(self.debug("variables", variablesReference=10**6)["success"])
        body = self.debug("richInspectVariables", variableName="ages")["body"]
        self.assertEqual(body["data"]["text/plain"], 'map[string]int{"x": 1}')
        self.assertFalse(self.debug("richInspectVariables", variableName="nothing")["success"])
        self.assertFalse(self.debug("setBreakpoints")["success"])

    def test_comm(self):
        c = self.c
        self.ok(self.code)
        comm = os.urandom(8).hex()
        msg_id = c.send("comm_open", {"comm_id": comm, "target_name": "poolbook.variables", "data": {}})
        listed = of_type(c.until_idle(msg_id), "comm_msg")[0]["data"]
        rows = {v["name"]: v for v in listed["variables"]}
        self.assertEqual((rows["names"]["type"], rows["names"]["size"], rows["count"]["size"], rows["count"]["value"]), ("[]string", 2, -1, "42"))
        c.kc.execute("count++")
        m = c.next(lambda m: m["msg_type"] == "comm_msg")["content"]["data"]
        rows = {v["name"]: v for v in m["variables"]}
        self.assertEqual(rows["count"]["value"], "43")
        for ask, want in (({"type": "parts", "ref": rows["p"]["ref"]}, lambda a: a["variables"][1]["value"] == "2"),
                          ({"type": "show", "name": "p"}, lambda a: "Point{X: 1, Y: 2}" in a["data"]["text/plain"]),
                          ({"type": "show", "name": "q"}, lambda a: a["error"] == "no variable q"),
                          ({"type": "list"}, lambda a: len(a["variables"]) == len(rows)),
                          ({"type": "dance"}, lambda a: a["error"])):
            msg_id = c.send("comm_msg", {"comm_id": comm, "data": ask})
            answer = of_type(c.until_idle(msg_id), "comm_msg")[0]["data"]
            self.assertTrue(want(answer), answer)
        c.send("comm_close", {"comm_id": comm, "data": {}})

    def test_values_are_not_disturbed(self):
        """Methods of values are not called, and maps that goroutines write are not read."""
        self.ok('type Loud int\nfunc (l Loud) String() string { fmt.Println("called"); return "loud" }\nloud := Loud(3)\n'
                "m := map[int]int{}\ngo func() { for i := 0; i < 300000; i++ { m[i%100] = i } }()")
        for _ in range(50):
            rows = {v["name"]: v for v in self.debug("inspectVariables")["body"]["variables"]}
        self.assertEqual(rows["loud"]["value"], "3")

    def test_whos(self):
        self.ok(self.code)
        messages, _ = self.ok("%whos")
        shown = of_type(messages, "display_data")[0]["data"]
        self.assertIn("Variable", shown["text/plain"])
        self.assertIn(">count</td>", shown["text/html"])
        messages, _ = self.ok("%who")
        self.assertIn("count", text(messages))


class TestKernel(KernelTest):
    def test_usage(self):
        r = self.c.request("usage_request", {}, "control")
        self.assertEqual(r["pid"], self.c.km.provisioner.pid)
        self.assertGreater(r["kernel_memory"], 1 << 20)
        self.assertGreater(r["host_virtual_memory"]["total"], r["kernel_memory"])

    def test_welcome(self):
        import zmq

        context = zmq.Context()
        sub = context.socket(zmq.SUB)
        sub.subscribe(b"")
        sub.connect(f"tcp://127.0.0.1:{self.c.km.iopub_port}")
        self.assertEqual(sub.recv_multipart()[0], b"iopub_welcome")
        sub.close(0)
        context.term()

    def test_history_over_sessions(self):
        other = Client()
        _, reply = other.run('"from the other session"')
        other.close()
        for content, want in (
            ({"hist_access_type": "search", "pattern": "*other sess*", "n": 5, "output": True, "raw": True}, '"from the other session"'),
            ({"hist_access_type": "tail", "n": 1000, "output": True, "raw": True}, '"from the other session"'),
            ({"hist_access_type": "range", "session": -1, "start": 1, "stop": 2, "output": True, "raw": True}, None),
        ):
            entries = self.c.request("history_request", content)["history"]
            if want:
                self.assertIn([want, want], [e[2] for e in entries])

    def test_is_complete(self):
        for code, status, indent in (("for {", "incomplete", "    "), ("1+1", "complete", ""), ("x := )", "invalid", "")):
            r = self.c.request("is_complete_request", {"code": code})
            self.assertEqual((r["status"], r.get("indent", "")), (status, indent))


if __name__ == "__main__":
    unittest.main(verbosity=2)
