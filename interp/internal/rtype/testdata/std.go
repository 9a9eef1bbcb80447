//go:build ignore

// Interpreted types behind the interfaces of the standard library.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"container/heap"
	"container/list"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"iter"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"text/template"
	"time"
)

// errors
type NotFound struct{ Name string }

func (e *NotFound) Error() string        { return e.Name + " not found" }
func (e *NotFound) Is(target error) bool { return target == fs.ErrNotExist }

type Wrapped struct {
	Op  string
	Err error
}

func (w Wrapped) Error() string { return w.Op + ": " + w.Err.Error() }
func (w Wrapped) Unwrap() error { return w.Err }

type Many []error

func (m Many) Error() string   { return fmt.Sprint(len(m), " errors") }
func (m Many) Unwrap() []error { return m }

type Timeout struct{}

func (Timeout) Error() string   { return "timeout" }
func (Timeout) Timeout() bool   { return true }
func (Timeout) Temporary() bool { return false }

// sort, heap
type Item struct {
	Name string
	Prio int
}
type ByPrio []*Item

func (b ByPrio) Len() int           { return len(b) }
func (b ByPrio) Less(i, j int) bool { return b[i].Prio < b[j].Prio }
func (b ByPrio) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }
func (b *ByPrio) Push(x any)        { *b = append(*b, x.(*Item)) }
func (b *ByPrio) Pop() any {
	old := *b
	x := old[len(old)-1]
	*b = old[:len(old)-1]
	return x
}

// io
type rot13 struct{ r io.Reader }

func (r rot13) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	for i := range p[:n] {
		c := p[i] | 0x20
		if c >= 'a' && c <= 'z' {
			if c < 'n' {
				p[i] += 13
			} else {
				p[i] -= 13
			}
		}
	}
	return n, err
}

type counter struct {
	n     int
	lines int
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += len(p)
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, &NotFound{"space"}
	}
	return len(p), nil
}

type both struct {
	io.Reader
	*counter
}

type lazyReader struct{ s []string }

func (l *lazyReader) Read(p []byte) (int, error) {
	if len(l.s) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.s[0])
	l.s = l.s[1:]
	return n, nil
}
func (l *lazyReader) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, "WriteTo:"+strings.Join(l.s, ""))
	return int64(n), err
}

// flag
type listFlag []string

func (l *listFlag) String() string     { return strings.Join(*l, ",") }
func (l *listFlag) Set(s string) error { *l = append(*l, s); return nil }

// slog
type Secret string

func (s Secret) LogValue() slog.Value { return slog.StringValue("***") }

type memHandler struct {
	mu    *sync.Mutex
	lines *[]string
	attrs []slog.Attr
}

func (h memHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }
func (h memHandler) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	line := r.Level.String() + " " + r.Message
	for _, a := range h.attrs {
		line += " " + a.String()
	}
	r.Attrs(func(a slog.Attr) bool { line += " " + a.Key + "=" + a.Value.Resolve().String(); return true })
	*h.lines = append(*h.lines, line)
	return nil
}
func (h memHandler) WithAttrs(as []slog.Attr) slog.Handler {
	h.attrs = append(slices.Clip(h.attrs), as...)
	return h
}
func (h memHandler) WithGroup(string) slog.Handler { return h }

// context
type key struct{ n int }
type myCtx struct {
	context.Context
	v string
}

func (c myCtx) Value(k any) any {
	if k == (key{1}) {
		return c.v
	}
	return c.Context.Value(k)
}

// http
type api struct{ hits atomic.Int64 }

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Hits", fmt.Sprint(a.hits.Add(1)))
	fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// image
type gradient struct{ w, h int }

func (g gradient) ColorModel() color.Model { return color.GrayModel }
func (g gradient) Bounds() image.Rectangle { return image.Rect(0, 0, g.w, g.h) }
func (g gradient) At(x, y int) color.Color { return gray(x * 10) }

type gray uint8

