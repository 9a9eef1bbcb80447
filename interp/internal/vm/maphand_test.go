package vm_test

import (
	"strings"
	"testing"

	"poolbook/interp/internal/vm"
)

const handPrelude = `import ("encoding/json"; "fmt"; "io"; "maps"; "sync")
var _, _, _ = json.Marshal, fmt.Sprint, io.Discard
var _ sync.Mutex
var _ = maps.Clone[map[int]string]
type box struct { n int; M map[int]string }
type safe struct { mu sync.Mutex; m map[int]string }
func (s *safe) String() string { s.mu.Lock(); defer s.mu.Unlock(); return fmt.Sprint(s.m) }
`

// TestConcurrentMapsHandedOver has one goroutine write a map that compiled code looks into for another.
func TestConcurrentMapsHandedOver(t *testing.T) {
	for name, body := range map[string]string{
		"Sprint":      `fmt.Sprint(m)`,
		"Fprintln":    `fmt.Fprintln(io.Discard, "x", 1, m)`,
		"Sprintf":     `fmt.Sprintf("%v", []any{m})`,
		"struct":      `fmt.Sprint(box{1, m})`,
		"pointer":     `fmt.Sprintf("%+v", &box{1, m})`,
		"json":        `json.Marshal(m)`,
		"json inside": `json.Marshal(map[string]any{"a": []*box{{1, m}}})`,
		"maps":        `maps.Clone(m)`,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "maps" && raceEnabled {
				t.Skip("Clone reads the length of the map first")
			}
			p := mustLoad(t, handPrelude+`func main() {
	m := map[int]string{}
	for i := range 100 { m[i] = "x" }
	go func() { for i := 0; ; i++ { m[i%100] = "y" } }()
	defer func() { recover() }()
	for { `+body+` }
}`)
			r, f := p.mustFault(t)
			if !strings.HasPrefix(f.Message, "concurrent map ") {
				t.Errorf("message %q", f.Message)
			}
			r.Wait()
		})
	}
}

// TestHandedOverUnderLocks shows such maps as one should.
func TestHandedOverUnderLocks(t *testing.T) {
	p := mustLoad(t, handPrelude+`func main() {}
func Locked() int {
	var wg sync.WaitGroup
	var rw sync.RWMutex
	s := &safe{m: map[int]string{}}
	b := &box{M: map[int]string{}}
	for i := range 4 {
		wg.Go(func() {
			for j := range 300 {
				s.mu.Lock(); s.m[j] = "x"; s.mu.Unlock()
				_ = fmt.Sprint(s, []any{s}) // locks by itself
				_ = fmt.Sprintf("%T %p", b, b) // does not look
				rw.RLock(); _ = fmt.Sprint(b); json.Marshal(b); rw.RUnlock()
				rw.Lock(); b.M[i]= "y"; rw.Unlock()
			}
		})
	}
	wg.Wait()
	return len(s.m)*100 + len(b.M)
}`)
	r := p.m.NewRun(t.Context(), vm.RunConfig{})
	res, err := r.Call(p.main.Func("Locked"))
	if err != nil {
		t.Fatal(err)
	}
	if got := res[0].Int(); got != 30004 {
		t.Errorf("result %d", got)
	}
}
