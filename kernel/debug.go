package kernel

import (
	"encoding/json"
	"os"

	"poolbook/kernel/protocol"
)

// debug answers those requests of the Debug Adapter Protocol that need no debugger: debugInfo, and what variable explorers ask for
// while nothing is stopped (inspectVariables, variables, richInspectVariables). The others fail with a message. Since there is no
// debugger, kernel_info does not offer one.
func (r *request) debug(*subshell) error {
	req, err := protocol.Decode[protocol.DebugRequest](r.Message)
	if err != nil {
		return err
	}
	reply := protocol.DebugReply{Type: "response", RequestSeq: req.Seq, Command: req.Command, Success: true}
	lister, _ := r.s.cfg.Session.(VariableLister)
	switch {
	case req.Command == "debugInfo":
		reply.Body = map[string]any{
			"isStarted": false, "hashMethod": "Murmur2", "hashSeed": 0, "tmpFilePrefix": os.TempDir() + string(os.PathSeparator),
			"tmpFileSuffix": r.s.info.Language.FileExtension, "breakpoints": []any{}, "stoppedThreads": []any{},
			"richRendering": lister != nil, "exceptionPaths": []any{}, "copyToGlobals": false,
		}
	case lister == nil:
		reply.Success, reply.Message = false, "this kernel lists no variables"
	case req.Command == "inspectVariables":
		reply.Body = map[string]any{"variables": adapterVariables(lister.Variables())}
	case req.Command == "variables":
		var args struct {
			Ref   int `json:"variablesReference"`
			Start int `json:"start"`
			Count int `json:"count"`
		}
		if err := json.Unmarshal(req.Arguments, &args); err != nil {
			return err
		}
		parts, ok := lister.Parts(args.Ref)
		if !ok {
			reply.Success, reply.Message = false, "the variables have been listed anew since"
			break
		}
		parts = parts[min(max(args.Start, 0), len(parts)):]
		if args.Count > 0 {
			parts = parts[:min(args.Count, len(parts))]
		}
		reply.Body = map[string]any{"variables": adapterVariables(parts)}
	case req.Command == "richInspectVariables":
		var args struct {
			Name string `json:"variableName"`
		}
		if err := json.Unmarshal(req.Arguments, &args); err != nil {
			return err
		}
		ctx, release := r.s.interruptible()
		defer release()
		b, ok := lister.ShowVariable(ctx, args.Name)
		if !ok {
			reply.Success, reply.Message = false, "no variable "+args.Name
		}
		data, metadata := b.marshal(r.s.log)
		reply.Body = map[string]any{"data": data, "metadata": metadata}
	default:
		reply.Success, reply.Message = false, "this kernel has no debugger"
	}
	r.reply(reply)
	return nil
}

// adapterVariables writes variables as the Debug Adapter Protocol does.
func adapterVariables(list []Variable) []map[string]any {
	out := make([]map[string]any, len(list))
	for i, v := range list {
		out[i] = map[string]any{"name": v.Name, "value": v.Value, "type": v.Type, "evaluateName": v.Name, "variablesReference": v.Ref}
		if v.Cell == 0 { // a part
			delete(out[i], "evaluateName")
		}
		if v.Ref != 0 && v.Size >= 0 {
			out[i]["indexedVariables"] = v.Size
		}
	}
	return out
}
