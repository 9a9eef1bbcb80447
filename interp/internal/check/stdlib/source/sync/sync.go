package sync

import "sync"

// OnceValue returns a function that calls f once and returns its value every time; when f panics, every call does.
func OnceValue[T any](f func() T) func() T {
	var v T
	once := sync.OnceFunc(func() { v = f() })
	return func() T {
		once()
		return v
	}
}

// OnceValues is OnceValue for a function with two values.
func OnceValues[T1, T2 any](f func() (T1, T2)) func() (T1, T2) {
	var (
		v1 T1
		v2 T2
	)
	once := sync.OnceFunc(func() { v1, v2 = f() })
	return func() (T1, T2) {
		once()
		return v1, v2
	}
}
