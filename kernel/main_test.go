package kernel

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"poolbook/kernel/client"
)

// The test binary is a kernel too: with these words as its first argument.
const (
	asKernel = "as-kernel" // FILE: an echo kernel
	asParent = "as-parent" // starts an echo kernel, prints its process id and waits
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case asKernel:
			os.Exit(kernelMain(os.Args[2]))
		case asParent:
			os.Exit(parentMain())
		}
	}
	os.Exit(m.Run())
}

func kernelMain(file string) int {
	err := Run(context.Background(), Config{
		ConnectionFile: file,
		Session:        newEcho(),
		HistoryDir:     os.Getenv("ECHO_HISTORY"),
		Logger:         slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func parentMain() int {
	k, err := client.Start(context.Background(), echoSpec(), client.Options{ConnectionDir: os.TempDir()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(k.PID())
	time.Sleep(time.Hour)
	return 0
}

// echoSpec starts this test binary as a kernel.
func echoSpec() client.Spec {
	return client.Spec{Name: "echo", DisplayName: "Echo", Language: "echo",
		Argv: []string{os.Args[0], asKernel, "{connection_file}"}, InterruptMode: client.InterruptMessage,
		Env: []string{"GORACE=atexit_sleep_ms=0"}} // or the race detector takes a second to exit
}
