package interp

import (
	"errors"
	"go/types"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/check"
	"poolbook/interp/internal/vm"
)

// Cells that have run are kept for what later cells and code that goes on may need of them. One that nothing names any more, because all that
// it declared was declared again or because it declared nothing, is let go: the machine then holds its functions no longer than closures and
// running calls do. When the collector has taken them, nothing is left of the cell, and its text, syntax and types go too.

// keptCell is a cell that was loaded.
type keptCell struct {
	checked  *check.Checked
	pkg      *ssa.Package
	mentions []*types.Package // cells that its code names
	pinned   bool             // it stays for good
	running  bool
	letGo    bool
}

// keptCells are a session's cells. They are guarded by Session.mu.
type keptCells struct {
	all   map[*types.Package]*keptCell
	since int // cells that were added since the last sweep
	stay  int // of those that the last sweep looked at
}

// keep notes a cell that is about to run. mu is held.
func (s *Session) keep(pkg *ssa.Package, c *check.Checked) {
	if s.kept.all == nil {
		s.kept.all = map[*types.Package]*keptCell{}
	}
	s.kept.all[c.Types] = &keptCell{checked: c, pkg: pkg, mentions: c.Mentions(true), running: true}
}

// ran is called when a cell has run, with what it ended with: it is forgotten when nothing is needed of it.
func (s *Session) ran(pkg *ssa.Package, c *check.Checked, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cell := s.kept.all[c.Types]
	if i := new(vm.Interrupted); errors.As(err, &i) && i.Abandoned {
		s.machine.Keep()
		return // it is running
	}
	if !c.Lasting() {
		s.exclusive(func() { s.release(cell) })
		return
	}
	s.machine.Keep()
	cell.running, cell.pinned, cell.mentions = false, c.Pinned(), c.Mentions(false)
	if s.kept.since++; s.kept.since >= max(64, s.kept.stay/2) {
		s.kept.since = 0
		s.exclusive(s.sweep)
	}
}

// sweep lets go of cells that nothing names, and forgets those that have gone. mu is held, and the machine does nothing.
func (s *Session) sweep() {
	named := map[*types.Package]bool{}
	var name func(p *types.Package)
	name = func(p *types.Package) {
		if named[p] {
			return
		}
		named[p] = true
		if cell := s.kept.all[p]; cell != nil {
			for _, q := range cell.mentions {
				name(q)
			}
		}
	}
	s.env.Needed(name)
	for p, cell := range s.kept.all {
		switch {
		case cell.pinned, cell.running:
			name(p)
		case cell.letGo: // what may still run is not called, but calls others
			for _, q := range cell.mentions {
				name(q)
			}
		}
	}
	shortened := false
	s.kept.stay = len(named)
	for p, cell := range s.kept.all {
		switch {
		case named[p]:
		case !cell.letGo:
			cell.letGo = true
			s.machine.LetGo(cell.pkg)
		case s.machine.Gone(cell.pkg):
			if !shortened {
				shortened = true
				s.env.Shorten()
			}
			s.release(cell)
		}
	}
	s.machine.Sweep()
}

// release forgets a cell that has run and of which nothing is needed any more. mu is held, and the machine does nothing.
func (s *Session) release(cell *keptCell) {
	c := cell.checked
	s.machine.Release(cell.pkg)
	for _, f := range s.env.Release(c) {
		s.fset.RemoveFile(f)
	}
	for _, v := range c.Vars {
		delete(s.globals, v.New)
	}
	delete(s.sources, c.Source.Name)
	delete(s.kept.all, c.Types)
}
