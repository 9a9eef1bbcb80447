package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"poolbook/kernel/protocol"
)

func codec(t testing.TB, key string) *Codec {
	t.Helper()
	c, err := NewCodec(key, "hmac-sha256")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func message(t testing.TB) *protocol.Message {
	t.Helper()
	m, err := protocol.New("execute_request", "s1", "ada", protocol.Header{}, protocol.ExecuteRequest{Code: "a < b && π"})
	if err != nil {
		t.Fatal(err)
	}
	m.Identities = [][]byte{{0, 1, 2}}
	m.Buffers = [][]byte{{9}, {}}
	return m
}

func TestRoundTrip(t *testing.T) {
	for _, key := range []string{"", "secret"} {
		c := codec(t, key)
		frames, err := c.Encode(message(t))
		if err != nil {
			t.Fatal(err)
		}
		m, err := c.Decode(frames)
		if err != nil {
			t.Fatal(err)
		}
		req, err := protocol.Decode[protocol.ExecuteRequest](m)
		if err != nil {
			t.Fatal(err)
		}
		if req.Code != "a < b && π" || m.Header.Username != "ada" || !m.Parent.IsZero() ||
			len(m.Identities) != 1 || len(m.Buffers) != 2 || m.Buffers[0][0] != 9 {
			t.Errorf("key %q: got %+v with %+v", key, m, req)
		}
	}
}

// The signature of known frames, computed by hmac.new(b"key", …, sha256) in Python.
func TestSignature(t *testing.T) {
	c := codec(t, "key")
	got := string(c.sign([4][]byte{[]byte(`{"a":1}`), []byte(`{}`), []byte(`{}`), []byte(`{"code":"1"}`)}))
	const want = "525d0c20431832a53c4a71c4f383df2b62c48584edd4491c14d751fb45b8f847"
	if got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

// A header keeps the fields that are not known here, so that a reply's parent is what the front end sent.
func TestUnknownHeaderFieldsSurvive(t *testing.T) {
	c := codec(t, "")
	header := `{"msg_id":"1","msg_type":"x","extra":{"b":[1, 2]}}`
	m, err := c.Decode([][]byte{[]byte(delimiter), {}, []byte(header), []byte("{}"), []byte("{}"), []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := protocol.Reply(m, "y", "s", nil)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := c.Encode(reply)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(frames[3], &got); err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal([]byte(header), &want)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("parent %s, want %s", frames[3], header)
	}
}

func TestMalformed(t *testing.T) {
	signed := codec(t, "secret")
	open := codec(t, "")
	b := func(s ...string) (frames [][]byte) {
		for _, f := range s {
			frames = append(frames, []byte(f))
		}
		return frames
	}
	const header = `{"msg_id":"1","msg_type":"x"}`
	tests := []struct {
		name   string
		codec  *Codec
		frames [][]byte
		want   error
	}{
		{"nothing", open, nil, ErrMalformed},
		{"no delimiter", open, b("id", "", header, "{}", "{}", "{}"), ErrMalformed},
		{"only delimiter", open, b(delimiter), ErrMalformed},
		{"truncated", open, b("id", delimiter, "", header, "{}", "{}"), ErrMalformed},
		{"long identity", open, b(strings.Repeat("x", 256), delimiter, "", header, "{}", "{}", "{}"), ErrMalformed},
		{"many identities", open, b(append(strings.Split(strings.Repeat("i ", 40), " "), delimiter, "", header, "{}", "{}", "{}")...), ErrMalformed},
		{"empty header", open, b(delimiter, "", "", "{}", "{}", "{}"), ErrMalformed},
		{"header not JSON", open, b(delimiter, "", "{", "{}", "{}", "{}"), ErrMalformed},
		{"header a list", open, b(delimiter, "", "[]", "{}", "{}", "{}"), ErrMalformed},
		{"header null", open, b(delimiter, "", "null", "{}", "{}", "{}"), ErrMalformed},
		{"header with number for a name", open, b(delimiter, "", `{"msg_id":1,"msg_type":"x"}`, "{}", "{}", "{}"), ErrMalformed},
		{"no type", open, b(delimiter, "", `{"msg_id":"1"}`, "{}", "{}", "{}"), ErrMalformed},
		{"parent a string", open, b(delimiter, "", header, `"p"`, "{}", "{}"), ErrMalformed},
		{"content a number", open, b(delimiter, "", header, "{}", "{}", "7"), ErrMalformed},
		{"content with rest", open, b(delimiter, "", header, "{}", "{}", "{} {}"), ErrMalformed},
		{"metadata not UTF-8 or JSON", open, b(delimiter, "", header, "{}", "\xff", "{}"), ErrMalformed},
		{"huge header", open, b(delimiter, "", `{"msg_id":"1","msg_type":"`+strings.Repeat("x", maxHeaderLen)+`"}`, "{}", "{}", "{}"), ErrMalformed},
		{"many buffers", open, append(b(delimiter, "", header, "{}", "{}", "{}"), make([][]byte, maxBuffers+1)...), ErrMalformed},
		{"unsigned", signed, b(delimiter, "", header, "{}", "{}", "{}"), ErrSignature},
		{"wrong signature", signed, b(delimiter, strings.Repeat("0", 64), header, "{}", "{}", "{}"), ErrSignature},
		{"short signature", signed, b(delimiter, "00", header, "{}", "{}", "{}"), ErrSignature},
		{"unsigned and malformed", signed, b(delimiter, "", "{", "{}", "{}", "{}"), ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := tt.codec.Decode(tt.frames)
			if !errors.Is(err, tt.want) || m != nil {
				t.Errorf("got %v, %v, want %v", m, err, tt.want)
			}
		})
	}
}

func TestTamperedPartsAreRefused(t *testing.T) {
	c := codec(t, "secret")
	for part := 3; part <= 6; part++ { // header, parent, metadata, content after one identity, delimiter and signature
		frames, err := c.Encode(message(t))
		if err != nil {
			t.Fatal(err)
		}
		frames[part] = append([]byte(" "), frames[part]...)
		if _, err := c.Decode(frames); !errors.Is(err, ErrSignature) {
			t.Errorf("part %d: got %v", part, err)
		}
	}
}

func TestReplay(t *testing.T) {
	c := codec(t, "secret")
	frames, err := c.Encode(message(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DecodeOnce(frames); err != nil {
		t.Fatal(err)
	}
	frames[0] = []byte("another identity")
	if _, err := c.DecodeOnce(frames); !errors.Is(err, ErrReplayed) {
		t.Errorf("second time: %v", err)
	}
	if _, err := c.Decode(frames); err != nil {
		t.Errorf("a reader that does not act on messages: %v", err)
	}
}

func TestReplayMemoryIsBounded(t *testing.T) {
	c := codec(t, "secret")
	for i := range replayRemember + 10 {
		if !c.remember(fmt.Sprint(i)) {
			t.Fatal("new signature refused")
		}
	}
	if len(c.seen) != replayRemember || len(c.ring) != replayRemember {
		t.Errorf("remembers %d, %d", len(c.seen), len(c.ring))
	}
	if c.remember(fmt.Sprint(replayRemember)) || !c.remember("0") {
		t.Error("wrong signatures forgotten")
	}
}

func TestScheme(t *testing.T) {
	if _, err := NewCodec("k", "md5"); !errors.Is(err, ErrScheme) {
		t.Errorf("got %v", err)
	}
	c, err := NewCodec("k", "hmac-sha512")
	if err != nil {
		t.Fatal(err)
	}
	frames, err := c.Encode(message(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(frames[2]) != 128 {
		t.Errorf("signature of %d characters", len(frames[2]))
	}
	if _, err := c.Decode(frames); err != nil {
		t.Error(err)
	}
}

// split cuts fuzz input into frames at 0xff bytes, which JSON never has.
func split(data []byte) [][]byte {
	var frames [][]byte
	for _, f := range strings.Split(string(data), "\xff") {
		frames = append(frames, []byte(f))
	}
	return frames
}

func FuzzDecode(f *testing.F) {
	const header = `{"msg_id":"1","msg_type":"x","session":"s"}`
	f.Add([]byte("id\xff" + delimiter + "\xff\xff" + header + "\xff{}\xff{}\xff{\"code\":\"1\"}\xffbuf"))
	f.Add([]byte(delimiter))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff"))
	open, err := NewCodec("", "")
	if err != nil {
		f.Fatal(err)
	}
	signed, err := NewCodec("key", "")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := signed.Decode(split(data)); err == nil {
			t.Fatal("a message without a signature was accepted")
		}
		m, err := open.Decode(split(data))
		if err != nil {
			if m != nil {
				t.Fatal("a message and an error")
			}
			return
		}
		frames, err := signed.Encode(m)
		if err != nil {
			t.Fatalf("cannot encode what was decoded: %v", err)
		}
		again, err := signed.Decode(frames)
		if err != nil {
			t.Fatalf("cannot decode what was encoded: %v", err)
		}
		if again.Header.ID != m.Header.ID || again.Header.Type != m.Header.Type || len(again.Buffers) != len(m.Buffers) {
			t.Fatalf("got %+v, want %+v", again, m)
		}
		_, _ = protocol.Decode[protocol.ExecuteRequest](m)
		_, _ = protocol.Decode[protocol.HistoryRequest](m)
		m.Header.Time()
	})
}
