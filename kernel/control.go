package kernel

import "poolbook/kernel/protocol"

// interrupt answers an interrupt_request. Cells notice by themselves; their requests are answered when they do.
func (r *request) interrupt(*subshell) error {
	r.s.interrupt(nil)
	r.reply(protocol.SimpleReply{Status: protocol.StatusOK})
	return nil
}

// shutdown answers a shutdown_request, to the asker and to all other front ends, and ends the kernel.
func (r *request) shutdown(*subshell) error {
	req, err := protocol.Decode[protocol.ShutdownRequest](r.Message)
	if err != nil {
		return err
	}
	reply := protocol.ShutdownReply{Status: protocol.StatusOK, Restart: req.Restart}
	r.reply(reply)
	r.s.publish(done, r.Header, protocol.TypeShutdownReply, reply)
	r.s.stop()
	return nil
}
