package proc

import (
	"strings"
	"testing"
)

func TestCrash(t *testing.T) {
	const stacks = "goroutine 0 gp=0x294c2c0 m=0 [idle]:\nruntime.futex(0x1)\n\nrax    0xca\n"
	for name, tt := range map[string]struct{ in, want string }{
		"a signal":             {"out\nSIGSEGV: segmentation violation\nPC=0x49 m=0\n\n" + stacks, "out\nSIGSEGV: segmentation violation\nPC=0x49 m=0\n\n" + stacksLeftOut},
		"a fatal error":        {"fatal error: concurrent map writes\n\ngoroutine 12 [running]:\nmain.f()\n", "fatal error: concurrent map writes\n\n" + stacksLeftOut},
		"no crash":             {"goroutine 1 [running]:\nmain.main()\nfatal", "goroutine 1 [running]:\nmain.main()\nfatal"},
		"no line of its own":   {"a fatal error: x\ngoroutine 1 [running]:\n", "a fatal error: x\ngoroutine 1 [running]:\n"},
		"a crash without more": {"panic: x\ngoroutine pool [two", "panic: x\ngoroutine pool [two"},
		"nothing":              {"", ""},
	} {
		for _, step := range []int{1, 3, 7, 1000} { // pieces, as reads may bring them
			var c Crash
			var got strings.Builder
			for in := tt.in; in != ""; {
				n := min(step, len(in))
				got.Write(c.Filter([]byte(in[:n])))
				in = in[n:]
			}
			got.Write(c.Rest())
			if got.String() != tt.want {
				t.Errorf("%s, in pieces of %d: %q, want %q", name, step, got.String(), tt.want)
			}
		}
	}
}
