package vm

import (
	"image"
	"reflect"
)

// asksFor are the compiled functions that allocate what their arguments say, with the bytes that a call asks for. TestAllocationsByArgument finds
// them in the library's source.
var asksFor = map[string]func(fp ptr, args []slot) int64{
	"strings.Repeat": func(fp ptr, args []slot) int64 {
		return product(*at[int](fp, args[1].off), uintptr(len(*at[string](fp, args[0].off))))
	},
	"bytes.Repeat": func(fp ptr, args []slot) int64 {
		return product(*at[int](fp, args[1].off), uintptr(len(*at[[]byte](fp, args[0].off))))
	},
	"slices.Repeat": func(fp ptr, args []slot) int64 {
		once := product(at[sliceHeader](fp, args[0].off).len, args[0].ti.rt.Elem().Size())
		return product(*at[int](fp, args[1].off), uintptr(once))
	},
	"slices.Grow": func(fp ptr, args []slot) int64 {
		return product(*at[int](fp, args[1].off), args[0].ti.rt.Elem().Size())
	},
	"(*strings.Builder).Grow": times(1, 1),
	"(*bytes.Buffer).Grow":    times(1, 1),
	"bufio.NewReaderSize":     times(1, 1),
	"bufio.NewWriterSize":     times(1, 1),

	"math/rand.Perm":            times(0, 8),
	"(*math/rand.Rand).Perm":    times(1, 8),
	"math/rand/v2.Perm":         times(0, 8),
	"(*math/rand/v2.Rand).Perm": times(1, 8),

	"strconv.FormatFloat":       times(2, 1),
	"strconv.AppendFloat":       times(3, 1),
	"(*math/big.Float).Text":    times(2, 1),
	"(*math/big.Float).Append":  times(3, 1),
	"(*go/types.Scope).WriteTo": times(2, 3),
	"crypto/sha3.SumSHAKE128":   times(1, 1),
	"crypto/sha3.SumSHAKE256":   times(1, 1),
	"crypto/rsa.GenerateKey":    bitCount(1),
	"crypto/rand.Prime":         bitCount(1),
	"(*math/big.Int).Lsh":       bitCount(2),
	"(*math/big.Int).SetBit":    bitCount(2),
	"go/constant.Shift":         bitCount(2),
	"go/constant.UnaryOp":       bitCount(2),
	"crypto/rsa.GenerateMultiPrimeKey": func(fp ptr, args []slot) int64 {
		return max(times(1, 8)(fp, args), bitCount(2)(fp, args))
	},

	"image.NewAlpha":    pixels(1),
	"image.NewAlpha16":  pixels(2),
	"image.NewCMYK":     pixels(4),
	"image.NewGray":     pixels(1),
	"image.NewGray16":   pixels(2),
	"image.NewNRGBA":    pixels(4),
	"image.NewNRGBA64":  pixels(8),
	"image.NewPaletted": pixels(1),
	"image.NewRGBA":     pixels(4),
	"image.NewRGBA64":   pixels(8),
	"image.NewYCbCr":    pixels(3), // at most: how much the subsampling saves is its own matter
	"image.NewNYCbCrA":  pixels(4),

	"reflect.MakeSlice": func(fp ptr, args []slot) int64 {
		t := *at[reflect.Type](fp, args[0].off)
		if t == nil || t.Kind() != reflect.Slice {
			return 0
		}
		return product(*at[int](fp, args[2].off), t.Elem().Size())
	},
	"reflect.MakeMapWithSize": func(fp ptr, args []slot) int64 {
		t := *at[reflect.Type](fp, args[0].off)
		if t == nil || t.Kind() != reflect.Map {
			return 0
		}
		return mapBytes(t, *at[int](fp, args[1].off))
	},
	"reflect.MakeChan": func(fp ptr, args []slot) int64 {
		t := *at[reflect.Type](fp, args[0].off)
		if t == nil || t.Kind() != reflect.Chan {
			return 0
		}
		return product(*at[int](fp, args[1].off), t.Elem().Size())
	},
	"(reflect.Value).Grow": func(fp ptr, args []slot) int64 {
		v := *at[reflect.Value](fp, args[0].off)
		if v.Kind() != reflect.Slice {
			return 0
		}
		return product(*at[int](fp, args[1].off), v.Type().Elem().Size())
	},
}

// times is an argument, a number of things of so many bytes each.
func times(arg int, each uintptr) func(fp ptr, args []slot) int64 {
	return func(fp ptr, args []slot) int64 { return product(*at[int](fp, args[arg].off), each) }
}

// bitCount is an argument that is a number of bits.
func bitCount(arg int) func(fp ptr, args []slot) int64 {
	return func(fp ptr, args []slot) int64 { return int64(*at[uint](fp, args[arg].off) / 8) }
}

// pixels is an image.Rectangle, the first argument, of so many bytes for each point.
func pixels(each uintptr) func(fp ptr, args []slot) int64 {
	return func(fp ptr, args []slot) int64 {
		r := *at[image.Rectangle](fp, args[0].off)
		return product(r.Dx(), uintptr(product(r.Dy(), each)))
	}
}

// mapBytes is about what a map with room for n elements takes.
func mapBytes(t reflect.Type, n int) int64 {
	return product(n, (t.Key().Size()+t.Elem().Size()+1)*8/7)
}
