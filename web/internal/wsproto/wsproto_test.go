package wsproto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"poolbook/kernel/protocol"
)

func sample(t testing.TB, buffers ...[]byte) *protocol.Message {
	t.Helper()
	m := &protocol.Message{Metadata: []byte(`{"b":1,"a":[2.50]}`), Content: []byte(`{"code":"x := \"é\" // <&>"}`), Buffers: buffers}
	for h, text := range map[*protocol.Header]string{
		&m.Header: `{"msg_id":"1","msg_type":"execute_request","session":"s","extra":{"kept":true},"date":"d","username":"u","version":"5.4"}`,
		&m.Parent: `{}`,
	} {
		if err := h.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func same(t *testing.T, a, b *protocol.Message) {
	t.Helper()
	x, err := parts(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := parts(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		if !bytes.Equal(x[i], y[i]) {
			t.Errorf("part %d: %s, want %s", i, y[i], x[i])
		}
	}
	if len(a.Buffers) != len(b.Buffers) {
		t.Fatalf("%d buffers, want %d", len(b.Buffers), len(a.Buffers))
	}
	for i := range a.Buffers {
		if !bytes.Equal(a.Buffers[i], b.Buffers[i]) {
			t.Errorf("buffer %d: %q", i, b.Buffers[i])
		}
	}
}

func TestRoundTrips(t *testing.T) {
	for _, buffers := range [][][]byte{nil, {[]byte("one")}, {{}, {0, 255}, []byte("three")}} {
		m := sample(t, buffers...)
		frame, err := EncodeV1(protocol.Shell, m)
		if err != nil {
			t.Fatal(err)
		}
		ch, got, err := DecodeV1(frame)
		if err != nil || ch != protocol.Shell {
			t.Fatal(ch, err)
		}
		same(t, m, got)
		frame, isBinary, err := Encode(protocol.Control, m)
		if err != nil || isBinary != (len(buffers) > 0) {
			t.Fatal(isBinary, err)
		}
		if ch, got, err = Decode(frame, isBinary); err != nil || ch != protocol.Control {
			t.Fatal(ch, err)
		}
		same(t, m, got)
	}
}

// The layout of V1 by hand, from its definition.
func TestV1Layout(t *testing.T) {
	m := &protocol.Message{Metadata: []byte("{}"), Content: []byte(`{"a":1}`), Buffers: [][]byte{[]byte("BUF")}}
	if err := m.Header.UnmarshalJSON([]byte(`{"msg_id":"i","msg_type":"t"}`)); err != nil {
		t.Fatal(err)
	}
	all := []string{"shell", `{"msg_id":"i","msg_type":"t"}`, "{}", "{}", `{"a":1}`, "BUF"}
	var want []byte
	want = binary.LittleEndian.AppendUint64(want, 7)
	at := 8 * 8
	for _, p := range append([]string{""}, all...) {
		at += len(p)
		want = binary.LittleEndian.AppendUint64(want, uint64(at))
	}
	want = append(want, strings.Join(all, "")...)
	got, err := EncodeV1(protocol.Shell, m)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q\nwant %q (%v)", got, want, err)
	}
}

// Jupyter's own server reads what is written here, and the other way round.
func TestAgainstJupyter(t *testing.T) {
	const script = `
import sys
from jupyter_server.base.zmqhandlers import serialize_msg_to_ws_v1, deserialize_msg_from_ws_v1, deserialize_binary_message, serialize_binary_message
data = sys.stdin.buffer.read()
channel, parts = deserialize_msg_from_ws_v1(data)
assert channel == "iopub" and len(parts) == 6 and parts[5] == b"\x00\xff", (channel, parts)
sys.stdout.buffer.write(serialize_msg_to_ws_v1([bytes(p) for p in parts], channel))
`
	if out, err := exec.Command("/usr/bin/python3", "-c", "import jupyter_server.base.zmqhandlers").CombinedOutput(); err != nil {
		t.Skipf("no jupyter_server: %s", out)
	}
	m := sample(t, []byte("first"), []byte{0, 255})
	frame, err := EncodeV1(protocol.IOPub, m)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "-W", "ignore", "-c", script)
	cmd.Stdin = bytes.NewReader(frame)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if strings.Contains(stderr.String(), "ImportError") {
			t.Skip("this Jupyter does not know the protocol")
		}
		t.Fatal(err, stderr.String())
	}
	if !bytes.Equal(out, frame) {
		t.Errorf("Jupyter writes\n%q, here\n%q", out, frame)
	}
}

func TestMalformed(t *testing.T) {
	good, err := EncodeV1(protocol.Shell, sample(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if _, _, err := DecodeV1(good[:i]); !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	for _, text := range []string{
		``, `null`, `[]`, `{}`, `{"header":{}}`, `{"header":{"msg_id":"1"},"channel":"shell"}`, `{"header":1,"channel":"shell"}`,
		`{"header":{"msg_id":"1","msg_type":"t"},"channel":"hb"}`, `{"header":{"msg_id":"1","msg_type":"t"},"content":[1]}`,
		`{"header":{"msg_id":"1","msg_type":"t"},"metadata":"x"}`, `{"header":{"msg_id":"1","msg_type":"t"},"parent_header":7}`,
	} {
		if _, _, err := Decode([]byte(text), false); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, buffers := range [][][]byte{nil, {[]byte("b")}} {
		m := sample(f, buffers...)
		v1, _ := EncodeV1(protocol.Shell, m)
		f.Add(v1, true)
		plain, isBinary, _ := Encode(protocol.Shell, m)
		f.Add(plain, isBinary)
	}
	f.Fuzz(func(t *testing.T, frame []byte, isBinary bool) {
		if ch, m, err := DecodeV1(frame); err == nil {
			again, err := EncodeV1(ch, m)
			if err != nil {
				t.Fatal(err)
			}
			if _, m2, err := DecodeV1(again); err != nil {
				t.Fatal(err)
			} else {
				same(t, m, m2)
			}
		} else if !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
		if _, _, err := Decode(frame, isBinary); err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
	})
}
