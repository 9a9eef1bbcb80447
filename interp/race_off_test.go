//go:build !race

package interp_test

// raceEnabled says that the race detector watches.
const raceEnabled = false
