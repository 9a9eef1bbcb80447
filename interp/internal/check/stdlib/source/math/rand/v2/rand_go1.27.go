//go:build go1.27

package rand

import "math/rand/v2"

// rand_N is the generic method (*Rand).N: the machine takes functions with such names for generic methods of compiled types.
func rand_N[Int intType](r *rand.Rand, n Int) Int {
	if n <= 0 {
		panic("invalid argument to N")
	}
	return Int(r.Uint64N(uint64(n)))
}
