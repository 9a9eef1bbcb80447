// Command devserver runs the server alone, with the kernels that are installed on the machine: for work on the page and for tests with
// other clients.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"poolbook/web"
)

func main() {
	dir := flag.String("dir", ".", "folder to serve")
	addr := flag.String("addr", "127.0.0.1:8888", "address to listen on")
	token := flag.String("token", "", "token; a random one by default")
	static := flag.String("static", "", "folder with the built page; the embedded one by default")
	tutorials := flag.String("tutorials", "", "folder with tutorials")
	data := flag.String("data", "", "folder for settings and trust")
	verbose := flag.Bool("v", false, "log every request that is refused")
	flag.Parse()
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	c := web.Config{
		Dir: *dir, Addr: *addr, Token: *token, DataDir: *data, PortRetries: 50,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
	for _, f := range []struct {
		dir string
		to  *fs.FS
	}{{*static, &c.Static}, {*tutorials, &c.Tutorials}} {
		if f.dir != "" {
			*f.to = os.DirFS(f.dir)
		}
	}
	if err := run(c); err != nil {
		fmt.Fprintln(os.Stderr, "devserver:", err)
		os.Exit(1)
	}
}

func run(c web.Config) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := web.New(c)
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return err
	}
	fmt.Println(s.URL())
	<-s.Done()
	return s.Err()
}
