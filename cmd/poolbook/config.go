package main

import (
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"time"

	"poolbook/interp"
	"poolbook/interp/comm"
	"poolbook/interp/display"
	"poolbook/kernel/tempdir"
	"poolbook/pool"
	"poolbook/pool/core"
)

// exhaustedGrace is how long what was printed last may take to the front end, while memory is running out.
const exhaustedGrace = 200 * time.Millisecond

// sessionConfig gives cells pool, display and comm. With a host, pools of cells
// have worker processes; without one (in a worker) they have goroutines.
// Without comms there is no front end to talk to.
func sessionConfig(host *poolHost, comms *cellComms, log *slog.Logger) interp.Config {
	c := interp.Config{
		Packages: []interp.Package{
			{Path: "poolbook/pool/core", Name: "core", Symbols: core.Symbols()},
			{Path: "poolbook/interp/display", Name: "display", Symbols: display.Symbols(), Source: display.Source},
			{Path: "poolbook/interp/comm", Name: "comm", Symbols: comm.Symbols(), Source: comm.Source},
		},
		Sources:    map[string]fs.FS{"poolbook/pool": pool.Source},
		Preload:    []string{"poolbook/pool", "poolbook/interp/display", "poolbook/interp/comm"},
		Intrinsics: map[string]func(interp.Call, []reflect.Value) []reflect.Value{},
		TempDir:    tempdir.Make,
		Logger:     log,
		Exhausted: func(message string) {
			log.Error(message)
			time.Sleep(exhaustedGrace)
			os.Exit(exitFailure)
		},
	}
	c.MemoryLimit, _ = memoryLimit(host == nil) // checked when the command began
	if host != nil {
		c.Intrinsics["poolbook/pool/core.CallerOrigin"] = host.origin
	}
	if comms != nil {
		maps.Copy(c.Intrinsics, comms.intrinsics())
	}
	return c
}