func (g gray) RGBA() (r, gg, b, a uint32) { v := uint32(g) * 0x101; return v, v, v, 0xffff }

// fs
type memFS map[string]string

func (m memFS) Open(name string) (fs.File, error) {
	if s, ok := m[name]; ok {
		return &memFile{name, strings.NewReader(s)}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: &NotFound{name}}
}

type memFile struct {
	name string
	*strings.Reader
}

func (f *memFile) Stat() (fs.FileInfo, error) { return info{f}, nil }
func (f *memFile) Close() error               { return nil }

type info struct{ f *memFile }

func (i info) Name() string       { return i.f.name }
func (i info) Size() int64        { return i.f.Reader.Size() }
func (i info) Mode() fs.FileMode  { return 0o444 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// templates
type User struct {
	First, Last string
	Tags        map[string]int
	Friends     []*User
}

func (u User) Full() string                     { return u.First + " " + u.Last }
func (u *User) Greet(s string, n ...int) string { return fmt.Sprint(s, u.First, n) }
func (u User) Fail() (string, error)            { return "", errors.New("failed") }

type Shape interface {
	Area() float64
	hidden() string
}
type Sq struct{ S float64 }

func (s Sq) Area() float64  { return s.S * s.S }
func (s Sq) hidden() string { return "sq" }

type Stack[T any] struct{ items []T }

func (s *Stack[T]) Push(v T) { s.items = append(s.items, v) }
func (s *Stack[T]) All() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i := len(s.items) - 1; i >= 0; i-- {
			if !yield(len(s.items)-1-i, s.items[i]) {
				return
			}
		}
	}
}

func errorsPart() {
	nf := &NotFound{"x"}
	w := fmt.Errorf("ctx: %w", Wrapped{"get", nf})
	var target *NotFound
	fmt.Println(w, errors.As(w, &target), target == nf, errors.Is(w, fs.ErrNotExist), errors.Is(w, fs.ErrExist), errors.Unwrap(Wrapped{"a", nf}) == error(nf))
	var wr Wrapped
	fmt.Println(errors.As(Many{io.EOF, Wrapped{"z", nf}}, &wr), wr.Op, errors.Is(Many{io.EOF}, io.EOF))
	j := errors.Join(nf, nil, Timeout{})
	fmt.Println(j, errors.Is(j, nf))
	var to interface{ Timeout() bool }
	fmt.Println(errors.As(j, &to), to.Timeout(), os.IsTimeout(Timeout{}))
	if e, ok := errors.AsType[*NotFound](w); ok {
		fmt.Println("as type", e.Name)
	}
	_, err := errors.AsType[Timeout](w)
	fmt.Println(err)
	defer func() { fmt.Println("recovered", recover()) }()
	panic(Wrapped{"p", nf})
}

func sortPart() {
	var h ByPrio
	for i, n := range []string{"c", "a", "d", "b"} {
		heap.Push(&h, &Item{n, (i * 7) % 5})
	}
	h[0].Prio = 9
	heap.Fix(&h, 0)
	for h.Len() > 0 {
		it := heap.Pop(&h).(*Item)
		fmt.Print(it.Name, it.Prio, " ")
	}
	fmt.Println()
	items := ByPrio{{"x", 3}, {"y", 1}, {"z", 2}}
	sort.Sort(sort.Reverse(items))
	fmt.Println(items[0].Name, sort.IsSorted(items), items.Len())
	sort.Stable(items)
	fmt.Println(items[0].Name)
	sort.Slice(items, func(i, j int) bool { return items[i].Name > items[j].Name })
	fmt.Println(items[0].Name)
	slices.SortFunc(items, func(a, b *Item) int { return cmp.Compare(a.Prio, b.Prio) })
	fmt.Println(items[0].Name, slices.IndexFunc(items, func(i *Item) bool { return i.Name == "x" }))
	l := list.New()
	l.PushBack(Item{"l", 1})
	l.PushFront(Timeout{})
	for e := l.Front(); e != nil; e = e.Next() {
		fmt.Printf("%v %T;", e.Value, e.Value)
	}
	m := map[string]Item{"b": {"B", 2}, "a": {"A", 1}}
	fmt.Println(slices.Sorted(maps.Keys(m)), slices.Collect(maps.Values(map[int]Item{1: {"q", 1}})))
	var st Stack[Item]
	st.Push(Item{"1", 1})
	st.Push(Item{"2", 2})
	for i, v := range st.All() {
		fmt.Print(i, v, ";")
	}
	next, stop := iter.Pull2(st.All())
	fmt.Println(next())
	stop()
}

