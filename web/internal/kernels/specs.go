package kernels

import (
	"maps"
	"os"
	"path/filepath"
	"strings"

	"poolbook/kernel/client"
)

// Specs returns the kernels that can be started, by name: the built-in one, and every one that is installed on the machine.
// A broken kernelspec is left out and logged.
func (m *Manager) Specs() map[string]client.Spec {
	specs, err := client.FindSpecs()
	if err != nil {
		m.log.Debug("kernelspecs left out", "error", err)
	}
	if specs == nil {
		specs = map[string]client.Spec{}
	}
	all := maps.Clone(specs)
	if b := m.opts.Builtin; len(b.Argv) > 0 {
		if installed, ok := all[b.Name]; ok && b.Dir == "" {
			b.Dir = installed.Dir // its logos
		}
		all[b.Name] = b
	}
	return all
}

// DefaultName is the kernel that is started when a client names none: the built-in one, or else the first of those installed.
func (m *Manager) DefaultName() string {
	if m.opts.Builtin.Name != "" {
		return m.opts.Builtin.Name
	}
	first := ""
	for name := range m.Specs() {
		if first == "" || name < first {
			first = name
		}
	}
	return first
}

// resourceTypes are the files of a kernelspec's folder that clients may see.
var resourceTypes = map[string]bool{".png": true, ".svg": true, ".js": true, ".css": true, ".gif": true, ".jpg": true}

// Resources lists the files of a kernelspec that clients may see: logos and scripts.
func Resources(spec client.Spec) []string {
	if spec.Dir == "" {
		return nil
	}
	entries, err := os.ReadDir(spec.Dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && resourceTypes[strings.ToLower(filepath.Ext(e.Name()))] {
			names = append(names, e.Name())
		}
	}
	return names
}

// Resource reads one of the Resources of a kernelspec.
func Resource(spec client.Spec, name string) ([]byte, error) {
	if spec.Dir == "" || !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) || !resourceTypes[strings.ToLower(filepath.Ext(name))] {
		return nil, os.ErrNotExist
	}
	root, err := os.OpenRoot(spec.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(name)
}
