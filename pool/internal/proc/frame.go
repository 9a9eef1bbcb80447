package proc

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Kind is the kind of a frame.
type Kind byte

// Frames from the pool to the worker.
const (
	Hello  Kind = 1 + iota // version, 1 in a process that is started ahead of its pool: the first frame
	Load                   // unit number, hash, payload: a code unit
	Blob                   // key (two numbers), bytes: a large variable
	Forget                 // key: it is not needed any more
	Init                   // job, unit, mode, variables that it assigns, variables: run it once
	Setup                  // job, unit, mode, timeout, seed, variables
	Chunk                  // chunk, job, first item, items, skip list, encoded items
	Cancel                 // job: stop it when it runs, give its chunks back
	Recall                 // give back the chunks that have not been begun
	Drop                   // job: it is over
	Reply                  // request, shared objects in the answer, answer: of a shared object
	Stop                   // finish what is there, then exit
	Limit                  // bytes of memory that the worker may hold
	Name                   // of the worker, and its number in the pool, before its first task
	AtExit                 // as Init: run it, no answer; Stop follows
)

// Frames from the worker to the pool.
const (
	Ready    Kind = 64 + iota // version
	Failed                    // text: the worker cannot be made ready
	Result                    // chunk, item, status, nanoseconds, body
	Run                       // results of consecutive items without failure, as memory: see RunHead
	Returned                  // chunks that are given back
	Output                    // stream, job, item, bytes
	Request                   // request, object, operation, body
	SetupBad                  // job, text: its code or variables could not be loaded
	InitDone                  // status, body: the function of an Init has run
	Started                   // chunk, item: it begins; where there is no beacon
	Note                      // chunk, index of an item, done, total, label: what a task tells
	Full                      // it holds more memory than its limit, and ends
	Keep                      // shared object: it has a handle of it now
	Free                      // shared object: it has none any more
	Took                      // request: it has handles of what was in the answer
)

// A frame's head is the length of what follows it, in 8 bytes, since a chunk of items may be larger than 4 GiB; then comes its kind.
const (
	lengthLen = 8
	// HeadLen is how many bytes a frame has before its body.
	HeadLen = lengthLen + 1
)

// ErrFrame is the error of a stream that is no sequence of frames.
var ErrFrame = errors.New("malformed frame")

// Begin starts a frame in buf; End finishes it.
func Begin(buf []byte, k Kind) (b []byte, start int) {
	return append(buf, 0, 0, 0, 0, 0, 0, 0, 0, byte(k)), len(buf)
}

// End sets the length of the frame that began at start.
func End(buf []byte, start int) []byte {
	binary.LittleEndian.PutUint64(buf[start:], uint64(len(buf)-start-lengthLen))
	return buf
}

// AppendHead appends the head of a frame whose body of n bytes follows separately.
func AppendHead(buf []byte, k Kind, n int) []byte {
	return append(binary.LittleEndian.AppendUint64(buf, uint64(n)+1), byte(k))
}

// Reader reads frames.
type Reader struct {
	r     *bufio.Reader
	big   []byte
	count counter
}

// counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n uint64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += uint64(n)
	return n, err
}

// readerSize holds many results of small tasks, and the whole of what a pipe holds.
const readerSize = 1 << 16

// NewReader reads frames from r.
func NewReader(r io.Reader) *Reader {
	x := &Reader{count: counter{r: r}}
	x.r = bufio.NewReaderSize(&x.count, readerSize)
	return x
}

// Read reports whether all of the first n bytes have been returned as frames, and no part of a further one has come.
func (r *Reader) Read(n uint64) bool { return r.r.Buffered() == 0 && r.count.n >= n }

// Split takes the first frame off a message that consists of whole ones.
func Split(msg []byte) (k Kind, body, rest []byte, err error) {
	if len(msg) < HeadLen {
		return 0, nil, nil, fmt.Errorf("%w: head", ErrFrame)
	}
	n := binary.LittleEndian.Uint64(msg)
	if n < 1 || n > uint64(len(msg)-lengthLen) {
		return 0, nil, nil, fmt.Errorf("%w: length %d", ErrFrame, n)
	}
	return Kind(msg[lengthLen]), msg[HeadLen : lengthLen+n], msg[lengthLen+n:], nil
}

