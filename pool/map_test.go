//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"poolbook/pool"
)

func init() {
	for _, f := range []any{square, slowSquare, odd, boom, hello, processObject, addBoth, answer, failAnswer, halve, pid} {
		register(f)
	}
	registerType(reflect.TypeFor[*codeError]())
}

type codeError struct{ Code int }

func (e *codeError) Error() string { return fmt.Sprintf("code %d", e.Code) }

func square(n int) int { return n * n }

func slowSquare(n int) int {
	time.Sleep(time.Second)
	return n * n
}

func odd(n int) (int, error) {
	switch {
	case n == 8:
		return 0, fmt.Errorf("reading: %w", io.EOF)
	case n%2 == 0:
		return 0, &codeError{n}
	}
	return n, nil
}

func boom(n int) int {
	if n == 5 {
		panic("Something bad happened")
	}
	if n == 7 {
		var s []int
		return s[n]
	}
	return n
}

func hello(n int) {
	if printTo.Stdout != nil {
		fmt.Fprintf(printTo.Stdout, "hello %d\n", n)
		return
	}
	fmt.Printf("hello %d\n", n)
}

func processObject(data map[string]int) map[string]any {
	return map[string]any{"original": data, "squared": data["value"] * data["value"]}
}

func addBoth(a int, b string) string { return fmt.Sprint(a, b) }
func answer() int                    { return 42 }
func failAnswer() (string, error)    { return "", os.ErrNotExist }
func halve(n int) (float64, error)   { return float64(n) / 2, nil }
func pid(int) int                    { return os.Getpid() }
func wantEqual(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestTutorial(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(3))
		start := time.Now()
		r := pool.MapAsync(p, slowSquare, []int{1, 2, 3, 4, 5})
		if r.Ready() {
			t.Error("ready at once")
		}
		got, err := r.Get()
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, []int{1, 4, 9, 16, 25})
		if d := time.Since(start); d < 2*time.Second { // that they run beside each other is test_barrier's
			t.Errorf("five tasks of a second on three workers took %v", d)
		}
		objects := []map[string]int{{"value": 1}, {"value": 2}}
		out := must[[]map[string]any](t)(pool.Map(p, processObject, objects))
		wantEqual(t, out[1], map[string]any{"original": map[string]int{"value": 2}, "squared": 4})
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}

func TestMap(t *testing.T) {
	both(t, func(t *testing.T, out *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		items := pool.Range(1000)
		want := make([]int, len(items))
		for i := range want {
			want[i] = i * i
		}
		for _, size := range []int{0, 1, 7, 5000} {
			var opts []pool.CallOption
			if size > 0 {
				opts = append(opts, pool.ChunkSize(size))
			}
			wantEqual(t, must[[]int](t)(pool.Map(p, square, items, opts...)), want)
		}
		wantEqual(t, must[[]int](t)(pool.Map(p, square, nil)), []int{})
		wantEqual(t, must[[]float64](t)(pool.MapErr(p, halve, []int{1, 2})), []float64{0.5, 1})
		wantEqual(t, must[[]string](t)(pool.Starmap(p, addBoth, pool.Zip([]int{1, 2, 3}, []string{"a", "b"}))), []string{"1a", "2b"})
		wantEqual(t, must[int](t)(pool.Apply(p, answer)), 42)
		if _, err := pool.ApplyErr(p, failAnswer); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
		if !threads {
			if err := pool.ForEach(p, hello, pool.Range(20)); err != nil {
				t.Error(err)
			}
			for i := range 20 {
				if !strings.Contains(out.String(), fmt.Sprintf("hello %d\n", i)) {
					t.Errorf("item %d wrote nothing", i)
				}
			}
			pids := must[[]int](t)(pool.Map(p, pid, pool.Range(50), pool.ChunkSize(1)))
			for _, p := range pids {
				if p == os.Getpid() {
					t.Error("a task ran in the notebook's process")
				}
			}
		}
		p.Terminate()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
	})
}

func TestFailures(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		r := pool.MapAsyncErr(p, odd, pool.Range(10), pool.ChunkSize(3), pool.Label("odds"))
		_, err := r.Get()
		var remote *pool.RemoteError
		if !errors.As(err, &remote) || remote.Index != 0 || remote.More != 4 || remote.Label != "odds" || remote.Panic {
			t.Fatalf("got %#v", err)
		}
		var code *codeError
		if !errors.As(err, &code) || code.Code != 0 {
			t.Errorf("errors.As does not find the error's type: %v", err)
		}
		for i, o := range r.Outcomes() {
			if i%2 == 1 && (o.Err != nil || o.Value != i) || i%2 == 0 && o.Err == nil {
				t.Errorf("item %d: %+v", i, o)
			}
		}
		if !errors.Is(r.Outcomes()[8].Err, io.EOF) {
			t.Errorf("errors.Is does not find io.EOF in %v", r.Outcomes()[8].Err)
		}
		again := r.RetryFailed()
		if outs := again.Outcomes(); len(outs) != 5 || !errors.As(outs[1].Err, &code) || code.Code != 2 {
			t.Errorf("RetryFailed: %v", outs)
		}
		_, err = pool.Map(p, boom, pool.Range(10))
		if !errors.As(err, &remote) || !remote.Panic || remote.Value != "Something bad happened" || remote.Index != 5 || remote.More != 1 || remote.Worker == "" {
			t.Errorf("got %#v", err)
		}
		if !strings.Contains(remote.Stack, "boom") {
			t.Errorf("the stack does not name the function: %q", remote.Stack)
		}
		_, err = pool.Map(p, boom, []int{7})
		if err == nil || !strings.Contains(err.Error(), "index out of range [7] with length 0") {
			t.Errorf("got %v", err)
		}
		p.Close()
		if err := p.Join(); err != nil {
			t.Error(err)
		}
		if _, err := pool.Map(p, square, []int{1}); !errors.Is(err, pool.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}
