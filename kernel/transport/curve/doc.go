// Package curve is CurveZMQ, the CURVE security mechanism of ZMTP: https://rfc.zeromq.org/spec/26, as libzmq 4 speaks it.
//
// It has no sockets: a [Server] or [Client] takes the peer's handshake commands and returns its own, and ends with a [Session] that
// seals and opens the frames that follow. Package transport carries both.
//
//	client                          server
//	HELLO     C', proof of C'   →
//	                            ←   WELCOME   S', cookie, sealed by S
//	INITIATE  cookie, C, vouch  →
//	                            ←   READY     metadata
//	MESSAGE   flags, frame      ↔   MESSAGE   flags, frame
//
// C and S are the long-term keys of client and server, C' and S' those of one connection, which are forgotten with it: what was
// recorded cannot be read by who gets the long-term keys later. The boxes are NaCl's (golang.org/x/crypto/nacl). Who knows the server's public
// key, and nothing else, can connect: that is what kernels of Jupyter do with it, where the connection file has both keys and who is
// let in is known by reading it.
package curve
