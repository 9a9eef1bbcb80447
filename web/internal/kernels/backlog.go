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
	packets []Packet
	bytes   int
	lost    int             // dropped because of the limits
	parent  protocol.Header // of the last one dropped: where the client is told
}

func (b *backlog) add(packets ...Packet) {
	for _, p := range packets {
		b.packets = append(b.packets, p)
		b.bytes += p.size()
	}
	for len(b.packets) > 1 && (b.bytes > MaxBacklog || len(b.packets) > MaxBacklogMessages) {
		first := b.packets[0]
		b.packets[0] = Packet{}
		b.packets = b.packets[1:]
		b.bytes -= first.size()
		b.lost++
		b.parent = first.Message.Parent
	}
}

// take empties the backlog. When something was dropped, an output says so.
func (b *backlog) take(session string) []Packet {
	packets := b.packets
	if b.lost > 0 {
		text := fmt.Sprintf("[%d earlier messages of the kernel were dropped while no page was connected]\n", b.lost)
		m, err := protocol.New(protocol.TypeStream, session, "poolbook", b.parent, map[string]string{"name": "stderr", "text": text})
		if err == nil {
			packets = append([]Packet{{protocol.IOPub, m}}, packets...)
		}
	}
	*b = backlog{}
	return packets
}
