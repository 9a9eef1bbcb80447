package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// ErrNoBrowser is of a PDF on a machine without a browser that can print one.
var ErrNoBrowser = errors.New("a PDF is printed by Chromium, Chrome or Edge, and none is installed: write .html, open it and print it, or install one")

// printTimeout is how long a browser may take for a notebook.
const printTimeout = 2 * time.Minute

// browsers are the names of those that print without a window: of programs on the path, and of files where systems keep them.
func browsers() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
			"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge", "chromium",
		}
	case "windows":
		var all []string
		for _, dir := range []string{os.Getenv("ProgramFiles"), os.Getenv("ProgramFiles(x86)"), os.Getenv("LocalAppData")} {
			if dir != "" {
				all = append(all, filepath.Join(dir, `Google\Chrome\Application\chrome.exe`), filepath.Join(dir, `Microsoft\Edge\Application\msedge.exe`))
			}
		}
		return all
	}
	return []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge-stable", "microsoft-edge"}
}

// Browser is the program that prints PDFs; ErrNoBrowser when there is none. It is never one of the current folder.
func Browser() (string, error) {
	for _, name := range browsers() {
		if found, err := exec.LookPath(name); err == nil && filepath.IsAbs(found) {
			return found, nil
		}
	}
	return "", ErrNoBrowser
}

// PDF prints a page that HTML has made, by a browser of this machine without a window, with a profile of its own that is gone afterwards. Pictures
// that the notebook only links to are fetched, as when the page is opened. It takes a second or two, and returns when ctx ends.
//
// A browser that is started by root has no sandbox, since Chromium refuses to have one then; that the page runs no script of the notebook
// is held by the page's policy.
func PDF(ctx context.Context, page []byte) (pdf []byte, err error) {
	browser, err := Browser()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "poolbook-print-")
	if err != nil {
		return nil, fmt.Errorf("print: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in, out := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(in, page, 0o600); err != nil {
		return nil, fmt.Errorf("print: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, printTimeout)
	defer cancel()
	args := []string{
		"--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-background-networking",
		"--disable-sync", "--user-data-dir=" + filepath.Join(dir, "profile"), "--no-pdf-header-footer", "--print-to-pdf=" + out,
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(in)}
	if runtime.GOOS == "windows" {
		file.Path = "/" + file.Path
	}
	cmd := exec.CommandContext(ctx, browser, append(args, file.String())...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	cmd.WaitDelay = 5 * time.Second // its helpers may have its output open
	runErr := cmd.Run()
	if pdf, err = os.ReadFile(out); err == nil && bytes.HasPrefix(pdf, []byte("%PDF-")) {
		return pdf, nil
	}
	if ctx.Err() != nil {
		runErr = fmt.Errorf("it was not done after %v", printTimeout)
		if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
			runErr = err
		}
	}
	if runErr == nil {
		runErr = errors.New("it wrote no PDF")
	}
	return nil, fmt.Errorf("%s cannot print the notebook: %w\n%s", filepath.Base(browser), runErr, lastLines(said.String(), 3))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}
