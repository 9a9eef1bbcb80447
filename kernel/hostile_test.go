package kernel

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"poolbook/kernel/protocol"
	"poolbook/kernel/transport"
	"poolbook/kernel/wire"
)

// openKernel is a kernel on real sockets in this process, with one good client whose connections stay.
type openKernel struct {
	t     testing.TB
	conn  protocol.Connection
	codec *wire.Codec
	good  map[protocol.Channel]*transport.Conn
	seen  chan string // ids of requests that iopub called idle
	log   *lockedBuffer
}

var zmqKinds = map[protocol.Channel]transport.Kind{
	protocol.Shell: transport.Dealer, protocol.Control: transport.Dealer, protocol.Stdin: transport.Dealer,
	protocol.IOPub: transport.Sub, protocol.Heartbeat: transport.Req,
}

func newOpenKernel(t testing.TB) *openKernel {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no Unix sockets, and ports would run out")
	}
	dir, err := os.MkdirTemp("", "open") // short: the path of a socket has at most 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	k := &openKernel{t: t, good: map[protocol.Channel]*transport.Conn{}, seen: make(chan string, 1024), log: &lockedBuffer{}}
	k.conn = protocol.Connection{Transport: "ipc", IP: filepath.Join(dir, "s"), Key: testKey, SignatureScheme: "hmac-sha256",
		ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HBPort: 5}
	file := filepath.Join(dir, "connection.json")
	if err := k.conn.Write(file); err != nil {
		t.Fatal(err)
	}
	if k.codec, err = wire.NewCodec(testKey, ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{ConnectionFile: file, Session: newEcho(), IgnoreSignals: true, ParentPID: -1, Logger: textLog(k.log)})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	var readers sync.WaitGroup
	t.Cleanup(readers.Wait)
	for ch := range zmqKinds {
		k.good[ch] = k.dial(ch, "good")
		t.Cleanup(func() { _ = k.good[ch].Close(0) })
	}
	welcome := make(chan struct{})
	readers.Go(func() { // all of iopub
		for {
			frames, err := k.good[protocol.IOPub].Recv()
			if err != nil {
				return
			}
			m, err := k.codec.Decode(frames)
			if err != nil {
				t.Errorf("iopub: %v", err)
				return
			}
			if m.Header.Type == protocol.TypeIOPubWelcome {
				close(welcome)
			}
			if m.Header.Type == protocol.TypeStatus && bytes.Contains(m.Content, []byte(`"idle"`)) {
				select {
				case k.seen <- m.Parent.ID:
				default: // nobody waits any more
				}
			}
		}
	})
	select { // what is published before the kernel knows of the subscription is lost
	case <-welcome:
	case <-time.After(soon):
		t.Fatal("no welcome on iopub")
	}
	return k
}

