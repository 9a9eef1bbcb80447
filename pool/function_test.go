//go:build unix

package pool_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"poolbook/pool"
)

// operation is an item with a function, as tables of tasks have them.
type operation struct {
	name string
	do   func(int) int
}

func init() {
	register(operate)
	register(operateAny)
	register(givesFunction)
	register(double)
	registerType(reflect.TypeFor[func(int) int]())
}

func double(n int) int { return 2 * n }

func operate(o operation) int {
	switch {
	case o.name == "die":
		os.Exit(1)
	case o.do == nil:
		return -1
	}
	return o.do(5)
}

func operateAny(v any) int { return v.(func(int) int)(5) }

func givesFunction(int) func(int) int { return double }

// TestFunctionValues: functions inside items travel as code, to workers that take another one's place too.
func TestFunctionValues(t *testing.T) {
	both(t, func(t *testing.T, _ *output, threads bool) {
		p := newPool(threads, pool.Processes(2))
		defer p.Terminate()
		items := []operation{{"square", square}, {"none", nil}, {"double", double}, {"square", square}}
		for _, size := range []int{1, 4} {
			wantEqual(t, must[[]int](t)(pool.Map(p, operate, items, pool.ChunkSize(size))), []int{25, -1, 10, 25})
		}
		wantEqual(t, must[[]int](t)(pool.Map(p, operateAny, []any{double, square})), []int{10, 25})
		var got []int
		for v, err := range pool.ImapSeq(p, operate, func(yield func(operation) bool) {
			for _, o := range items {
				if !yield(o) {
					return
				}
			}
		}) {
			if err != nil {
				t.Error(err)
			}
			got = append(got, v)
		}
		wantEqual(t, got, []int{25, -1, 10, 25})
		if threads {
			return
		}
		_, err := pool.Map(p, operate, []operation{{"die", nil}, {"die", nil}}, pool.ChunkSize(1))
		lostError(t, err)
		wantEqual(t, must[[]int](t)(pool.Map(p, operate, items, pool.ChunkSize(1))), []int{25, -1, 10, 25})
		// One that reads variables.
		wantEqual(t, must[[]int](t)(pool.Map(p, operate, []operation{{"square", square}, {"scaled", scaled}})), []int{25, scaled(5)})
		// One that a task has made.
		if _, err = pool.Map(p, givesFunction, []int{1}); err == nil || !strings.Contains(err.Error(), "a function that a task has made stays in its worker") {
			t.Errorf("got %v", err)
		}
	})
}
