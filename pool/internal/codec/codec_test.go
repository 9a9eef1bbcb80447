package codec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

type point struct{ x, y int }

type color uint8

type node struct {
	name string
	next *node
	kids []*node
}

type tree []tree

type mixed struct {
	A    int8
	b    string
	C    []int
	d    map[string]*point
	e    any
	F    [3]bool
	g    *mixed
	when time.Time
	err  error
	_    int
	n    big.Int
	mu   sync.Mutex
	//lint:ignore U1000 the codec reads it
	z    struct{}
	col  color
	u    *url.URL
	cplx complex128
}

type money struct{ cents int64 }

func (m money) MarshalBinary() ([]byte, error) { return []byte(fmt.Sprint(m.cents)), nil }
func (m *money) UnmarshalBinary(b []byte) error {
	_, err := fmt.Sscan(string(b), &m.cents)
	return err
}

type myErr struct{ Code int }

func (e *myErr) Error() string { return fmt.Sprintf("code %d", e.Code) }

// roundTrip sends v through a codec of its own on each side, with the same names.
func roundTrip[T any](t *testing.T, v T) T {
	t.Helper()
	types := &localTypes{}
	e := New(Options{Types: types}).NewEncoder(nil, nil)
	if err := e.Encode(reflect.ValueOf(&v).Elem()); err != nil {
		t.Fatalf("encode %T: %v", v, err)
	}
	var out T
	d := New(Options{Types: types}).NewDecoder(e.Bytes(), nil)
	if err := d.Decode(reflect.ValueOf(&out).Elem()); err != nil {
		t.Fatalf("decode %T: %v", v, err)
	}
	if len(d.Rest()) != 0 {
		t.Fatalf("%T: %d bytes left", v, len(d.Rest()))
	}
	return out
}

func same[T any](t *testing.T, v T) {
	t.Helper()
	if out := roundTrip(t, v); !reflect.DeepEqual(out, v) {
		t.Errorf("%T: got %#v, want %#v", v, out, v)
	}
}

func TestValues(t *testing.T) {
	for _, v := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		same(t, v)
		same(t, int(v))
		same(t, int8(v))
		same(t, uint64(v))
		same(t, []int64{v, v})
	}
	same(t, 3.25)
	same(t, float32(-1))
	same(t, complex(1, 2))
	same(t, "häß\x00")
	same(t, true)
	same(t, color(3))
	same(t, [2]string{"a", "b"})
	same(t, []string(nil))
	same(t, []string{})
	same(t, []struct{}{{}, {}})
	same(t, map[string][]int{"a": {1}, "b": nil})
	same(t, map[point]string{{1, 2}: "x"})
	same(t, map[any]any{1: "a", "b": 2.5, point{1, 2}: []any{nil, true}})
	same(t, []any{1, "a", nil, []int{1}, map[string]any{"k": point{1, 2}}, &point{3, 4}, color(1), time.Second})
	same(t, &point{1, 2})
	same(t, (*point)(nil))
	same(t, money{12345})
	same(t, []*money{{1}, nil})
	same(t, netip.MustParseAddr("10.1.2.3"))
	same(t, big.NewInt(0).Exp(big.NewInt(7), big.NewInt(300), nil))
	same(t, net.IPv4(1, 2, 3, 4))
}

func TestMixed(t *testing.T) {
	u, _ := url.Parse("http://a/b?c")
	v := mixed{A: -3, b: "b", C: []int{1, 2}, d: map[string]*point{"p": {1, 2}, "n": nil}, e: []any{1, "x"}, F: [3]bool{true, false, true},
		when: time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC), err: io.EOF, col: 7, u: u, cplx: 3i}
	v.n.SetString("123456789012345678901234567890", 10)
	v.g = &mixed{b: "inner", mu: sync.Mutex{}}
	types := &localTypes{}
	e := New(Options{Types: types}).NewEncoder(nil, nil)
	if err := e.Encode(reflect.ValueOf(&v).Elem()); err != nil {
		t.Fatal(err)
	}
	var out mixed
	if err := New(Options{Types: types}).NewDecoder(e.Bytes(), nil).Decode(reflect.ValueOf(&out).Elem()); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&v, &out) {
		t.Errorf("got %+v\nwant %+v", &out, &v)
	}
}

