package main

import (
	"html/template"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"poolbook/kernel/tempdir"
)

// openBrowser shows the page where there is a desktop to show it on, and returns
// what is to be done at the end. That it cannot is no failure: the address is
// printed.
//
// The address has the token in it, and what a browser is started with is in the
// list of processes, which every user of the machine can see. So it is started
// with a file that only this user can read, and that leads to the address.
func openBrowser(url string) (done func()) {
	nothing := func() {}
	var command []string
	switch runtime.GOOS {
	case "darwin":
		command = []string{"open"}
	case "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler"}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return nothing
		}
		command = []string{"xdg-open"}
	}
	dir, remove, err := tempdir.Make("poolbook-open-")
	if err != nil {
		return nothing
	}
	done = func() { _ = remove() }
	file, err := writeRedirect(dir, url)
	if err != nil {
		done()
		return nothing
	}
	if cmd := exec.Command(command[0], append(command[1:], file)...); cmd.Start() == nil {
		_ = cmd.Process.Release() // the browser may outlive the server
	}
	return done
}

var redirectTemplate = template.Must(template.New("redirect").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Poolbook</title><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={{.}}"></head>
<body><p><a href="{{.}}">Poolbook</a></p></body></html>
`))

// writeRedirect makes a page that leads to an address, for this user alone.
func writeRedirect(dir, url string) (string, error) {
	file := filepath.Join(dir, "poolbook.html")
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	err = redirectTemplate.Execute(f, url)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return file, err
}
