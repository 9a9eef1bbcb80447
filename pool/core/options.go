package core

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// EngineKind says what runs the tasks of a pool.
type EngineKind int

// The engines.
const (
	Auto        EngineKind = iota // native where it can be had, otherwise interpreted
	Interpreted                   // always interpreted
	Native                        // always compiled: not available yet
)

// Option is an option of a pool.
type Option struct{ set func(*config) }

// config is what a pool's options say.
type config struct {
	processes int
	init      any
	exit      any
	idle      time.Duration // after which a worker without work ends; 0: never
	maxTasks  int
	start     startMethod
	memory    int64 // bytes that a worker may hold; 0: any
	engine    EngineKind
}

// Processes is the number of workers.
func Processes(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("pool.Processes(%d): a pool needs at least one worker", n))
	}
	return Option{func(c *config) { c.processes = n }}
}

// Initializer is called in each worker before its first task.
func Initializer(f func()) Option {
	if f == nil {
		panic("pool.Initializer: the function is nil")
	}
	return Option{func(c *config) { c.init = f }}
}

// AtExit is called in each worker when it ends in an orderly way.
func AtExit(f func()) Option {
	if f == nil {
		panic("pool.AtExit: the function is nil")
	}
	return Option{func(c *config) { c.exit = f }}
}

// IdleTimeout ends workers that have had nothing to do for d.
func IdleTimeout(d time.Duration) Option {
	if d <= 0 {
		panic(fmt.Sprintf("pool.IdleTimeout(%v): the time must be positive", d))
	}
	return Option{func(c *config) { c.idle = d }}
}

// MaxTasksPerChild replaces each worker after n chunks; 0 means never.
func MaxTasksPerChild(n int) Option {
	if n < 0 {
		panic(fmt.Sprintf("pool.MaxTasksPerChild(%d): the number must not be negative", n))
	}
	return Option{func(c *config) { c.maxTasks = n }}
}

// MemoryLimit is how many bytes of memory a worker process may hold.
func MemoryLimit(bytes int64) Option {
	if bytes < minMemory {
		panic(fmt.Sprintf("pool.MemoryLimit(%d): a worker needs %s at least for itself", bytes, size(minMemory)))
	}
	return Option{func(c *config) { c.memory = bytes }}
}

// minMemory is the least limit: an idle worker of a notebook holds about half of it.
const minMemory = 64 << 20

// ExitMemory is the exit code of a worker that came to its limit of memory. A task may end its worker with that number too: the frame
// before it tells the difference.
const ExitMemory = 12

// startMethod is where the worker processes of a pool come from.
type startMethod int

const (
	startAny   startMethod = iota // a spare one when there is one, otherwise new
	startNew                      // all new
	startAhead                    // there are as many spare ones as the pool has workers
)

// StartMethod is "spawn" or "forkserver".
func StartMethod(method string) Option {
	start := startNew
	switch method {
	case "spawn":
	case "forkserver":
		start = startAhead
	case "fork":
		panic(`pool.StartMethod("fork"): a Go program has several threads, and a forked copy has only one of them, so that it cannot go on: ` +
			`use "spawn", or "forkserver" for workers that are started ahead`)
	default:
		panic(fmt.Sprintf(`pool.StartMethod(%q): there are "spawn" and "forkserver"`, method))
	}
	return Option{func(c *config) { c.start = start }}
}

// Engine says what runs the tasks.
func Engine(kind EngineKind) Option { return Option{func(c *config) { c.engine = kind }} }

func makeConfig(opts []Option) config {
	c := config{processes: CPUCount()}
	for _, o := range opts {
		if o.set != nil {
			o.set(&c)
		}
	}
	return c
}

// CallOption is an option of one call.
type CallOption struct{ set func(*callConfig) }

// callConfig is what the options of a call say.
type callConfig struct {
	chunk       int
	callback    reflect.Value // a function of one parameter; invalid without one
	onError     reflect.Value
	timeout     time.Duration
	retries     int
	retryIf     reflect.Value // a func(error) bool; invalid without one
	backoff     backoff
	label       string
	nextTimeout time.Duration
	ctx         context.Context // the job ends with it; nil: with nothing
	stopAtError bool
	priority    int
	seed        *uint64
	handle      *Handle
	buffer      int // items of a stream under way or waiting to be taken; 0: the default
}