func ioPart() {
	var c counter
	n, err := io.Copy(io.MultiWriter(os.Stdout, &c), rot13{strings.NewReader("Uryyb, Jbeyq!\n")})
	fmt.Println(n, err, c)
	fmt.Println(io.Copy(&failing{5}, strings.NewReader("0123456789")))
	b, err := io.ReadAll(io.TeeReader(io.LimitReader(rot13{strings.NewReader("nopqrs")}, 4), &c))
	fmt.Println(string(b), err, c)
	bo := both{strings.NewReader("in"), &c}
	var rw io.ReadWriter = bo
	io.WriteString(rw, "x\n")
	b, _ = io.ReadAll(rw)
	fmt.Println(string(b), c.lines)
	var out bytes.Buffer
	io.Copy(&out, &lazyReader{[]string{"a", "b"}})
	fmt.Println(out.String())
	sc := bufio.NewScanner(&lazyReader{[]string{"one t", "wo three\nfour"}})
	sc.Split(func(data []byte, atEOF bool) (int, []byte, error) { return bufio.ScanWords(data, atEOF) })
	for sc.Scan() {
		fmt.Print(sc.Text(), "|")
	}
	bw := bufio.NewWriterSize(&failing{10}, 4)
	fmt.Fprint(bw, "12345678901234567890")
	fmt.Println(bw.Flush())
	pr, pw := io.Pipe()
	go func() { fmt.Fprint(pw, Item{"piped", 1}); pw.CloseWithError(&NotFound{"end"}) }()
	b, err = io.ReadAll(pr)
	fmt.Println(string(b), err)
	out.Reset()
	gz := gzip.NewWriter(&out)
	gz.Write([]byte("zip"))
	gz.Close()
	zr, _ := gzip.NewReader(rot13{rot13{&out}})
	_ = zr
	tw := tabwriter.NewWriter(os.Stdout, 0, 8, 1, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "a\tbbb\tc")
	fmt.Fprintln(tw, "aa\tb\tccc")
	tw.Flush()
	fsys := memFS{"a.txt": "file a"}
	data, err := fs.ReadFile(fsys, "a.txt")
	fmt.Println(string(data), err)
	_, err = fs.ReadFile(fsys, "b.txt")
	fmt.Println(err, errors.Is(err, fs.ErrNotExist))
	st, err := fs.Stat(fsys, "a.txt")
	fmt.Println(st.Name(), st.Size(), err)
}

