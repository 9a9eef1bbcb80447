package kernel

import "poolbook/kernel/protocol"

func (r *request) inspect(*subshell) error {
	req, err := protocol.Decode[protocol.InspectRequest](r.Message)
	if err != nil {
		return err
	}
	ctx, release := r.s.interruptible()
	defer release()
	bundle, found := r.s.cfg.Session.Inspect(ctx, req.Code, byteOffset(req.Code, req.CursorPos), req.DetailLevel)
	reply := protocol.InspectReply{Status: protocol.StatusOK, Found: found, Data: map[string]any{}, Metadata: map[string]any{}}
	if found {
		reply.Data, reply.Metadata = bundle.marshal(r.s.log)
	}
	r.reply(reply)
	return nil
}
