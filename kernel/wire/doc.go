// Package wire turns messages of the Jupyter protocol into ZeroMQ frames and back, and signs and checks them.
// It has no sockets and reads nothing but what it is given.
//
// On the wire a message is
//
//	identities… | "<IDS|MSG>" | signature | header | parent header | metadata | content | buffers…
//
// where the signature is the HMAC-SHA256, in hexadecimal, of the four JSON frames. A [Codec] holds the key.
// What a peer sent is checked in this order: the frames are there and within the limits, the signature fits and was not
// seen before, the JSON is well formed. So nothing of an unsigned message is ever parsed.
package wire
