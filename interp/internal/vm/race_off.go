//go:build !race

package vm

// raceEnabled says that the race detector watches.
const raceEnabled = false
