//go:build !unix

package contents

// mountPoint is not known here.
func mountPoint(string) string { return "" }