func miscPart() {
	var lf listFlag
	set := flag.NewFlagSet("x", flag.ContinueOnError)
	set.Var(&lf, "l", "list")
	fmt.Println(set.Parse([]string{"-l", "a", "-l=b", "rest"}), lf, set.Args(), lf.String())
	var lines []string
	logger := slog.New(memHandler{new(sync.Mutex), &lines, nil})
	logger.With("id", 5).Info("hello", "secret", Secret("pw"), "item", Item{"i", 1})
	logger.Debug("no")
	fmt.Println(lines)
	text := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "time" {
			return slog.Attr{}
		}
		return a
	}}))
	text.Warn("w", "s", Secret("x"), "err", &NotFound{"f"}, "item", Item{"i", 2})
	lg := log.New(&counter{}, "p ", 0)
	lg.Print(Item{"x", 1})
	log.New(os.Stdout, "log: ", log.Lmsgprefix).Println(&NotFound{"logged"})
	ctx := myCtx{context.WithValue(context.Background(), key{2}, Item{"v", 3}), "mine"}
	c2, cancel := context.WithCancelCause(ctx)
	cancel(&NotFound{"cause"})
	fmt.Println(c2.Value(key{1}), c2.Value(key{2}), c2.Value(key{3}), context.Cause(c2), c2.Err())
	a := &api{}
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest("GET", "/p", nil))
	mux := http.NewServeMux()
	mux.Handle("/a/", a)
	mux.Handle("/f", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "teapot", 418) }))
	srv := httptest.NewServer(mux)
	defer srv.Close()
	for _, p := range []string{"/a/b", "/f", "/none"} {
		resp, err := http.Get(srv.URL + p)
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Println(resp.StatusCode, strings.TrimSpace(string(body)), resp.Header.Get("X-Hits"))
	}
	cl := http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) { return nil, &NotFound{r.URL.Host} })}
	_, err := cl.Get("http://nowhere/")
	var nf *NotFound
	fmt.Println(err, errors.As(err, &nf))
	var img image.Image = gradient{3, 2}
	g := color.GrayModel.Convert(img.At(2, 0)).(color.Gray)
	fmt.Println(img.Bounds(), g, img.At(1, 1) == color.Color(gray(10)))
	pool := sync.Pool{New: func() any { return &Item{"pooled", 0} }}
	fmt.Println(pool.Get().(*Item).Name)
	var m sync.Map
	m.Store(Item{"k", 1}, Timeout{})
	v, ok := m.Load(Item{"k", 1})
	fmt.Println(v, ok)
	var av atomic.Value
	av.Store(Item{"av", 1})
	fmt.Println(av.Load().(Item).Name)
	var ap atomic.Pointer[Item]
	ap.Store(&Item{"ap", 1})
	fmt.Println(ap.Load().Name, ap.CompareAndSwap(nil, nil))
	once := sync.OnceValue(func() Item { fmt.Println("once"); return Item{"o", 1} })
	fmt.Println(once(), once())
}

func templatePart() {
	t := template.Must(template.New("t").Funcs(template.FuncMap{"up": strings.ToUpper, "full": func(u *User) string { return "<" + u.Full() + ">" }}).Parse(
		`{{.Full}} {{.Greet "hi " 1 2}} {{range .Friends}}{{.First | up}}{{full .}};{{end}}{{len .Friends}} {{.Tags.a}} {{range $k, $v := .Tags}}{{$k}}={{$v}} {{end}}{{printf "%T" .}}
`))
	u := &User{"Ada", "L", map[string]int{"b": 2, "a": 1}, []*User{{First: "Bob"}, {First: "Cy", Last: "D"}}}
	fmt.Println(t.Execute(os.Stdout, u))
	t2 := template.Must(template.New("e").Parse("{{.Fail}}"))
	fmt.Println(t2.Execute(io.Discard, u))
	t3 := template.Must(template.New("m").Parse("{{.Missing}}"))
	fmt.Println(t3.Execute(io.Discard, u))
}

