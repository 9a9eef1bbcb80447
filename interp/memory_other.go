//go:build !linux && !darwin && !windows

package interp

func systemMemory() int64 { return 0 }

func availableMemory() (free, total int64, ok bool) { return 0, 0, false }
