//go:build go1.27 && !goexperiment.jsonv2

package goabi

// The compiler's message about this line is what somebody sees who builds without what Go 1.27 has.
const _ int = "Poolbook needs encoding/json as Go 1.27 was released with it: build it without the setting GOEXPERIMENT=nojsonv2"
