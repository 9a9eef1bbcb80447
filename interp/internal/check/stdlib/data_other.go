//go:build !((linux && arm64) || (darwin && amd64) || (darwin && arm64) || (windows && amd64))

package stdlib

// platformZip is empty where the base is right, or the best there is.
var platformZip []byte
