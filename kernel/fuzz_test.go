package kernel

import (
	"encoding/json"
	"strings"
	"testing"

	"poolbook/kernel/protocol"
)

// Signed requests of every type with any content, metadata and subshell: each gets at most one reply, and the kernel goes on.
func FuzzRequest(f *testing.F) {
	types := []string{"execute_request", "kernel_info_request", "is_complete_request", "complete_request", "inspect_request",
		"history_request", "comm_info_request", "comm_open", "comm_msg", "comm_close", "interrupt_request", "usage_request",
		"create_subshell_request", "delete_subshell_request", "list_subshell_request", "input_reply", "unknown_request"}
	f.Add(uint8(0), true, []byte(`{"code":"print x","user_expressions":{"a":"value 1"}}`), []byte(`{"cellId":7}`), "")
	f.Add(uint8(3), true, []byte(`{"code":"π","cursor_pos":-1}`), []byte(`{}`), "")
	f.Add(uint8(4), true, []byte(`{"code":"a\ud800","cursor_pos":2,"detail_level":9}`), []byte(`{}`), "")
	f.Add(uint8(5), true, []byte(`{"hist_access_type":"range","session":-5,"start":7,"stop":-2}`), []byte(`null`), "")
	f.Add(uint8(7), true, []byte(`{"comm_id":"","target_name":"echo","data":[]}`), []byte(`{}`), "")
	f.Add(uint8(13), false, []byte(`{"subshell_id":null}`), []byte(`{}`), "x")
	f.Fuzz(func(t *testing.T, kind uint8, shell bool, content, metadata []byte, subshell string) {
		if !json.Valid(content) || !json.Valid(metadata) {
			return
		}
		for _, word := range []string{"wait", "stuck", "endless", "input", "password", "lines", "later"} {
			if strings.Contains(string(content), word) || strings.Contains(string(content), `\u`) {
				return // cells that would not end by themselves
			}
		}
		fr := newFront(t, Config{})
		p := fr.control
		if shell {
			p = fr.shell
		}
		request := fr.send(p, types[int(kind)%len(types)], json.RawMessage(content), func(m *protocol.Message) {
			m.Metadata = metadata
			m.Header.SubshellID = subshell
		})
		info := fr.send(p, "kernel_info_request", nil)
		for replies := 0; ; replies++ {
			m := fr.next(p)
			if m.Parent.ID == info.Header.ID {
				return
			}
			if m.Parent.ID != request.Header.ID || replies > 0 {
				t.Fatalf("%s in answer to %s", m.Header.Type, request.Header.Type)
			}
		}
	})
}
