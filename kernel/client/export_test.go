package client

import "poolbook/kernel/protocol"

// Break ends a connection as a failing network would.
func (k *Kernel) Break(ch protocol.Channel) {
	k.mu.Lock()
	c := k.proc.conns[ch]
	k.mu.Unlock()
	_ = c.Close(0)
}
