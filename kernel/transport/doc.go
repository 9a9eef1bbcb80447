// Package transport carries frames over ZeroMQ sockets: a kernel's ROUTER, XPUB and heartbeat sockets, and the DEALER, SUB
// and REQ sockets of a client. It is the only package that imports zmq4.
//
// # What zmq4 does here, and what it does not
//
// zmq4.Open makes a ZMTP connection of a net.Conn: greeting, security handshake, and after that the framing of messages.
// This package uses exactly that part. Everything around it — listening, one queue a peer, waiting, closing — is here, since
// the sockets of zmq4 (v0.17.0)
//
//   - drop messages silently when a subscriber's queue is full, or queue without a limit: here [Publisher.Publish] waits;
//   - write to all peers of a socket under one lock, so that one that does not read stops the others: here every peer has
//     its own queue and writer;
//   - shake hands in the accept loop, so that one silent peer stops new ones: here each handshake has its own goroutine and
//     deadline;
//   - panic on some malformed handshakes: here that ends the connection;
//   - lose what is queued at Close: here Close sends it first (linger);
//   - allocate whatever length a frame claims: here a guard under zmq4 reads frame headers first, refuses what is too long,
//     and reads long frames piece by piece, so that memory follows what was sent and not what was claimed;
//   - take long messages of any number of peers at once, answer PINGs of peers that do not read, keep any number of topics, and give a
//     peer whatever identity it claims: here each has a limit ([Options.MaxIncoming], a queue's length, 1,024 topics of 64 KiB, the
//     rules of ZMTP);
//   - write a frame's length before the frame is encrypted, so that no mechanism that makes frames longer can be one of its own: here
//     CurveZMQ's handshake goes through zmq4 (package curve), and the guard opens and the writer seals the frames after it;
//   - give each message of a DEALER to all of its peers, where ZeroMQ takes one in turn: here a [Conn] has one peer;
//   - hide subscriptions from XPUB's owner: here the publisher sees each as it comes and greets the subscriber.
//
// # Goroutines
//
// A listening socket has one accepting goroutine and, for each peer, a reader and a writer. All are counted by the socket,
// and Close waits for them. A [Conn], the client's side, has one writer; its owner reads.
package transport