// ChunkSize is how many items go to a worker at once.
func ChunkSize(n int) CallOption {
	if n < 1 {
		panic(fmt.Sprintf("pool.ChunkSize(%d): a chunk has at least one item", n))
	}
	return CallOption{func(c *callConfig) { c.chunk = n }}
}

// Callback is called with the whole result; f is a function of one parameter.
func Callback(f any) CallOption {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Func || v.Type().NumIn() != 1 {
		panic(fmt.Sprintf("pool.Callback: %T is no function of one parameter", f))
	}
	if v.IsNil() {
		return CallOption{}
	}
	return CallOption{func(c *callConfig) { c.callback = v }}
}

// ErrorCallback is called with the error of a job that failed.
func ErrorCallback(f func(error)) CallOption {
	if f == nil {
		return CallOption{}
	}
	return CallOption{func(c *callConfig) { c.onError = reflect.ValueOf(f) }}
}

// Timeout limits how long each task may run.
func Timeout(d time.Duration) CallOption {
	if d <= 0 {
		panic(fmt.Sprintf("pool.Timeout(%v): the time must be positive", d))
	}
	return CallOption{func(c *callConfig) { c.timeout = d }}
}

// Retries runs items again that failed, at most n times each.
func Retries(n int) CallOption {
	if n < 0 {
		panic(fmt.Sprintf("pool.Retries(%d): the number must not be negative", n))
	}
	return CallOption{func(c *callConfig) { c.retries = n }}
}

// RetryIf is asked before an item runs again.
func RetryIf(f func(error) bool) CallOption {
	if f == nil {
		return CallOption{}
	}
	return CallOption{func(c *callConfig) { c.retryIf = reflect.ValueOf(f) }}
}

// Backoff is how long an item waits before it runs again.
func Backoff(first, limit time.Duration) CallOption {
	if first <= 0 || limit < first {
		panic(fmt.Sprintf("pool.Backoff(%v, %v): the first time must be positive, and the longest not shorter", first, limit))
	}
	return CallOption{func(c *callConfig) { c.backoff = backoff{first, limit} }}
}

// Label names the job.
func Label(name string) CallOption { return CallOption{func(c *callConfig) { c.label = name }} }

// NextTimeout limits how long each step of an iteration waits.
func NextTimeout(d time.Duration) CallOption {
	if d <= 0 {
		panic(fmt.Sprintf("pool.NextTimeout(%v): the time must be positive", d))
	}
	return CallOption{func(c *callConfig) { c.nextTimeout = d }}
}

// Context ends the job when ctx ends.
func Context(ctx context.Context) CallOption {
	if ctx == nil {
		panic("pool.Context: the context is nil")
	}
	return CallOption{func(c *callConfig) { c.ctx = ctx }}
}

// StopAtFirstError ends the job when one of its items fails.
func StopAtFirstError() CallOption { return CallOption{func(c *callConfig) { c.stopAtError = true }} }

// Priority is the job's: workers take chunks of the highest first.
func Priority(n int) CallOption { return CallOption{func(c *callConfig) { c.priority = n }} }

// Seed begins the streams of random numbers of the job's items.
func Seed(seed uint64) CallOption { return CallOption{func(c *callConfig) { c.seed = &seed }} }

// BufferSize is how many items of a stream may be under way or wait to be taken.
func BufferSize(n int) CallOption {
	if n < 1 {
		panic(fmt.Sprintf("pool.BufferSize(%d): the buffer has room for one result at least", n))
	}
	return CallOption{func(c *callConfig) { c.buffer = n }}
}

// noOptions are those of a call without any. They do not change.
var noOptions callConfig

// makeCallConfig reads the options of a call. The result is shared with other calls.
func makeCallConfig(opts []CallOption) *callConfig {
	if len(opts) == 0 {
		return &noOptions
	}
	c := &callConfig{}
	for _, o := range opts {
		if o.set != nil {
			o.set(c)
		}
	}
	return c
}

// with are the options with a change.
func (c *callConfig) with(change func(c *callConfig)) *callConfig {
	own := *c
	change(&own)
	return &own
}
