//go:build go1.27

package rand

import "math/rand/v2"

// rand_N is the generic method (*Rand).N: see package lower.
func rand_N[Int intType](r *rand.Rand, n Int) Int { //nolint:revive // no identifier of Go's own looks like that
	if n <= 0 {
		panic("invalid argument to N")
	}
	return Int(r.Uint64N(uint64(n)))
}
