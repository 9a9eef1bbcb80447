// Package comm lets cells talk to front ends: free channels ("comms" of the Jupyter messaging protocol) that widgets and extensions
// use. A cell uses it without an import.
//
// A front end opens a comm to a target that a cell has registered:
//
//	comm.Register("slider", func(c *comm.Comm) {
//		c.OnMsg(func(m comm.Message) {
//			var position int
//			m.Decode(&position)
//			c.Send(map[string]int{"double": 2 * position})
//		})
//	})
//
// Or a cell opens one to a target of the front end:
//
//	c, err := comm.Open("chart", map[string]string{"title": "Speed"})
//	c.Send([]int{1, 2, 3})
//	c.Close()
//
// The functions are called between cells, one at a time (while a cell runs, the message waits, unless the front end sends it to a subshell). What
// they print appears where the front end shows what belongs to the message. All functions and methods may be called by many goroutines.
//
// In a Go program outside of a notebook there is no front end: Open and Send fail with [ErrNoFrontEnd], and registered
// functions are never called.
package comm

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// Errors of the package.
var (
	// ErrNoFrontEnd: the program does not run in a notebook.
	ErrNoFrontEnd = errors.New("comm: there is no front end")
	// ErrClosed: one side has closed the comm.
	ErrClosed = errors.New("comm: the comm is closed")
)

// Message is what the other side sent.
type Message struct {
	Data     json.RawMessage // a JSON object as a rule
	Metadata json.RawMessage
	Buffers  [][]byte // bytes that go beside the JSON
}

// Decode reads the message's data into a variable, as json.Unmarshal does.
func (m Message) Decode(into any) error {
	if err := json.Unmarshal(m.Data, into); err != nil {
		return fmt.Errorf("comm: decode a message: %w", err)
	}
	return nil
}

// NewMessage makes a message of a value that can be written as JSON; nil is an empty object.
func NewMessage(data any, buffers [][]byte) (Message, error) {
	if data == nil {
		data = struct{}{}
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return Message{}, fmt.Errorf("comm: encode a message: %w", err)
	}
	return Message{Data: raw, Buffers: buffers}, nil
}

// Link is the notebook's side of a comm. The notebook calls its own functions in place of the methods of [Comm], since it has to know
// which cell calls; they find their comm by the Link.
type Link interface {
	ID() string
	Target() string
	// Opening is the message with which a front end opened the comm.
	Opening() Message
}

// Comm is an open channel to a front end.
type Comm struct{ link Link }

// New returns a Comm. It is for notebooks.
func New(l Link) *Comm { return &Comm{l} }

// Link returns the notebook's side.
func (c *Comm) Link() Link { return c.link }

// ID identifies the comm to both sides.
func (c *Comm) ID() string { return c.link.ID() }

// Target is the name that the comm was opened with.
func (c *Comm) Target() string { return c.link.Target() }

// Opening is the message with which the front end opened the comm; it is empty for one that a cell has opened.
func (c *Comm) Opening() Message { return c.link.Opening() }

// Send sends a value, written as JSON, and buffers beside it. It fails with [ErrClosed] after the end of the comm.
func (c *Comm) Send(data any, buffers ...[]byte) error { return ErrNoFrontEnd }

// OnMsg has f called with each message of the front end, in place of the function before; nil ignores messages.
func (c *Comm) OnMsg(f func(Message)) {}

// OnClose has f called when the front end closes the comm.
func (c *Comm) OnClose(f func()) {}

// Close closes the comm and tells the front end. It may be called again.
func (c *Comm) Close() {}

// Register has f called for each comm that a front end opens to the target, in place of the function before; nil refuses them.
// The targets "pool" and "poolbook.…" are the notebook's own and stay so.
func Register(target string, f func(c *Comm)) {}

// Open opens a comm to a target of the front ends, with a first message.
func Open(target string, data any) (*Comm, error) { return nil, ErrNoFrontEnd }

// Symbols are what cells can use of this package.
func Symbols() map[string]reflect.Value {
	return map[string]reflect.Value{
		"Register": reflect.ValueOf(Register), "Open": reflect.ValueOf(Open),
		"ErrNoFrontEnd": reflect.ValueOf(&ErrNoFrontEnd).Elem(), "ErrClosed": reflect.ValueOf(&ErrClosed).Elem(),
		"Comm": reflect.ValueOf((*Comm)(nil)), "Message": reflect.ValueOf((*Message)(nil)),
	}
}
