// Package protocol holds the messages of the Jupyter messaging protocol, version 5.5, as Go types.
//
// It knows nothing of sockets or signatures: package wire turns a [Message] into frames and back, package transport
// carries the frames. A message arrives with its content undecoded; [Decode] turns it into one of the content types here:
//
//	m, err := codec.Decode(frames) // a wire.Codec
//	switch m.Header.Type {
//	case protocol.TypeExecuteRequest:
//		req, err := protocol.Decode[protocol.ExecuteRequest](m)
//
// An answer is made from its parent with [Reply], which copies the parent's header byte for byte, so that fields that
// this package does not know survive. What a front end leaves out has the value that the protocol gives as its default.
package protocol
