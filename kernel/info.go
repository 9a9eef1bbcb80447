package kernel

import (
	"unicode/utf8"

	"poolbook/kernel/protocol"
)

func (r *request) kernelInfo(*subshell) error {
	i := r.s.info
	reply := protocol.KernelInfoReply{
		Status:                protocol.StatusOK,
		ProtocolVersion:       protocol.Version,
		Implementation:        i.Implementation,
		ImplementationVersion: i.ImplementationVersion,
		LanguageInfo:          i.Language,
		Banner:                i.Banner,
		HelpLinks:             i.HelpLinks,
	}
	if i.Subshells {
		reply.SupportedFeatures = []string{"kernel subshells"}
	}
	r.reply(reply)
	return nil
}

func (r *request) isComplete(*subshell) error {
	req, err := protocol.Decode[protocol.IsCompleteRequest](r.Message)
	if err != nil {
		return err
	}
	status, indent := r.s.cfg.Session.IsComplete(req.Code)
	r.reply(protocol.IsCompleteReply{Status: status, Indent: indent})
	return nil
}

// byteOffset turns a position in Unicode characters, as the protocol counts, into one in bytes.
// What lies outside of the text is moved to its nearer end.
func byteOffset(text string, characters int) int {
	if characters <= 0 {
		return 0
	}
	for i := range text {
		if characters == 0 {
			return i
		}
		characters--
	}
	return len(text)
}

// characterOffset is the inverse of byteOffset.
func characterOffset(text string, bytes int) int {
	return utf8.RuneCountInString(text[:min(max(bytes, 0), len(text))])
}
