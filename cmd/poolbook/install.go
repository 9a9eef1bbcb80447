package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"poolbook/kernel/protocol"

	"poolbook/kernel/client"
)

// The names of the kernel in notebooks and for people.
const (
	kernelName        = "poolbook"
	kernelDisplayName = "Go (Poolbook)"
)

//go:embed logo/logo-32x32.png logo/logo-64x64.png logo/logo-svg.svg
var logos embed.FS

// ownSpec is the kernelspec of this program.
func ownSpec() (client.Spec, error) {
	exe, err := os.Executable()
	if err != nil {
		return client.Spec{}, fmt.Errorf("find this program: %w", err)
	}
	return client.Spec{
		Argv:          []string{exe, "kernel", "-f", "{connection_file}"},
		InterruptMode: client.InterruptMessage,
		Name:          kernelName,
		DisplayName:   kernelDisplayName,
		Language:      "go",
		Metadata:      map[string]any{"supported_encryption": []string{"curve"}},
	}, nil
}

// place says in which of Jupyter's data folders a kernelspec goes.
type place struct {
	user   bool
	prefix string
	name   string
}

func (p *place) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&p.user, "user", false, "in the user's Jupyter folder (the default)")
	f.StringVar(&p.prefix, "prefix", "", "in `DIR`/share/jupyter, as of a virtual environment or /usr/local")
	f.StringVar(&p.name, "name", kernelName, "the kernel's name in notebooks")
}

var kernelNamePattern = regexp.MustCompile(`^[a-z0-9._-]+$`)

// dir is the kernelspec's folder.
func (p *place) dir() (string, error) {
	if p.user && p.prefix != "" {
		return "", usageError{errors.New("--user and --prefix are two places: choose one")}
	}
	if !kernelNamePattern.MatchString(p.name) || strings.Trim(p.name, ".") == "" {
		return "", usageError{fmt.Errorf("--name %q: lower-case letters, digits, '.', '-' and '_' only", p.name)}
	}
	data := client.UserDataDir()
	if p.prefix != "" {
		data = filepath.Join(p.prefix, "share", "jupyter")
	}
	if data == "" {
		return "", errors.New("there is no home folder (HOME is not set): name a place with --prefix, or in JUPYTER_DATA_DIR")
	}
	return filepath.Join(data, "kernels", p.name), nil
}

func installCommand() *cobra.Command {
	var p place
	displayName := ""
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Offer Go notebooks in Jupyter, VS Code and other front ends",
		Long: `Install a kernelspec that starts this program, so that every Jupyter front end
(JupyterLab, VS Code, jupyter console, nbconvert …) offers "Go (Poolbook)".`,
		Example: `  poolbook install
  poolbook install --prefix "$VIRTUAL_ENV"`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := p.dir()
			if err != nil {
				return err
			}
			if err := installSpec(dir, displayName); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Installed the kernel %q in %s\nTry: jupyter console --kernel %s\n", p.name, dir, p.name)
			return nil
		},
	}
	p.flags(cmd)
	cmd.Flags().StringVar(&displayName, "display-name", kernelDisplayName, "the kernel's name for people")
	return cmd
}

func uninstallCommand() *cobra.Command {
	var p place
	cmd := &cobra.Command{
		Use:     "uninstall",
		Short:   "Remove what install installed",
		Example: "  poolbook uninstall",
		Args:    atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := p.dir()
			if err != nil {
				return err
			}
			if err := uninstallSpec(dir); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Removed the kernel %q from %s\n", p.name, dir)
			return nil
		},
	}
	p.flags(cmd)
	return cmd
}

// madeBy marks the kernelspecs that uninstall may remove.
const madeBy = "poolbook"

// kernelJSON is the file kernel.json of a kernelspec.
type kernelJSON struct {
	Argv          []string       `json:"argv"`
	DisplayName   string         `json:"display_name"`
	Language      string         `json:"language"`
	InterruptMode string         `json:"interrupt_mode"`
	Protocol      string         `json:"kernel_protocol_version"` // without it clients take an older one until they have asked
	Metadata      map[string]any `json:"metadata"`
}

// installSpec writes the kernelspec to dir, over an earlier one.
func installSpec(dir, displayName string) error {
	if displayName == "" {
		displayName = kernelDisplayName
	}
	spec, err := ownSpec()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	// `go run` removes its program when it ends, so that one is kept beside
	// the kernelspec.
	if exe := spec.Argv[0]; isTemporary(exe) {
		kept := filepath.Join(dir, "poolbook")
		if runtime.GOOS == "windows" {
			kept += ".exe"
		}
		if err := copyProgram(exe, kept); err != nil {
			return fmt.Errorf("install: %w", err)
		}
		spec.Argv[0] = kept
	}
	text, err := json.MarshalIndent(kernelJSON{
		Argv: spec.Argv, DisplayName: displayName, Language: spec.Language, InterruptMode: spec.InterruptMode, Protocol: protocol.Version,
		Metadata: map[string]any{"made_by": madeBy, "version": version, "supported_encryption": spec.Metadata["supported_encryption"]},
	}, "", " ")
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	files, err := fs.ReadDir(logos, "logo")
	if err != nil {
		return fmt.Errorf("install: %w", err)
	}
	for _, f := range files {
		logo, err := logos.ReadFile("logo/" + f.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, f.Name()), logo, 0o644)
		}
		if err != nil {
			return fmt.Errorf("install: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "kernel.json"), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	return nil
}

// isTemporary reports whether the program is one that `go run` built.
func isTemporary(exe string) bool {
	return strings.Contains(filepath.ToSlash(exe), "/go-build")
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	// A program that runs cannot be written over, but its name can be taken.
	tmp, err := os.CreateTemp(filepath.Dir(to), ".poolbook-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = io.Copy(tmp, in)
	if e := tmp.Chmod(0o755); err == nil {
		err = e
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), to)
}

// uninstallSpec removes the kernelspec in dir, if it is one of ours.
func uninstallSpec(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("uninstall: no kernel is installed in %s", dir)
	}
	if err != nil {
		return fmt.Errorf("uninstall: %w", err)
	}
	var spec kernelJSON
	if err := json.Unmarshal(text, &spec); err != nil || spec.Metadata["made_by"] != madeBy {
		return fmt.Errorf("uninstall: %s is not a kernel that poolbook install made; remove it by hand", dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("uninstall: %w", err)
	}
	return nil
}
