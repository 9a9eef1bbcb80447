package interp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"poolbook/interp"
	"poolbook/interp/internal/goabi"
)

// TestHugeArguments calls functions of the library with sizes that no machine has, in each way that calls one: the runtime would end the process.
func TestHugeArguments(t *testing.T) {
	s, err := interp.New(interp.Config{MemoryLimit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i, code := range []string{
		`slices.Repeat([]int{1}, 1<<40)`,
		`slices.Grow([]int{}, 1<<42)`,
		`rand.Perm(1<<42)`,
		`image.NewRGBA(image.Rect(0, 0, 1<<21, 1<<21))`,
		`image.NewYCbCr(image.Rect(0, 0, 1<<21, 1<<21), image.YCbCrSubsampleRatio420)`,
		`new(big.Int).Lsh(big.NewInt(1), 1<<45)`,
		`new(big.Int).SetBit(new(big.Int), 1<<45, 1)`,
		`reflect.MakeChan(reflect.TypeFor[chan int](), 1<<42)`,
		`reflect.New(reflect.TypeFor[[]int]()).Elem().Grow(1<<42)`,
		`strconv.FormatFloat(1.5, 'f', 1<<42, 64)`,
		`strconv.AppendFloat(nil, 1.5, 'f', 1<<42, 64)`,
		`big.NewFloat(1).Text('f', 1<<42)`,
		`bufio.NewWriterSize(io.Discard, 1<<42)`,
		"f := strings.Repeat\nf(\"x\", 1<<42)",
		"g := big.NewInt(1).Lsh\ng(big.NewInt(1), 1<<45)",
		"h := (*big.Int).Lsh\nh(big.NewInt(1), big.NewInt(1), 1<<45)",
		"defer strings.Repeat(\"x\", 1<<42)",
		"reflect.ValueOf(strings.Repeat).Call([]reflect.Value{reflect.ValueOf(\"x\"), reflect.ValueOf(1<<42)})",
		"type permuter interface{ Perm(int) []int }\npermuter(rand.New(rand.NewSource(1))).Perm(1<<42)",
		"func in[T any](x []T) []T { return slices.Repeat(x, 1<<40) }\nin([]string{\"\"})",
		"var wg sync.WaitGroup\nwg.Go(func() { _ = bytes.Repeat([]byte{1}, 1<<42) })\nwg.Wait()",
	} {
		_, err := s.Run(t.Context(), interp.Cell{Number: i + 1, Code: code})
		var failed *interp.RuntimeError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), "out of memory: ") || !strings.Contains(err.Error(), "were asked for") {
			t.Errorf("%s: %v", code, err)
		}
	}
	// What they may have is theirs.
	mustRun(t, s, 100, `_ = slices.Repeat([]int{1, 2}, 100)
_ = image.NewRGBA(image.Rect(0, 0, 10, 10))
_ = image.NewRGBA(image.Rect(5, 5, 0, 0))
f(strings.Repeat("x", 3), 2) == "xxxxxx" && new(big.Int).Lsh(big.NewInt(1), 70).String() == "1180591620717411303424" && len(rand.Perm(7)) == 7`)
}

