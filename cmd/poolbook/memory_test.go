package main

import "testing"

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"2GB": 2 << 30, "500MB": 500 << 20, "1.5 gib": 3 << 29, "1T": 1 << 40, "4000000": 4000000, "off": -1, "3000k": 3000 << 10,
		"": 0, "much": 0, "-1GB": 0, "0": 0, "2XB": 0, "NaN": 0, "12": 0, "1e30": 0,
	} {
		got, err := parseBytes(text)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
