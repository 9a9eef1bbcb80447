package main

import (
	"io/fs"
	"log/slog"
	"reflect"

	"poolbook/interp"
	"poolbook/interp/display"
	"poolbook/pool"
	"poolbook/pool/core"
)

// sessionConfig gives cells pool and display. With a host, pools of cells have
// worker processes; without one (in a worker) they have goroutines.
func sessionConfig(host *poolHost, log *slog.Logger) interp.Config {
	c := interp.Config{
		Packages: []interp.Package{
			{Path: "poolbook/pool/core", Name: "core", Symbols: core.Symbols()},
			{Path: "poolbook/interp/display", Name: "display", Symbols: display.Symbols()},
		},
		Sources: map[string]fs.FS{"poolbook/pool": pool.Source},
		Preload: []string{"poolbook/pool", "poolbook/interp/display"},
		Logger:  log,
	}
	c.MemoryLimit, _ = memoryLimit(host == nil) // checked when the command began
	if host != nil {
		c.Intrinsics = map[string]func(interp.Call, []reflect.Value) []reflect.Value{
			"poolbook/pool/core.CallerOrigin": host.origin,
		}
	}
	return c
}
