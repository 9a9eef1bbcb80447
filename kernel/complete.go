package kernel

import "poolbook/kernel/protocol"

func (r *request) complete(*subshell) error {
	req, err := protocol.Decode[protocol.CompleteRequest](r.Message)
	if err != nil {
		return err
	}
	ctx, release := r.s.interruptible()
	defer release()
	c := r.s.cfg.Session.Complete(ctx, req.Code, byteOffset(req.Code, req.CursorPos))
	reply := protocol.CompleteReply{
		Status:      protocol.StatusOK,
		Matches:     c.Matches,
		CursorStart: characterOffset(req.Code, c.Start),
		CursorEnd:   characterOffset(req.Code, c.End),
		Metadata:    map[string]any{},
	}
	if reply.Matches == nil {
		reply.Matches = []string{}
	}
	if len(c.Items) == len(c.Matches) && len(c.Items) > 0 {
		// The key is ipykernel's; JupyterLab and VS Code read types and signatures from it.
		items := make([]map[string]any, len(c.Items))
		for i, item := range c.Items {
			items[i] = map[string]any{"start": reply.CursorStart, "end": reply.CursorEnd,
				"text": c.Matches[i], "type": item.Type, "signature": item.Signature}
		}
		reply.Metadata["_jupyter_types_experimental"] = items
	}
	r.reply(reply)
	return nil
}
