package core

import "reflect"

// Symbols is what package pool's source uses of this package, for an interpreter that runs that source: functions, constants,
// addressable variables, and a nil pointer for each type.
func Symbols() map[string]reflect.Value {
	variable := func(p *error) reflect.Value { return reflect.ValueOf(p).Elem() }
	return map[string]reflect.Value{
		"CallerOrigin": reflect.ValueOf(CallerOrigin),
		"NewPool":      reflect.ValueOf(NewPool),

		"Callback":         reflect.ValueOf(Callback),
		"ChunkSize":        reflect.ValueOf(ChunkSize),
		"Engine":           reflect.ValueOf(Engine),
		"ErrorCallback":    reflect.ValueOf(ErrorCallback),
		"Initializer":      reflect.ValueOf(Initializer),
		"Label":            reflect.ValueOf(Label),
		"MaxTasksPerChild": reflect.ValueOf(MaxTasksPerChild),
		"NextTimeout":      reflect.ValueOf(NextTimeout),
		"Processes":        reflect.ValueOf(Processes),
		"Retries":          reflect.ValueOf(Retries),
		"StartMethod":      reflect.ValueOf(StartMethod),
		"Timeout":          reflect.ValueOf(Timeout),

		"Auto":        reflect.ValueOf(Auto),
		"Interpreted": reflect.ValueOf(Interpreted),
		"Native":      reflect.ValueOf(Native),
		"Single":      reflect.ValueOf(Single),
		"Spread":      reflect.ValueOf(Spread),
		"LastErr":     reflect.ValueOf(LastErr),
		"NoResult":    reflect.ValueOf(NoResult),

		"ErrCancelled":   variable(&ErrCancelled),
		"ErrClosed":      variable(&ErrClosed),
		"ErrInterrupted": variable(&ErrInterrupted),
		"ErrNotClosed":   variable(&ErrNotClosed),
		"ErrTerminated":  variable(&ErrTerminated),
		"ErrTimeout":     variable(&ErrTimeout),

		"CallOption":      reflect.ValueOf((*CallOption)(nil)),
		"EngineKind":      reflect.ValueOf((*EngineKind)(nil)),
		"InitError":       reflect.ValueOf((*InitError)(nil)),
		"Job":             reflect.ValueOf((*Job)(nil)),
		"Option":          reflect.ValueOf((*Option)(nil)),
		"Pool":            reflect.ValueOf((*Pool)(nil)),
		"RemoteError":     reflect.ValueOf((*RemoteError)(nil)),
		"Stats":           reflect.ValueOf((*Stats)(nil)),
		"Stream":          reflect.ValueOf((*Stream)(nil)),
		"WorkerLostError": reflect.ValueOf((*WorkerLostError)(nil)),
	}
}
