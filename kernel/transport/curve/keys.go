package curve

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/curve25519"
	"golang.org/x/crypto/nacl/box"
)

// Key is a key of Curve25519, public or secret. Its text form is Z85, 40 characters (https://rfc.zeromq.org/spec/32).
type Key [32]byte

// Keys are a pair.
type Keys struct{ Public, Secret Key }

// ErrKey is wrapped by the errors about keys that are none.
var ErrKey = errors.New("bad CurveZMQ key")

// NewKeys makes a pair, from random, or crypto/rand when that is nil.
func NewKeys(random io.Reader) (Keys, error) {
	if random == nil {
		random = rand.Reader
	}
	public, secret, err := box.GenerateKey(random)
	if err != nil {
		return Keys{}, fmt.Errorf("curve: make keys: %w", err)
	}
	return Keys{Key(*public), Key(*secret)}, nil
}

// Check reports keys that are no pair.
func (k Keys) Check() error {
	public, err := curve25519.X25519(k.Secret[:], curve25519.Basepoint)
	if err != nil || Key(public) != k.Public {
		return fmt.Errorf("curve: %w: the public key is not that of the secret one", ErrKey)
	}
	return nil
}

// alphabet is that of Z85.
const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

// String is the key in Z85.
func (k Key) String() string {
	var b strings.Builder
	for i := 0; i < len(k); i += 4 {
		v := uint32(k[i])<<24 | uint32(k[i+1])<<16 | uint32(k[i+2])<<8 | uint32(k[i+3])
		for d := uint32(85 * 85 * 85 * 85); d > 0; d /= 85 {
			b.WriteByte(alphabet[v/d%85])
		}
	}
	return b.String()
}

// ParseKey reads a key in Z85. The error wraps [ErrKey] and does not contain the text, which may be a secret.
func ParseKey(text string) (k Key, err error) {
	if len(text) != 40 {
		return Key{}, fmt.Errorf("curve: %w: it has %d characters, not the 40 of Z85", ErrKey, len(text))
	}
	for i := range 8 {
		v := uint64(0)
		for _, c := range []byte(text[5*i : 5*i+5]) {
			digit := strings.IndexByte(alphabet, c)
			if digit < 0 {
				return Key{}, fmt.Errorf("curve: %w: it has a character that Z85 has not", ErrKey)
			}
			v = v*85 + uint64(digit)
		}
		if v > 1<<32-1 {
			return Key{}, fmt.Errorf("curve: %w: it is not in Z85", ErrKey)
		}
		k[4*i], k[4*i+1], k[4*i+2], k[4*i+3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	}
	return k, nil
}
