package kernels

import (
	"fmt"

	"poolbook/kernel/protocol"
)

// Limits of what a kernel's backlog keeps while nobody is connected.
const (
	MaxBacklog         = 64 << 20 // bytes
	MaxBacklogMessages = 10_000
)

// backlog is the messages that nobody was there to get, oldest first. Its kernel's lock guards it.
type backlog struct {
	kept   []kept
	bytes  int
	lost   int             // dropped because of the limits
	parent protocol.Header // of the last one dropped: where the client is told
}

// kept is a packet of the backlog.
type kept struct {
	Packet
	owner  string // session of the client that asked for it, "" for everybody's
	shared bool   // the clients that were there got it; only its owner still misses it
}

func (b *backlog) add(packets ...kept) {
	for _, p := range packets {
		b.kept = append(b.kept, p)
		b.bytes += p.size()
	}
	for len(b.kept) > 1 && (b.bytes > MaxBacklog || len(b.kept) > MaxBacklogMessages) {
		first := b.kept[0]
		b.kept[0] = kept{}
		b.kept = b.kept[1:]
		b.bytes -= first.size()
		if !first.shared {
			b.lost++
			b.parent = first.Message.Parent
		}
	}
}

// take returns what a client that connects is to get. Replies that another one asked for stay for that one too.
// When something was dropped, an output says so. speaker is the session of messages made here.
func (b *backlog) take(session, speaker string) []Packet {
	var packets []Packet
	if b.lost > 0 {
		text := fmt.Sprintf("[%d earlier messages of the kernel were dropped while no page was connected]\n", b.lost)
		m, err := protocol.New(protocol.TypeStream, speaker, "poolbook", b.parent, map[string]string{"name": "stderr", "text": text})
		if err == nil {
			packets = append(packets, Packet{protocol.IOPub, m})
		}
	}
	all := b.kept
	*b = backlog{}
	for _, p := range all {
		if !p.shared || p.owner == session {
			packets = append(packets, p.Packet)
		}
		if p.owner != "" && p.owner != session {
			p.shared = true
			b.add(p)
		}
	}
	return packets
}