// Next waits for a frame. Its body is valid until the next call. The error at the end between two frames is io.EOF.
func (r *Reader) Next() (Kind, []byte, error) {
	head, err := r.r.Peek(HeadLen)
	if err != nil {
		if errors.Is(err, io.EOF) && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	length, kind := binary.LittleEndian.Uint64(head), Kind(head[lengthLen])
	if length < 1 || length > math.MaxInt {
		return 0, nil, fmt.Errorf("%w: length %d", ErrFrame, length)
	}
	_, _ = r.r.Discard(HeadLen)
	n := int(length - 1)
	if n <= readerSize {
		body, err := r.r.Peek(n)
		if err != nil {
			return 0, nil, fmt.Errorf("in a frame: %w", io.ErrUnexpectedEOF)
		}
		_, _ = r.r.Discard(n)
		return kind, body, nil
	}
	// Large frames get memory of their own, asked for as the bytes come: a wrong length costs nothing.
	body := r.big[:0]
	for len(body) < n {
		step := min(n-len(body), max(len(body), 1<<20))
		if cap(body)-len(body) < step {
			grown := make([]byte, len(body), len(body)+step)
			copy(grown, body)
			body = grown
		}
		at := len(body)
		body = body[:at+step]
		if _, err := io.ReadFull(r.r, body[at:]); err != nil {
			return 0, nil, fmt.Errorf("in a frame: %w", io.ErrUnexpectedEOF)
		}
	}
	if r.big = body; cap(body) > 1<<22 {
		r.big = nil // not worth keeping
	}
	return kind, body, nil
}

// Keep makes the body that Next returned last the caller's own.
func (r *Reader) Keep(body []byte) []byte {
	if len(body) > readerSize {
		r.big = nil
		return body
	}
	return append(make([]byte, 0, len(body)), body...)
}

// More reports whether a whole further frame is there already.
func (r *Reader) More() bool {
	if r.r.Buffered() < HeadLen {
		return false
	}
	head, _ := r.r.Peek(HeadLen)
	return uint64(r.r.Buffered()-lengthLen) >= binary.LittleEndian.Uint64(head)
}

// Body appends the fields of a frame's body.
type Body []byte

// Uint appends a number.
func (b Body) Uint(v uint64) Body { return binary.AppendUvarint(b, v) }

// Int appends a number that may be negative.
func (b Body) Int(v int64) Body { return binary.AppendVarint(b, v) }

// Bytes appends counted bytes.
func (b Body) Bytes(v []byte) Body { return append(b.Uint(uint64(len(v))), v...) }

// String appends a counted string.
func (b Body) String(v string) Body { return append(b.Uint(uint64(len(v))), v...) }

// Fields reads the fields of a frame's body. After the first error everything is zero; see Err.
type Fields struct {
	Data []byte
	Err  error
}

func (f *Fields) fail() {
	if f.Err == nil {
		f.Err = fmt.Errorf("%w: body", ErrFrame)
	}
	f.Data = nil
}

// Uint reads a number.
func (f *Fields) Uint() uint64 {
	v, n := binary.Uvarint(f.Data)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.Data = f.Data[n:]
	return v
}

// Int reads a number that may be negative.
func (f *Fields) Int() int64 {
	v, n := binary.Varint(f.Data)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.Data = f.Data[n:]
	return v
}

// Len reads a number of things of at least one byte each.
func (f *Fields) Len() int {
	n := f.Uint()
	if n > uint64(len(f.Data)) {
		f.fail()
		return 0
	}
	return int(n)
}

// Bytes reads counted bytes, in the frame's own memory.
func (f *Fields) Bytes() []byte {
	n := f.Len()
	v := f.Data[:n]
	f.Data = f.Data[n:]
	return v
}

// String reads a counted string.
func (f *Fields) String() string { return string(f.Bytes()) }

// Extend adds n bytes, which follow separately, to the length of the frame that began at start.
func Extend(buf []byte, start, n int) {
	binary.LittleEndian.PutUint64(buf[start:], binary.LittleEndian.Uint64(buf[start:])+uint64(n))
}

// RunHead is what a Run frame has before the results, 8 bytes each: the chunk, the first item, how many, nanoseconds of all.
const RunHead = 32

// PutRun writes the head of a run.
func PutRun(head []byte, chunk uint64, first, n int, took uint64) {
	binary.LittleEndian.PutUint64(head, chunk)
	binary.LittleEndian.PutUint64(head[8:], uint64(first))
	binary.LittleEndian.PutUint64(head[16:], uint64(n))
	binary.LittleEndian.PutUint64(head[24:], took)
}

// ReadRun reads the body of a Run frame.
func ReadRun(body []byte) (chunk uint64, first, n int, took uint64, values []byte, err error) {
	if len(body) < RunHead {
		return 0, 0, 0, 0, nil, fmt.Errorf("%w: run", ErrFrame)
	}
	return binary.LittleEndian.Uint64(body), int(binary.LittleEndian.Uint64(body[8:])), int(binary.LittleEndian.Uint64(body[16:])),
		binary.LittleEndian.Uint64(body[24:]), body[RunHead:], nil
}