// TestDeepValues hands values that are millions of levels deep, and have an end, to functions of the library that call themselves for each level.
func TestDeepValues(t *testing.T) {
	if testing.Short() {
		t.Skip("makes values of hundreds of megabytes")
	}
	s := newSession(t)
	mustRun(t, s, 1, `type node struct{ Next *node }
type hidden struct {
	next *hidden
	Up   *hidden `+"`json:\"-\"`"+`
}
func list(n int) (l *node) { for range n { l = &node{l} }; return l }
func nested(n int) (a any) { for range n { a = []any{a} }; return a }
type box struct{ In any }
type pair struct { name string; In fmt.Stringer; Other [2]any }
func (p pair) String() string { return p.name }
func boxes(n int) (a any) { for range n { a = box{a} }; return a }
func pairs(n int) (a fmt.Stringer) { for range n { a = pair{In: a, Other: [2]any{1, "x"}} }; return a }
deep, deeper := list(1_000_000), nested(1_000_000)
boxed, paired := boxes(1_000_000), pairs(1_000_000)
byAny, byArray, counts := map[any]any{}, map[[2]any]int{}, map[box]int{}
var joined error = io.EOF
for range 1_000_000 { joined = errors.Join(joined) }`)
	encoded := []string{
		`json.Marshal(deep)`,
		`json.Marshal(deeper)`,
		`json.NewEncoder(io.Discard).Encode(deeper)`,
	}
	if goabi.JSONDepth > 0 { // it ends by itself, and says so
		for _, code := range append(encoded, `jsonv2.Marshal(deep)`, `jsontext.NewEncoder(io.Discard).WriteValue(jsontext.Value(strings.Repeat("[", 20_000)))`) {
			mustRun(t, s, 50, `import jsonv2 "encoding/json/v2"
import "encoding/json/jsontext"
failed := func(results ...any) bool { err, _ := results[len(results)-1].(error); return err != nil && strings.Contains(err.Error(), "exceeded max depth") }
if !failed(`+code+`) { panic("it has not failed") }`)
		}
		encoded = nil
	}
	// A chain of pointers has no arrays and objects that would count.
	mustRun(t, s, 60, `func chain(n int) (a any) { for range n { b := a; a = &b }; return a }
pointers := chain(1_000_000)`)
	for i, code := range append(encoded,
		`json.Marshal(pointers)`,
		`gob.NewEncoder(io.Discard).Encode(deep)`,
		`xml.Marshal(deep)`,
		`fmt.Sprint(deeper)`,
		`fmt.Fprintf(io.Discard, "%v", deeper)`,
		`reflect.DeepEqual(deep, list(1_000_000))`,
		`errors.Is(joined, io.ErrUnexpectedEOF)`,
		`var pathError *fs.PathError
errors.As(fmt.Errorf("it: %w, %w", io.EOF, joined), &pathError)`,
		`fmt.Sprint(joined)`,
		`log.Print(joined)`,
		`joined.Error()`,
		`text := joined.Error
text()`,
		`byAny[boxed] = 1`,
		`byAny[paired]`,
		`_, ok := byAny[boxed]`,
		`delete(byAny, boxed)`,
		`map[any]int{paired: 1}`,
		`byArray[[2]any{1, boxed}]++`,
		`counts[boxed.(box)] += 2`,
		`boxed == boxed`,
		`paired != paired`,
		`paired == any(paired)`,
		`boxed == any(boxed.(box))`,
		`[2]any{1, boxed} == [2]any{1, boxed}`,
		`switch any(paired) { case paired: }`,
		`slices.Contains([]any{1, boxed}, boxed)`,
		`maps.Equal(map[int]any{1: boxed}, map[int]any{1: boxed})`,
		`new(sync.Map).Store(boxed, 1)`,
		`context.WithValue(context.Background(), paired, 1)`,
		"template.Must(template.New(\"\").Parse(\"{{.}}\")).Execute(io.Discard, deeper)",
	) {
		_, err := s.Run(t.Context(), interp.Cell{Number: i + 2, Code: code})
		if err == nil || !strings.Contains(err.Error(), "stack overflow: ") || !strings.Contains(err.Error(), "was given a value that is nested more than 400000 levels deep") {
			t.Errorf("%s: %.1000v", code, err)
		}
	}
	// As deep as compiled programs may, and what is not followed.
	levels := 100_000
	if goabi.JSONDepth > 0 {
		levels = goabi.JSONDepth
	}
	mustRun(t, s, 99, fmt.Sprintf(`text, err := json.Marshal(list(%d))
if err != nil || len(text) < %[1]d { panic(err) }
pointers = nil`, levels))
	mustRun(t, s, 100, `
if !reflect.DeepEqual(list(190_000), list(190_000)) { panic("not equal") }
if fmt.Sprintf("%T", deeper) != "[]interface {}" { panic("type") }
fmt.Sprint(deep)
var h *hidden
for range 1_000_000 { h = &hidden{h, h} }
if text, err := json.Marshal(h); string(text) != "{}" { panic(err) }
circle := &node{}
circle.Next = circle
if !reflect.DeepEqual(circle, circle) { panic("circle") }
if _, err := json.Marshal(circle); err == nil { panic("no error") }
var shallow error = io.EOF
for range 100_000 { shallow = fmt.Errorf("%w", errors.Join(shallow)) }
if !errors.Is(shallow, io.EOF) { panic("not found") }
if fmt.Sprintf("%T", joined) != "*errors.joinError" { panic("type") }
byAny[boxes(100_000)], byArray[[2]any{1, pairs(100_000)}], byAny[1], byAny[box{2}] = 1, 2, 3, 4
if byAny[boxes(100_000)] != 1 || byArray[[2]any{1, pairs(100_000)}] != 2 || byAny[1] != 3 || byAny[box{2}] != 4 || boxed == any(1) || boxed == paired { panic("keys") }
var shared any
for range 60 { shared = [2]any{shared, shared} }
if shared == any([2]any{1, shared}) { panic("equal") }
deep, deeper, joined, boxed, paired, byAny, byArray = nil, nil, nil, nil, nil, nil, nil`)
}
