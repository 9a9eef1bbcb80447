package kernel

import (
	"errors"
	"log/slog"
	"os"
	"strconv"
	"time"
)

// Config of a kernel. ConnectionFile and Session are required.
type Config struct {
	// ConnectionFile says where to listen. Ports that are 0 are chosen and written back to it.
	ConnectionFile string
	// Session runs the cells. Run closes it.
	Session Session
	// HistoryDir keeps what was run, over restarts; empty keeps it in memory only. See [DefaultHistoryDir].
	HistoryDir string
	// OutputCap is how many bytes of streams a cell may send to front ends; the rest goes to a file, and the cell says so.
	// 64 MiB by default, negative means no limit.
	OutputCap int64
	// SpoolCap is how many bytes of one cell such a file takes, what comes after that is counted only. 4 GiB by default.
	SpoolCap int64
	// FlushInterval is how long output may wait for more to be sent with it; 20 ms by default.
	FlushInterval time.Duration
	// StallTimeout is how long output waits for a front end that takes nothing while others do, before it is disconnected;
	// one minute by default.
	StallTimeout time.Duration
	// ParentPID is the process to end with. 0 means that of JPY_PARENT_PID in the environment, which front ends set; -1 none.
	ParentPID int
	// IgnoreSignals leaves SIGINT (interrupt) and SIGTERM (shutdown) alone.
	IgnoreSignals bool
	// Logger hears of refused messages and of trouble, at most 200 records in ten seconds; nil discards. It must not write to what
	// cells print.
	Logger *slog.Logger
}

// Errors of the package.
var (
	// ErrNoStdin: the front end said that it does not answer requests for input.
	ErrNoStdin = errors.New("this front end does not ask its user for input (it sent allow_stdin: false): write the value into the cell instead")
	// ErrStuck: a cell did not end after an interrupt, when the kernel was shut down. The process should exit.
	ErrStuck = errors.New("kernel: a cell did not stop")
	// ErrNoConfig: a required field of Config is missing.
	ErrNoConfig = errors.New("kernel: configuration is incomplete")
)

func (c Config) withDefaults() Config {
	if c.OutputCap == 0 {
		c.OutputCap = 64 << 20
	}
	if c.SpoolCap == 0 {
		c.SpoolCap = 4 << 30
	}
	if c.FlushInterval == 0 {
		c.FlushInterval = 20 * time.Millisecond
	}
	if c.ParentPID == 0 {
		c.ParentPID, _ = strconv.Atoi(os.Getenv("JPY_PARENT_PID"))
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Logger = limitLog(c.Logger)
	return c
}
