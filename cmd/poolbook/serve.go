package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"poolbook/notebooks"
	"poolbook/web"
)

// portTries is how many ports after the first are tried when that is taken and
// was not asked for.
const portTries = 50

type serveFlags struct {
	ip        string
	port      int
	token     string
	noBrowser bool
	tutorials string
	verbose   bool
}

func serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve a folder: the notebook page, for a browser",
		Long: `Serve a folder (default: the current one) and print the address of its page,
with a secret token. The server also speaks the Jupyter Server API: give the
same address to VS Code or JupyterLab as an existing server. Ctrl-C ends it, and
every kernel with it.`,
		Example: `  poolbook serve
  poolbook serve ~/notes --port 9000 --no-browser
  poolbook serve --tutorials /srv/course    a class room's own tutorials`,
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return serve(cmd, dir, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.ip, "ip", "127.0.0.1", "listen on `ADDRESS`; the default is this machine only")
	flags.IntVar(&f.port, "port", 0, "listen on this port (default: 8888, or the next that is free)")
	flags.StringVar(&f.token, "token", "", "the secret of the address (default: a new random one)")
	flags.BoolVar(&f.noBrowser, "no-browser", false, "do not open the page")
	flags.StringVar(&f.tutorials, "tutorials", "", "offer the notebooks of `DIR` instead of the built-in tutorials")
	flags.BoolVar(&f.verbose, "verbose", false, "log requests and kernels to standard error")
	return cmd
}

func serve(cmd *cobra.Command, dir string, f serveFlags) error {
	config, err := serverConfig(cmd, dir, f)
	if err != nil {
		return err
	}
	server, err := web.New(config)
	if err != nil {
		return err
	}
	if err := server.Start(cmd.Context()); err != nil {
		return errors.Join(err, server.Stop())
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Poolbook serves %s at\n\n    %s\n\nCtrl-C ends it.\n", config.Dir, server.URL())
	if !f.noBrowser {
		openBrowser(server.URL())
	}
	<-server.Done()
	return server.Err()
}

func serverConfig(cmd *cobra.Command, dir string, f serveFlags) (web.Config, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return web.Config{}, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return web.Config{}, fmt.Errorf("serve %s: no such folder", dir)
	}
	spec, err := ownSpec()
	if err != nil {
		return web.Config{}, err
	}
	c := web.Config{
		Dir: dir, Tutorials: notebooks.Tutorials, BuiltinSpec: spec, Token: f.token,
		Addr: net.JoinHostPort(f.ip, "8888"), PortRetries: portTries,
	}
	if cmd.Flags().Changed("port") {
		c.Addr, c.PortRetries = net.JoinHostPort(f.ip, strconv.Itoa(f.port)), 0
	}
	if f.tutorials != "" {
		if found, err := fs.Glob(os.DirFS(f.tutorials), "*.ipynb"); err != nil || len(found) == 0 {
			return web.Config{}, fmt.Errorf("serve: no notebooks in %s (%s)", f.tutorials, "--tutorials")
		}
		c.Tutorials = os.DirFS(f.tutorials)
	}
	if f.verbose {
		c.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	} else {
		c.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return c, nil
}

// openBrowser shows the page where there is a desktop to show it on. That it
// cannot is no failure: the address is printed.
func openBrowser(url string) {
	var cmd *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		cmd = exec.Command("open", url)
	case "windows":
		cmd = exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
		cmd = exec.Command("xdg-open", url)
	}
	if cmd.Start() == nil {
		_ = cmd.Process.Release() // the browser may outlive the server
	}
}