func reflectPart() {
	u := User{First: "R", Friends: []*User{{First: "F"}}}
	t := reflect.TypeOf(u)
	fmt.Println(t, t.Name(), t.PkgPath(), t.Kind(), t.NumField(), t.NumMethod(), reflect.PointerTo(t).NumMethod())
	for i := range reflect.PointerTo(t).NumMethod() {
		m := reflect.PointerTo(t).Method(i)
		fmt.Println(m.Name, m.Type, m.Index)
	}
	v := reflect.ValueOf(&u)
	fmt.Println(v.MethodByName("Greet").Call([]reflect.Value{reflect.ValueOf("yo "), reflect.ValueOf(3)}))
	m, _ := t.MethodByName("Full")
	fmt.Println(m.Func.Call([]reflect.Value{v.Elem()})[0])
	v.Elem().FieldByName("Last").SetString("set")
	fmt.Println(u.Last, v.Elem().FieldByName("nope").IsValid())
	type tagged struct {
		A int `k:"v" json:"a,omitempty"`
		b string
		User
	}
	f, _ := reflect.TypeFor[tagged]().FieldByName("A")
	fmt.Println(f.Tag.Get("k"), f.Tag, f.Index, reflect.TypeFor[tagged]().Field(1).PkgPath, reflect.TypeFor[tagged]().Field(2).Anonymous)
	pf, ok := reflect.TypeFor[tagged]().FieldByName("First")
	fmt.Println(pf.Index, ok)
	fmt.Println(reflect.DeepEqual(u, User{First: "R", Last: "set", Friends: []*User{{First: "F"}}}), reflect.DeepEqual([]Item{{"a", 1}}, []Item{{"a", 2}}))
	nv := reflect.New(t).Elem()
	nv.Set(reflect.ValueOf(u))
	fmt.Println(nv.Interface().(User).Full())
	fmt.Println(reflect.TypeFor[Sq]().Implements(reflect.TypeFor[Shape]()), reflect.TypeFor[Item]().Implements(reflect.TypeFor[Shape]()), reflect.TypeFor[*NotFound]().Implements(reflect.TypeFor[error]()))
	fn := reflect.MakeFunc(reflect.TypeFor[func(Item, Item) Item](), func(a []reflect.Value) []reflect.Value { return a[1:] })
	fmt.Println(fn.Interface().(func(Item, Item) Item)(Item{"1", 1}, Item{"2", 2}))
	mt := reflect.MapOf(reflect.TypeFor[Item](), reflect.TypeFor[[]Shape]())
	mv := reflect.MakeMap(mt)
	mv.SetMapIndex(reflect.ValueOf(Item{"k", 1}), reflect.ValueOf([]Shape{Sq{2}}))
	fmt.Println(mv.Interface().(map[Item][]Shape)[Item{"k", 1}][0].hidden(), mt)
	sl := reflect.MakeSlice(reflect.SliceOf(t), 2, 2).Interface().([]User)
	fmt.Println(len(sl), reflect.ValueOf(Sq{3}).Convert(reflect.TypeFor[struct{ S float64 }]()))
	fmt.Println(reflect.ValueOf(Sq.Area).Call([]reflect.Value{reflect.ValueOf(Sq{5})})[0], reflect.TypeOf(Sq.Area), reflect.TypeOf((*User).Greet))
	ch := reflect.MakeChan(reflect.TypeFor[chan Item](), 1)
	ch.Send(reflect.ValueOf(Item{"ch", 1}))
	fmt.Println((<-ch.Interface().(chan Item)).Name)
	fmt.Println(reflect.TypeOf(Stack[Item]{}), reflect.TypeOf(Stack[map[string]Item]{}).Name(), reflect.Zero(reflect.TypeFor[Many]()).Len())
	fmt.Println(reflect.ValueOf(struct{ X any }{Item{"x", 1}}).Field(0).Elem().Type())
	x, ok := reflect.TypeAssert[Item](reflect.ValueOf(Item{"ta", 1}))
	fmt.Println(x, ok)
	sw := func(v any) string {
		switch v := v.(type) {
		case interface{ Area() float64 }:
			return fmt.Sprint("area ", v.Area())
		case error:
			return "error " + v.Error()
		case fmt.Stringer:
			return "stringer " + v.String()
		case Item, *Item:
			return fmt.Sprintf("item %T", v)
		}
		return fmt.Sprintf("other %T", v)
	}
	fmt.Println(sw(Sq{2}), sw(Timeout{}), sw(time.Second), sw(Item{}), sw(&Item{}), sw(5))
}

func main() {
	errorsPart()
	sortPart()
	ioPart()
	miscPart()
	templatePart()
	reflectPart()
}