// dial connects to a channel, also before the kernel listens.
func (k *openKernel) dial(ch protocol.Channel, identity string) *transport.Conn {
	k.t.Helper()
	network, address := k.conn.Address(ch)
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	for {
		c, err := transport.Dial(ctx, network, address, zmqKinds[ch], identity, transport.Options{})
		if err == nil {
			return c
		}
		if ctx.Err() != nil {
			k.t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

// serves asks for kernel_info on shell and control, waits for the replies and for both to be idle on iopub, and for a heartbeat.
func (k *openKernel) serves() {
	k.t.Helper()
	want := map[string]bool{}
	for _, ch := range []protocol.Channel{protocol.Shell, protocol.Control} {
		m, err := protocol.New(protocol.TypeKernelInfoRequest, "good", "good", protocol.Header{}, struct{}{})
		if err != nil {
			k.t.Fatal(err)
		}
		frames, err := k.codec.Encode(m)
		if err != nil {
			k.t.Fatal(err)
		}
		want[m.Header.ID] = true
		reply, err := k.codec.Decode(k.ask(ch, frames))
		if err != nil || reply.Parent.ID != m.Header.ID || reply.Header.Type != protocol.TypeKernelInfoReply {
			k.t.Fatalf("%s: %v: %+v", ch, err, reply)
		}
	}
	timeout := time.After(soon)
	for len(want) > 0 {
		select {
		case id := <-k.seen:
			delete(want, id)
		case <-timeout:
			k.t.Fatal("iopub is silent")
		}
	}
	if beat := k.ask(protocol.Heartbeat, [][]byte{{}, []byte("beat")}); string(bytes.Join(beat, nil)) != "beat" {
		k.t.Fatalf("heartbeat %q", beat)
	}
}

// ask sends on a connection of the good client and returns what comes back.
func (k *openKernel) ask(ch protocol.Channel, frames [][]byte) [][]byte {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	if err := k.good[ch].Send(ctx, frames); err != nil {
		k.t.Fatal(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = k.good[ch].Close(0) })
	defer stop()
	back, err := k.good[ch].Recv()
	if err != nil {
		k.t.Fatalf("%s: %v", ch, err)
	}
	return back
}

// How a hostile peer speaks.
const (
	rawBytes   = iota // no ZMTP at all
	afterHello        // bytes after a good handshake's first half
	unsigned          // frames
	signed            // four frames with the right signature, and more
	replayed          // the same, twice
	ways
)

// hello is a ZMTP greeting.
var hello = append(append([]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0}, "NULL"...), make([]byte, 48)...)

// FuzzChannels sends anything to each of the five sockets. A good client gets its answers afterwards.
func FuzzChannels(f *testing.F) {
	k := newOpenKernel(f)
	channels := []protocol.Channel{protocol.Shell, protocol.Control, protocol.Stdin, protocol.IOPub, protocol.Heartbeat}
	header := `{"msg_id":"1","msg_type":"execute_request","session":"s","username":"u","date":"","version":"5.3"}`
	for ch := range channels {
		for _, data := range []string{"", "GET / HTTP/1.1\r\n\r\n", "\x04\x26\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER", "\x01topic", "\x01\x00\x02\xff",
			"<IDS|MSG>", header + "\n{}\n{}\n{\"code\":\"print hacked\"}", header + "\nnull\n[]\n7", header + "\n{}\n{}\n{}\nbuffer\nbuffer",
			strings.Replace(header, "execute_request", "input_reply", 1) + "\n{\"msg_id\":\"x\"}\n{}\n{\"value\":7}",
			strings.Replace(header, "execute", "delete_subshell", 1) + "\n{}\n{}\n{\"subshell_id\":\"\"}"} {
			for way := range ways {
				f.Add(uint8(ch), uint8(way), []byte(data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, ch, way uint8, data []byte) {
		for _, word := range []string{"wait", "stuck", "endless", "input ", "password", "lines", "later", "shutdown", `\u`} {
			if way%ways >= signed && bytes.Contains(data, []byte(word)) {
				return // who has the key may do what takes long
			}
		}
		k.t = t
		k.attack(channels[int(ch)%len(channels)], way%ways, data)
		k.serves()
	})
}

// attack sends data to a channel on a connection of its own.
func (k *openKernel) attack(ch protocol.Channel, way uint8, data []byte) {
	if way <= afterHello {
		network, address := k.conn.Address(ch)
		c, err := net.Dial(network, address)
		if err != nil {
			k.t.Fatal(err)
		}
		if way == afterHello {
			data = append(bytes.Clone(hello), data...)
		}
		_, _ = c.Write(data)
		_ = c.Close()
		return
	}
	_ = k.send(ch, way, data).Close(time.Second)
}

// send sends data as frames on a connection of its own, which it leaves open.
func (k *openKernel) send(ch protocol.Channel, way uint8, data []byte) *transport.Conn {
	frames := bytes.Split(data, []byte("\n"))
	if way >= signed && len(frames) >= 4 {
		m := [][]byte{[]byte("<IDS|MSG>"), signature(frames[:4])}
		frames = append(m, frames...)
	}
	c := k.dial(ch, "")
	for range 1 + way/replayed {
		_ = c.Send(context.Background(), frames) // it may be disconnected already
	}
	return c
}

// TestRefusedIsLogged holds that the log names what was refused, on each channel that takes messages.
func TestRefusedIsLogged(t *testing.T) {
	k := newOpenKernel(t)
	defer func() {
		if t.Failed() {
			t.Log(k.log.String())
		}
	}()
	header := `{"msg_id":"%","msg_type":"execute_request","session":"s","username":"u","date":"","version":"5.3"}`
	for _, ch := range []protocol.Channel{protocol.Shell, protocol.Control, protocol.Stdin} {
		good := strings.Replace(header, "%", string(ch), 1) + "\n{}\n{}\n{\"code\":\"print x\"}"
		k.attack(ch, unsigned, []byte("<IDS|MSG>\n\n"+good))
		k.attack(ch, unsigned, []byte("<IDS|MSG>\n0000\n"+good))
		k.attack(ch, unsigned, []byte(good))
		k.attack(ch, signed, []byte(header+"\n{}\n{}\n[7]"))
		// Open until both were read: the kernel gives up a connection that it cannot answer on, with what waits there.
		c := k.send(ch, replayed, []byte(good))
		for _, want := range []string{"not signed", "wrong signature", "no delimiter among 5 frames", "content is not a JSON object", "message seen before"} {
			waitFor(t, func() bool {
				for line := range strings.Lines(k.log.String()) {
					if strings.Contains(line, "channel="+string(ch)) && strings.Contains(line, want) {
						return true
					}
				}
				return false
			})
		}
		_ = c.Close(0)
	}
	for ch, data := range map[protocol.Channel]string{
		protocol.IOPub:     string(hello) + "\x00\x00", // a message in place of the handshake's end
		protocol.Heartbeat: "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a browser with something to say\r\n\r\n",
	} {
		network, address := k.conn.Address(ch)
		c, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(soon))
		if _, err := c.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, c) // until the kernel has closed it
		_ = c.Close()
		waitFor(t, func() bool {
			for line := range strings.Lines(k.log.String()) {
				if strings.Contains(line, "connection refused") && strings.Contains(line, address) {
					return true
				}
			}
			return false
		})
	}
	k.serves()
}

func textLog(b *lockedBuffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// signature signs the four parts of a message with the kernel's key.
func signature(parts [][]byte) []byte {
	h := hmac.New(sha256.New, []byte(testKey))
	for _, p := range parts {
		h.Write(p)
	}
	return hex.AppendEncode(nil, h.Sum(nil))
}
