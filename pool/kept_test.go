//go:build unix

package pool_test

import (
	"testing"

	"poolbook/pool"
)

func init() {
	for i, f := range readers {
		name := string(rune('a' + i))
		share("captured "+name, &captured[i])
		register(f, "captured "+name)
	}
}

var captured [4][]float64

func readA(i int) float64 { return captured[0][i] }
func readB(i int) float64 { return captured[1][i] }
func readC(i int) float64 { return captured[2][i] }
func readD(i int) float64 { return captured[3][i] }

var readers = [...]func(int) float64{readA, readB, readC, readD}

// TestKeptUnderLimit: what earlier calls have captured costs later ones no memory, and no worker.
func TestKeptUnderLimit(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		limit := int64(200 << 20)
		if raceEnabled {
			limit *= 2 // the detector has memory of its own
		}
		p := pool.New(pool.Processes(1), pool.MemoryLimit(limit))
		defer p.Terminate()
		must[[]int](t)(pool.Map(p, square, []int{1}))
		worker := children()
		for round := range 4 {
			for i, f := range readers {
				captured[i] = make([]float64, 4<<20) // 32 MB, and as much encoded
				captured[i][7] = float64(10*round + i)
				wantEqual(t, must[[]float64](t)(pool.Map(p, f, []int{7, 8})), []float64{float64(10*round + i), 0})
				captured[i] = nil
			}
		}
		wantEqual(t, children(), worker)
	})
}
