package kernel

import (
	"fmt"
	"testing"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// BenchmarkStart is from the start of the process to its kernel_info_reply and first output, and its orderly end.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		k, err := client.Start(b.Context(), echoSpec(), client.Options{ConnectionDir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		if err := k.Shutdown(b.Context()); err != nil {
			b.Fatal(err)
		}
		<-k.Done()
	}
}

// BenchmarkExecute is a cell from request to idle.
func BenchmarkExecute(b *testing.B) {
	k := startEcho(b)
	for b.Loop() {
		if _, err := k.Execute(b.Context(), "value 1", client.ExecuteOptions{}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLines is a cell that prints 100,000 lines, up to the last of them at the client.
func BenchmarkLines(b *testing.B) {
	const n = 100_000
	k := startEcho(b)
	messages, bytes := 0, 0
	for b.Loop() {
		_, err := k.Execute(b.Context(), fmt.Sprint("lines ", n), client.ExecuteOptions{}, func(m *protocol.Message) error {
			messages++
			bytes += len(m.Content)
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(messages)/float64(b.N), "messages/op")
	b.SetBytes(int64(bytes / b.N))
}
