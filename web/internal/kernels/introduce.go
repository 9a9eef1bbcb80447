package kernels

import "poolbook/kernel/protocol"

// introduce answers the kernel_info_request of a client that has just come, in the place of a kernel that is busy with a cell, and reports
// whether it did. The kernel itself takes the request after the cell, as all requests of the main shell; until then a page that is
// opened again would neither know its kernel nor that it runs. A client that has sent a cell of its own gets the kernel's own
// answer, since it may wait for it to know that the cell is over.
func (k *Kernel) introduce(c *Conn, p Packet) bool {
	h := p.Message.Header
	if p.Channel != protocol.Shell || h.Type != protocol.TypeKernelInfoRequest || h.SubshellID != "" {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state != protocol.StateBusy || c.worked {
		return false
	}
	var answer []Packet
	add := func(ch protocol.Channel, msgType string, parent protocol.Header, content any) bool {
		m, err := protocol.New(msgType, k.proc.Session(), "poolbook", parent, content)
		if err != nil {
			k.log.Error("message not made", "type", msgType, "error", err)
			return false
		}
		answer = append(answer, Packet{ch, m})
		return true
	}
	state := func(s string) protocol.Status { return protocol.Status{ExecutionState: s} }
	// A request is over with its reply and its idle; the kernel is still busy then.
	if !add(protocol.IOPub, protocol.TypeStatus, h, state(protocol.StateBusy)) ||
		!add(protocol.Shell, protocol.TypeKernelInfoReply, h, k.proc.Info()) ||
		!add(protocol.IOPub, protocol.TypeStatus, h, state(protocol.StateIdle)) ||
		!add(protocol.IOPub, protocol.TypeStatus, protocol.Header{}, state(protocol.StateBusy)) {
		return false
	}
	for _, p := range answer {
		c.put(p)
	}
	return true
}
