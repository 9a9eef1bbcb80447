package pbkdf2

import (
	"hash"

	"poolbook/interp/internal/bridge/native/typed"
)

// Key derives a key of keyLength bytes from a password.
func Key[Hash hash.Hash](h func() Hash, password string, salt []byte, iter, keyLength int) ([]byte, error) {
	return typed.PBKDF2Key(func() hash.Hash { return h() }, password, salt, iter, keyLength)
}
