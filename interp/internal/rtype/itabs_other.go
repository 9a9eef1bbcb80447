//go:build !amd64

package rtype

import "unsafe"

func pointersRead(unsafe.Pointer) []*unsafe.Pointer { return nil }
