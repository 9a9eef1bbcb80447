package hkdf

import (
	"hash"

	"poolbook/interp/internal/bridge/native/typed"
)

// Extract returns a pseudorandom key of secret and salt.
func Extract[H hash.Hash](h func() H, secret, salt []byte) ([]byte, error) {
	return typed.HKDFExtract(func() hash.Hash { return h() }, secret, salt)
}

// Expand derives a key of keyLength bytes from a pseudorandom key.
func Expand[H hash.Hash](h func() H, pseudorandomKey []byte, info string, keyLength int) ([]byte, error) {
	return typed.HKDFExpand(func() hash.Hash { return h() }, pseudorandomKey, info, keyLength)
}

// Key derives a key of keyLength bytes from secret and salt.
func Key[Hash hash.Hash](h func() Hash, secret, salt []byte, info string, keyLength int) ([]byte, error) {
	return typed.HKDFKey(func() hash.Hash { return h() }, secret, salt, info, keyLength)
}
