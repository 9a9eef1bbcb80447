//go:build !linux || !amd64

package vm

// enlist makes what the runtime takes for fatal a panic in the machine's
// goroutines, on platforms where that is possible.
func (m *Machine) enlist() {}