func TestShape(t *testing.T) {
	a := &node{name: "a"}
	a.next = a
	out := roundTrip(t, a)
	if out.next != out {
		t.Error("a pointer to itself lost its shape")
	}
	shared := &point{1, 2}
	ps := roundTrip(t, []*point{shared, shared, {1, 2}})
	if ps[0] != ps[1] || ps[0] == ps[2] {
		t.Error("shared pointers lost their shape")
	}
	m := map[string]any{}
	m["self"] = m
	mo := roundTrip(t, m)
	mo["new"] = 1
	if _, ok := mo["self"].(map[string]any)["new"]; !ok {
		t.Error("a map in itself lost its shape")
	}
	s := []any{nil, 1}
	s[0] = s
	so := roundTrip(t, s)
	if &so[0].([]any)[0] != &so[0] {
		t.Error("a slice in itself lost its shape")
	}
	tr := tree{nil, {nil}}
	tr[0] = tr
	if to := roundTrip(t, tr); &to[0][0] != &to[0] {
		t.Error("a recursive slice lost its shape")
	}
	var head *node
	for range 100_000 {
		head = &node{next: head}
	}
	n := 0
	for p := roundTrip(t, head); p != nil; p = p.next {
		n++
	}
	if n != 100_000 {
		t.Errorf("a list of 100000 arrived with %d", n)
	}
}

func TestTimes(t *testing.T) {
	now := time.Now()
	if out := roundTrip(t, now); out != now.Round(0) {
		t.Errorf("%v, want %v", out, now.Round(0))
	}
	same(t, time.Time{})
	same(t, time.Date(-5, 1, 1, 0, 0, 0, 999, time.UTC))
	same(t, []time.Time{time.Unix(0, 0).UTC(), time.Unix(-1, 0).UTC(), time.Unix(63, 0).UTC()}) // the shortest
	same(t, any(time.Unix(0, 0).UTC()))
	z := time.Date(2024, 7, 1, 0, 0, 0, 0, time.FixedZone("XYZ", -3600))
	if out := roundTrip(t, z); !out.Equal(z) || out.String() != z.String() {
		t.Errorf("%v, want %v", out, z)
	}
	if l, err := time.LoadLocation("Europe/Paris"); err == nil {
		p := time.Date(2024, 7, 1, 0, 0, 0, 0, l)
		if out := roundTrip(t, p); out.AddDate(0, 6, 0).String() != p.AddDate(0, 6, 0).String() {
			t.Errorf("the location was lost: %v", out)
		}
	}
}

func TestErrors(t *testing.T) {
	type local struct{ error }
	for _, err := range []error{
		io.EOF, fmt.Errorf("read: %w", io.EOF), errors.Join(io.EOF, fs.ErrNotExist), &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist},
		errors.New("plain"), &myErr{7}, fmt.Errorf("deep: %w", &myErr{8}), context.DeadlineExceeded, context.Canceled,
	} {
		out := roundTrip(t, err)
		if out.Error() != err.Error() || reflect.TypeOf(out) != reflect.TypeOf(err) {
			t.Errorf("%T %v arrived as %T %v", err, err, out, out)
		}
		for _, is := range []error{io.EOF, fs.ErrNotExist, context.DeadlineExceeded, context.Canceled} {
			if errors.Is(err, is) != errors.Is(out, is) {
				t.Errorf("errors.Is(%v, %v) = %v", out, is, errors.Is(out, is))
			}
		}
	}
	var as *myErr
	if out := roundTrip(t, fmt.Errorf("deep: %w", error(&myErr{8}))); !errors.As(out, &as) || as.Code != 8 {
		t.Errorf("errors.As does not find the type in %v", out)
	}
	// Without names for its type an error keeps its text and what it wraps.
	e := New(Options{Types: noTypes{}}).NewEncoder(nil, nil)
	var err error = local{fmt.Errorf("outer: %w", io.EOF)}
	if err := e.Encode(reflect.ValueOf(&err).Elem()); err != nil {
		t.Fatal(err)
	}
	var out error
	if err := New(Options{}).NewDecoder(e.Bytes(), nil).Decode(reflect.ValueOf(&out).Elem()); err != nil {
		t.Fatal(err)
	}
	if out.Error() != "outer: EOF" {
		t.Errorf("got %v", out)
	}
}

type noTypes struct{}

func (noTypes) TypeName(t reflect.Type) (string, error) {
	return "", errors.New("its type has no name")
}
func (noTypes) TypeByName(n string) (reflect.Type, error) {
	return nil, errors.New("no type " + n)
}

