//go:build race

package pool_test

// raceEnabled says that the race detector watches.
const raceEnabled = true
