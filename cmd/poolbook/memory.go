package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"poolbook/interp"
)

// memoryEnv is the environment variable with the limit of data in memory, in bytes or with a unit: 2GB, 500MB, "off".
const memoryEnv = "POOLBOOK_MEMORY"

// memoryLimit is the limit for a session of this process. Without a setting, a worker gets half of what a notebook's session gets,
// since there are several of them on a machine.
func memoryLimit(worker bool) (int64, error) {
	text := os.Getenv(memoryEnv)
	switch {
	case text != "":
		return parseBytes(text)
	case worker:
		return interp.DefaultMemoryLimit() / 2, nil
	}
	return 0, nil
}

// parseBytes reads a number of bytes; -1 for "off".
func parseBytes(text string) (int64, error) {
	if text == "off" {
		return -1, nil
	}
	number := strings.TrimRight(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(text)), "B"), " ")
	number = strings.TrimSuffix(number, "I")
	shift := 0
	if n := len(number); n > 0 {
		if i := strings.IndexByte("KMGT", number[n-1]); i >= 0 {
			shift = 10 * (i + 1)
			number = strings.TrimSpace(number[:n-1])
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	bytes := n * float64(int64(1)<<shift)
	if err != nil || !(bytes >= 1<<20 && bytes < 1<<60) {
		return 0, fmt.Errorf("%s=%s is no amount of memory: write it like 2GB or 500MB, or off", memoryEnv, text)
	}
	return int64(bytes), nil
}