func TestSession(t *testing.T) {
	bad := errors.New("bad")
	var parent, worker Session
	parent.Know([]error{io.EOF, bad})
	copyOfBad := errors.New("bad")
	worker.Know([]error{io.EOF, copyOfBad})
	c := New(Options{})
	e := c.NewEncoder(nil, &worker)
	err := fmt.Errorf("item: %w", copyOfBad)
	if err := e.Encode(reflect.ValueOf(&err).Elem()); err != nil {
		t.Fatal(err)
	}
	var out error
	if err := c.NewDecoder(e.Bytes(), &parent).Decode(reflect.ValueOf(&out).Elem()); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(out, bad) {
		t.Errorf("%v is not the session's own error", out)
	}
}

func TestRefused(t *testing.T) {
	type conn struct {
		Name string
		conn net.Conn
	}
	type job struct {
		m map[string]*conn
		c []chan int
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	left, right := net.Pipe()
	defer left.Close()
	defer right.Close()
	used := &sync.Mutex{}
	used.Lock()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, c := range []struct {
		v    any
		want string
	}{
		{[]conn{{}, {}, {}, {conn: left}}, "[3].conn: net.Conn cannot be sent"},
		{[]net.Listener{ln}, "[0]: net.Listener cannot be sent"},
		{job{m: map[string]*conn{"a": {conn: left}}}, `m["a"].conn: net.Conn cannot be sent`},
		{job{c: []chan int{nil, make(chan int)}}, "c[1]: chan int cannot be sent to another process (use pool.NewQueue)"},
		{[]*os.File{f}, "[0]: *os.File cannot be sent"},
		{used, "sync.Mutex cannot be sent to another process (it is in use; use pool.NewLock)"},
		{struct{ f func() }{func() {}}, "f: func() cannot be sent"},
		{struct{ ctx context.Context }{context.WithValue(ctx, time.Second, make(chan int))}, "ctx.val: chan int cannot be sent"},
		{[]any{1, make(chan int)}, "[1]: chan int cannot be sent"},
		{reflect.ValueOf(1), "reflect.Value cannot be sent"},
	} {
		e := New(Options{Types: onlyNamed{}}).NewEncoder(nil, nil)
		err := e.Encode(reflect.ValueOf(c.v))
		var r *RefusedError
		if !errors.As(err, &r) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: got %v, want %s", c.v, err, c.want)
		}
	}
}

// onlyNamed names types as a session does: nothing unexported of a compiled package.
type onlyNamed struct{}

func (onlyNamed) TypeName(t reflect.Type) (string, error) {
	n := t
	for n.Kind() == reflect.Pointer {
		n = n.Elem()
	}
	if i := strings.LastIndex(n.String(), "."); i >= 0 && strings.ToLower(n.String()[i+1:i+2]) == n.String()[i+1:i+2] {
		return "", errors.New("its type has no name")
	}
	return t.String(), nil
}
func (onlyNamed) TypeByName(n string) (reflect.Type, error) { return nil, errors.New("unused") }

func TestItems(t *testing.T) {
	type args struct {
		A int8
		B int64
		C string
	}
	c := New(Options{})
	items := []args{{1, 2, "a"}, {3, 4, "b"}, {5, 6, "c"}}
	in, err := c.Items(reflect.TypeFor[args](), true)
	if err != nil {
		t.Fatal(err)
	}
	e := c.NewEncoder(nil, nil)
	if err := in.Encode(e, reflect.ValueOf(items), 1, 3); err != nil {
		t.Fatal(err)
	}
	out, err := c.Args([]reflect.Type{reflect.TypeFor[int8](), reflect.TypeFor[int64](), reflect.TypeFor[string]()})
	if err != nil {
		t.Fatal(err)
	}
	d := c.NewDecoder(e.Bytes(), nil)
	got := out.Columns(4)
	if n, err := out.Decode(d, got, 0, 2, 1<<20); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	for i := range 2 {
		if v := (args{int8(got[0].Index(i).Int()), got[1].Index(i).Int(), got[2].Index(i).String()}); v != items[i+1] {
			t.Errorf("item %d: %v", i+1, v)
		}
	}
	if out.Forget(got, 0, 2); got[2].Index(1).String() != "" {
		t.Error("Forget keeps a string")
	}
	// A message that ends early gives the items that are whole.
	d.Reset(e.Bytes()[:len(e.Bytes())-1])
	if n, err := out.Decode(d, got, 0, 2, 1<<20); n != 1 || err == nil || got[2].Index(1).String() != "" {
		t.Errorf("a message cut short: %d items, %v", n, err)
	}
	// A limit of bytes is looked at before each item.
	d.Reset(e.Bytes())
	if n, err := out.Decode(d, got, 0, 2, 1); n != 1 || err != nil {
		t.Errorf("a limit of one byte: %d items, %v", n, err)
	}
	plain, _ := c.Args([]reflect.Type{reflect.TypeFor[int32]()})
	d.Reset([]byte{1, 0, 0, 0, 2, 0, 0, 0, 3})
	cols := plain.Columns(3)
	if n, err := plain.Decode(d, cols, 0, 3, 1<<20); n != 2 || err != nil || cols[0].Index(1).Int() != 2 {
		t.Errorf("plain items: %d, %v", n, err)
	}
	if n, err := plain.Decode(d, cols, 0, 1, 1<<20); n != 0 || err == nil {
		t.Errorf("a cut plain item: %d, %v", n, err)
	}
}

