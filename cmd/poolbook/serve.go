package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"poolbook/interp"
	"poolbook/kernel/client"
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
	tokenFile string
	certFile  string
	keyFile   string
	noBrowser bool
	tutorials string
	verbose   bool

	noTerminal bool

	encryption string
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
			if err := interp.Supported(); err != nil { // else each of its kernels would fail
				return err
			}
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
	flags.StringVar(&f.tokenFile, "token-file", "", "read the secret of the address from `FILE`, or take that of $"+tokenVariable+" (default: a new random one)")
	flags.StringVar(&f.token, "token", "", "the secret itself; other users of this machine can see it in the list of processes")
	flags.StringVar(&f.certFile, "certfile", "", "serve HTTPS with the certificates of `FILE` (PEM); needs --keyfile")
	flags.StringVar(&f.keyFile, "keyfile", "", "the private key of --certfile, in `FILE` (PEM)")
	flags.StringVar(&f.encryption, "transport-encryption", "disabled", "encrypt the connections to kernels by CurveZMQ: disabled, auto (kernels that can) or required")
	flags.BoolVar(&f.noBrowser, "no-browser", false, "do not open the page")
	flags.BoolVar(&f.noTerminal, "no-terminal", false, "no terminals in the page and in clients of the server")
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
	fmt.Fprintf(cmd.OutOrStdout(), "Poolbook serves %s at\n\n    %s\n\n", config.Dir, server.URL())
	if others := server.OtherURLs(); len(others) > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "and for other machines at\n\n    %s\n\n", strings.Join(others, "\n    "))
		if !server.Secure() {
			fmt.Fprint(cmd.ErrOrStderr(), plainHTTP)
		}
	}
	fmt.Fprintln(cmd.OutOrStdout(), "Ctrl-C ends it.")
	if !f.noBrowser {
		defer openBrowser(server.URL())()
	}
	<-server.Done()
	return server.Err()
}

// plainHTTP is the warning of a server that other machines reach.
const plainHTTP = `poolbook: warning: other machines reach this server, in plain HTTP: whoever sees the network's traffic sees the token too, and who has it
runs programs as you. Serve HTTPS with --certfile and --keyfile, or leave --ip out and reach it through ssh -L.
`

// tokenVariable is the environment variable with the server's token.
const tokenVariable = "POOLBOOK_TOKEN"

// secret is the token that the user has chosen, "" for none. Processes that the server starts do not inherit it.
func (f *serveFlags) secret() (string, error) {
	inherited := os.Getenv(tokenVariable)
	_ = os.Unsetenv(tokenVariable)
	if f.tokenFile == "" {
		if f.token != "" {
			return f.token, nil
		}
		return strings.TrimSpace(inherited), nil
	}
	if f.token != "" {
		return "", usageError{errors.New("--token and --token-file are two tokens: choose one")}
	}
	data, err := os.ReadFile(f.tokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("--token-file: %s is empty", f.tokenFile)
	}
	return token, nil
}

// encryptionPolicy reads the value of --transport-encryption.
func encryptionPolicy(value string) (client.Encryption, error) {
	switch e := client.Encryption(value); e {
	case client.EncryptionDisabled, client.EncryptionAuto, client.EncryptionRequired:
		return e, nil
	}
	return "", usageError{fmt.Errorf("--transport-encryption %s: disabled, auto or required", value)}
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
	token, err := f.secret()
	if err != nil {
		return web.Config{}, err
	}
	if (f.certFile == "") != (f.keyFile == "") {
		return web.Config{}, usageError{errors.New("--certfile and --keyfile belong together: give both")}
	}
	encryption, err := encryptionPolicy(f.encryption)
	if err != nil {
		return web.Config{}, err
	}
	if f.ip == "*" { // as Jupyter has it
		f.ip = ""
	}
	c := web.Config{
		Dir: dir, Tutorials: notebooks.Tutorials, BuiltinSpec: spec, Token: token, CertFile: f.certFile, KeyFile: f.keyFile,
		Addr: net.JoinHostPort(f.ip, "8888"), PortRetries: portTries, Format: interp.Format,
		Kernel: client.Options{Encryption: encryption}, NoTerminals: f.noTerminal,
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
