package contents

import (
	"errors"
	"io/fs"
	"path"
	"time"
)

// Checkpoints are kept as Jupyter keeps them: one copy of a file, in a hidden folder beside it.
const (
	checkpointDir = ".ipynb_checkpoints"
	checkpointID  = "checkpoint"
)

// Checkpoint is an entry of the checkpoints API.
type Checkpoint struct {
	ID           string    `json:"id"`
	LastModified time.Time `json:"last_modified"`
}

func checkpointName(name string) string {
	stem, ext := splitExt(path.Base(name))
	return path.Join(parent(name), checkpointDir, stem+"-"+checkpointID+ext)
}

// Checkpoints lists the checkpoints of a file: none or one.
func (m *Manager) Checkpoints(apiPath string) ([]Checkpoint, error) {
	name, err := m.file(apiPath)
	if err != nil {
		return nil, err
	}
	info, err := m.root.Stat(checkpointName(name))
	if errors.Is(err, fs.ErrNotExist) {
		return []Checkpoint{}, nil
	}
	if err != nil {
		return nil, classify("list the checkpoints of", name, err)
	}
	return []Checkpoint{{checkpointID, info.ModTime().UTC()}}, nil
}

// CreateCheckpoint keeps a copy of the file as it is on the disk, replacing the one before.
func (m *Manager) CreateCheckpoint(apiPath string) (Checkpoint, error) {
	name, err := m.file(apiPath)
	if err != nil {
		return Checkpoint{}, err
	}
	unlock := m.lock(name)
	defer unlock()
	cp := checkpointName(name)
	if err := m.root.Mkdir(parent(cp), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return Checkpoint{}, classify("make a checkpoint of", name, err)
	}
	info, err := m.copyOver(name, cp)
	if err != nil {
		return Checkpoint{}, classify("make a checkpoint of", name, err)
	}
	return Checkpoint{checkpointID, info.ModTime().UTC()}, nil
}

// RestoreCheckpoint puts the copy in the file's place, as a save does.
func (m *Manager) RestoreCheckpoint(apiPath, id string) error {
	name, err := m.checkpointed(apiPath, id)
	if err != nil {
		return err
	}
	unlock := m.lock(name)
	defer unlock()
	_, err = m.copyOver(checkpointName(name), name)
	return classify("restore", name, err)
}

// DeleteCheckpoint removes the copy.
func (m *Manager) DeleteCheckpoint(apiPath, id string) error {
	name, err := m.checkpointed(apiPath, id)
	if err != nil {
		return err
	}
	return classify("delete the checkpoint of", name, m.root.Remove(checkpointName(name)))
}

// copyOver replaces a file by a copy of another, whole or not at all.
func (m *Manager) copyOver(from, to string) (fs.FileInfo, error) {
	f, err := m.root.Open(from)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := m.readAll(f, from)
	if err != nil {
		return nil, err
	}
	info, err := m.root.Stat(to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := m.replace(to, info, data); err != nil {
		return nil, err
	}
	return m.root.Stat(to)
}

// file is visible for ordinary files.
func (m *Manager) file(apiPath string) (string, error) {
	name, err := m.visible(apiPath)
	if err != nil {
		return "", err
	}
	info, err := m.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fail(BadRequest, "%q is not a file", apiPath)
	}
	return name, classify("open", name, err)
}

// checkpointed is file for those that have the checkpoint.
func (m *Manager) checkpointed(apiPath, id string) (string, error) {
	name, err := m.visible(apiPath)
	if err != nil {
		return "", err
	}
	if _, err := m.root.Stat(checkpointName(name)); id != checkpointID || err != nil {
		return "", fail(NotFound, "%q has no checkpoint %q", apiPath, id)
	}
	return name, nil
}

// moveCheckpoints lets a checkpoint follow its renamed file. A checkpoint is a convenience: failing is logged only.
func (m *Manager) moveCheckpoints(src, dst string) {
	from, to := checkpointName(src), checkpointName(dst)
	if _, err := m.root.Stat(from); err != nil {
		return
	}
	err := m.root.Mkdir(parent(to), 0o777)
	if err == nil || errors.Is(err, fs.ErrExist) {
		err = m.root.Rename(from, to)
	}
	if err != nil {
		m.log.Warn("checkpoint not moved", "path", src, "error", err)
	}
}

func (m *Manager) removeCheckpoints(name string) {
	if err := m.root.Remove(checkpointName(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.log.Debug("checkpoint not removed", "path", name, "error", err)
	}
}