// TestEncodeAll reads back values that were written one behind the other.
func TestEncodeAll(t *testing.T) {
	c := New(Options{})
	p := &point{1, 2}
	values := []*point{p, p, nil, {3, 4}}
	plan, err := c.Value(reflect.TypeFor[*point]())
	if err != nil {
		t.Fatal(err)
	}
	e := c.NewEncoder(nil, nil)
	if err := plan.EncodeAll(e, reflect.ValueOf(values), 1, 4); err != nil {
		t.Fatal(err)
	}
	got := make([]*point, 5)
	if err := plan.Fill(c.NewDecoder(e.Bytes(), nil), reflect.ValueOf(got), 2, 3); err != nil {
		t.Fatal(err)
	}
	if *got[2] != *p || got[3] != nil || *got[4] != (point{3, 4}) {
		t.Errorf("%v", got)
	}
	if err := plan.Fill(c.NewDecoder(e.Bytes(), nil), reflect.ValueOf(got), 0, 2); err == nil {
		t.Error("values are left over, and nobody minds")
	}
	if err := plan.Fill(c.NewDecoder(e.Bytes(), nil), reflect.ValueOf(got), 3, 3); err == nil {
		t.Error("more values than places")
	}
}

func FuzzDecode(f *testing.F) {
	types := &localTypes{}
	c := New(Options{Types: types})
	u, _ := url.Parse("http://a")
	v := mixed{b: "b", C: []int{1}, d: map[string]*point{"p": {1, 2}}, e: []any{1, map[any]any{point{1, 2}: &mixed{}}}, err: io.EOF, u: u, when: time.Now()}
	e := c.NewEncoder(nil, nil)
	if err := e.Encode(reflect.ValueOf(&v).Elem()); err != nil {
		f.Fatal(err)
	}
	f.Add(e.Bytes())
	a := &node{name: "a", kids: []*node{{}, nil}}
	a.next = a
	e = c.NewEncoder(nil, nil)
	var x any = []any{a, tree{nil, {}}, errors.Join(io.EOF, &myErr{1}), fmt.Errorf("x %w", &myErr{2})}
	if err := e.Encode(reflect.ValueOf(&x).Elem()); err != nil {
		f.Fatal(err)
	}
	f.Add(e.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var m mixed
		_ = c.NewDecoder(data, nil).Decode(reflect.ValueOf(&m).Elem())
		var x any
		if err := c.NewDecoder(data, nil).Decode(reflect.ValueOf(&x).Elem()); err != nil {
			return
		}
		// What was read can be written.
		if err := c.NewEncoder(nil, nil).Encode(reflect.ValueOf(&x).Elem()); err != nil {
			t.Errorf("%v", err)
		}
	})
}

// TestPlansAgree holds that two processes number what a message shares in the same way, whatever types they have met before: here the
// encoder meets []int twice in one struct, and the decoder by itself.
func TestPlansAgree(t *testing.T) {
	type twice struct{ A, B []int }
	type value struct {
		List []int
		P, Q *point
	}
	from, to := New(Options{}), New(Options{})
	for c, typ := range map[*Codec]reflect.Type{from: reflect.TypeFor[twice](), to: reflect.TypeFor[[]int]()} {
		if _, err := c.Value(typ); err != nil {
			t.Fatal(err)
		}
	}
	p := &point{1, 2}
	e := from.NewEncoder(nil, nil)
	if err := e.Encode(reflect.ValueOf(&value{[]int{1, 2}, p, p}).Elem()); err != nil {
		t.Fatal(err)
	}
	var out value
	if err := to.NewDecoder(e.Bytes(), nil).Decode(reflect.ValueOf(&out).Elem()); err != nil || out.P != out.Q || *out.P != *p {
		t.Errorf("%+v, %v", out, err)
	}
}
