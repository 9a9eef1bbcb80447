package contents

import (
	"fmt"
	"hash/maphash"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Options of a Manager. The zero value is right for most uses.
type Options struct {
	AllowHidden bool         // show and serve names that start with a dot; default no, as Jupyter
	NoTrash     bool         // delete at once; default is the desktop's trash where there is one
	TrashDir    string       // the trash folder of the user; default: the desktop's. Tests set it
	MaxFile     int64        // largest file that is read or written in one piece, in bytes; default 512 MiB
	Notary      *Notary      // remembers trusted notebooks; nil: nothing is trusted
	Logger      *slog.Logger // nil discards
}

// Manager serves one folder. Make it with Open.
type Manager struct {
	root  *os.Root
	dir   string // absolute, as given, links resolved
	opts  Options
	log   *slog.Logger
	locks [64]sync.Mutex // a stripe for each path: writers of the same path take turns

	uploads uploads
}

// Open returns the manager of a folder that exists.
func Open(dir string, opts Options) (*Manager, error) {
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, fmt.Errorf("open the served folder: %w", err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("open the served folder: %w", err)
	}
	if opts.MaxFile <= 0 {
		opts.MaxFile = 512 << 20
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Manager{root: root, dir: abs, opts: opts, log: opts.Logger}
	m.uploads.open = map[string]*upload{}
	return m, nil
}

// Close ends unfinished uploads, removing what came of them, and releases the folder.
func (m *Manager) Close() error {
	m.uploads.abandonAll(m)
	return m.root.Close()
}

// Dir is the absolute path of the served folder.
func (m *Manager) Dir() string { return m.dir }

// osPath is where a name is on disk, for what an os.Root cannot do. Not for opening.
func (m *Manager) osPath(name string) string { return filepath.Join(m.dir, filepath.FromSlash(name)) }

// OSDir returns the path on disk of an API path's folder, for a kernel's working directory:
// the path itself when it is a folder, else the folder it is in, else the served folder.
func (m *Manager) OSDir(apiPath string) string {
	name, err := clean(apiPath)
	for err == nil && name != "." {
		if info, statErr := m.root.Stat(name); statErr == nil && info.IsDir() {
			return m.osPath(name)
		}
		name = parent(name)
	}
	return m.dir
}

var lockSeed = maphash.MakeSeed()

// lock takes the stripes of the names, in a fixed order, and returns what releases them.
func (m *Manager) lock(names ...string) (unlock func()) {
	stripes := make([]int, 0, len(names))
	for _, n := range names {
		stripes = append(stripes, int(maphash.String(lockSeed, n)%uint64(len(m.locks))))
	}
	slices.Sort(stripes)
	stripes = slices.Compact(stripes)
	for _, i := range stripes {
		m.locks[i].Lock()
	}
	return func() {
		for _, i := range slices.Backward(stripes) {
			m.locks[i].Unlock()
		}
	}
}
