// Package typed is the part of package native whose functions mention types of the standard library.
package typed

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"hash"
	"hash/maphash"
	"reflect"
	"runtime"
	"unsafe"
)

// Path is the import path of the package.
const Path = "poolbook/interp/internal/bridge/native/typed"

// Symbols returns the package's symbol table.
func Symbols() map[string]reflect.Value {
	return added(map[string]reflect.Value{
		"AddCleanup":      reflect.ValueOf(AddCleanup),
		"EmbedFS":         reflect.ValueOf(EmbedFS),
		"HKDFExpand":      reflect.ValueOf(HKDFExpand),
		"HKDFExtract":     reflect.ValueOf(HKDFExtract),
		"HKDFKey":         reflect.ValueOf(HKDFKey),
		"HashComparable":  reflect.ValueOf(HashComparable),
		"PBKDF2Key":       reflect.ValueOf(PBKDF2Key),
		"WriteComparable": reflect.ValueOf(WriteComparable),
	})
}

// AddCleanup calls f some time after the object at p is gone, in a goroutine of its own: if f ended one of the runtime's, which all of
// the process share, cleanups would wait for ever.
func AddCleanup(p unsafe.Pointer, f func()) runtime.Cleanup {
	return runtime.AddCleanup((*byte)(p), func(f func()) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		<-done
	}, f)
}

// HashComparable returns the hash of a comparable value.
func HashComparable(seed maphash.Seed, v any) uint64 { return maphash.Comparable(seed, v) }

// WriteComparable adds a comparable value to a hash.
func WriteComparable(h *maphash.Hash, v any) { maphash.WriteComparable(h, v) }

// HKDFExtract is hkdf.Extract.
func HKDFExtract(h func() hash.Hash, secret, salt []byte) ([]byte, error) {
	return hkdf.Extract(h, secret, salt)
}

// HKDFExpand is hkdf.Expand.
func HKDFExpand(h func() hash.Hash, key []byte, info string, n int) ([]byte, error) {
	return hkdf.Expand(h, key, info, n)
}

// HKDFKey is hkdf.Key.
func HKDFKey(h func() hash.Hash, secret, salt []byte, info string, n int) ([]byte, error) {
	return hkdf.Key(h, secret, salt, info, n)
}

// PBKDF2Key is pbkdf2.Key.
func PBKDF2Key(h func() hash.Hash, password string, salt []byte, iter, n int) ([]byte, error) {
	return pbkdf2.Key(h, password, salt, iter, n)
}
