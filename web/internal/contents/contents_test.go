package contents

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, o Options) *Manager {
	t.Helper()
	if o.TrashDir == "" {
		o.TrashDir = filepath.Join(t.TempDir(), "Trash")
	}
	m, err := Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func write(t *testing.T, m *Manager, name, text string) {
	t.Helper()
	p := filepath.Join(m.Dir(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func onDisk(t *testing.T, m *Manager, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.Dir(), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func quote(s string) json.RawMessage {
	data, _ := json.Marshal(s)
	return data
}

func wantKind(t *testing.T, err error, kind Kind) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("error %v (%T), want kind %d", err, err, kind)
	}
}

func TestSaveAndGetText(t *testing.T) {
	m := open(t, Options{})
	model, made, err := m.Save("/a b.txt", SaveRequest{Type: TypeFile, Format: FormatText, Content: quote("hällo\n")})
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if model.Content != nil || model.Format != nil || *model.Size != 7 {
		t.Errorf("model after save: %+v", model)
	}
	got, err := m.Get("a b.txt", GetOptions{Content: true, Hash: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.Content != "hällo\n" || *got.Format != FormatText || *got.Mimetype != "text/plain" || *got.Hash != *model.Hash {
		t.Errorf("model: %+v", got)
	}
	if _, made, err := m.Save("a b.txt", SaveRequest{Type: TypeFile, Content: quote("x")}); err != nil || made {
		t.Error(made, err)
	}
}

func TestBinaryIsBase64(t *testing.T) {
	m := open(t, Options{})
	data := "\x89PNG\xff\x00"
	_, _, err := m.Save("x.png", SaveRequest{Type: TypeFile, Format: FormatBase64, Content: quote(base64.StdEncoding.EncodeToString([]byte(data)))})
	if err != nil {
		t.Fatal(err)
	}
	if onDisk(t, m, "x.png") != data {
		t.Error("bytes on disk differ")
	}
	got, err := m.Get("x.png", GetOptions{Content: true})
	if err != nil || *got.Format != FormatBase64 || *got.Mimetype != "image/png" {
		t.Errorf("%+v %v", got, err)
	}
	_, err = m.Get("x.png", GetOptions{Content: true, Format: FormatText})
	wantKind(t, err, BadRequest)
	_, _, err = m.Save("y", SaveRequest{Type: TypeFile, Format: FormatBase64, Content: quote("%%%")})
	wantKind(t, err, BadRequest)
}

const stored = `{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": 1,
   "id": "c1",
   "metadata": {},
   "outputs": [
    {
     "data": {
      "application/json": {
       "a": [
        "not",
        "lines"
       ],
       "n": 12345678901234567890.5
      },
      "text/html": [
       "<b>\n",
       "x</b>"
      ]
     },
     "metadata": {},
     "output_type": "display_data"
    },
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "1\n",
      "2\n"
     ]
    }
   ],
   "source": [
    "a := 1 // <é>\n",
    "a"
   ]
  },
  {
   "cell_type": "markdown",
   "id": "c2",
   "metadata": {},
   "source": []
  }
 ],
 "metadata": {
  "custom": {
   "z": 1.50
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`

func TestNotebookRoundTripIsExact(t *testing.T) {
	m := open(t, Options{})
	write(t, m, "n.ipynb", stored)
	got, err := m.Get("n.ipynb", GetOptions{Content: true})
	if err != nil {
		t.Fatal(err)
	}
	cell := got.Content.(notebook)["cells"].([]any)[0].(map[string]any)
	if cell["source"] != "a := 1 // <é>\na" {
		t.Errorf("source %q", cell["source"])
	}
	output := cell["outputs"].([]any)[0].(map[string]any)["data"].(map[string]any)
	if output["text/html"] != "<b>\nx</b>" {
		t.Errorf("html %q", output["text/html"])
	}
	if cell["metadata"].(map[string]any)["trusted"] != false {
		t.Error("a file from elsewhere is trusted")
	}
	content, err := json.Marshal(got.Content)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Save("n.ipynb", SaveRequest{Type: TypeNotebook, Format: FormatJSON, Content: content}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stored, onDisk(t, m, "n.ipynb")); diff != "" {
		t.Errorf("file changed by opening and saving (-before +after):\n%s", diff)
	}
}

func TestNotAWorkingNotebook(t *testing.T) {
	m := open(t, Options{})
	for name, text := range map[string]string{
		"json":     `{"cells": [`,
		"list":     `[]`,
		"version2": `{"nbformat": 2, "nbformat_minor": 0, "metadata": {}, "worksheets": []}`,
		"cells":    `{"nbformat": 4, "cells": {}}`,
		"cell":     `{"nbformat": 4, "cells": [1]}`,
		"tail":     stored + "{}",
	} {
		write(t, m, name+".ipynb", text)
		_, err := m.Get(name+".ipynb", GetOptions{Content: true})
		wantKind(t, err, BadRequest)
		if got, err := m.Get(name+".ipynb", GetOptions{Content: true, Type: TypeFile}); err != nil || got.Content != text {
			t.Errorf("%s as a file: %v", name, err)
		}
		_, _, err = m.Save("new.ipynb", SaveRequest{Type: TypeNotebook, Content: json.RawMessage(text)})
		wantKind(t, err, BadRequest)
	}
	write(t, m, "empty.ipynb", "")
	if _, err := m.Get("empty.ipynb", GetOptions{Content: true}); err != nil {
		t.Errorf("an empty file should open as an empty notebook: %v", err)
	}
	if _, err := os.Stat(filepath.Join(m.Dir(), "new.ipynb")); err == nil {
		t.Error("a refused notebook was written")
	}
}

func TestTypesAndFolders(t *testing.T) {
	m := open(t, Options{})
	write(t, m, "d/x.txt", "x")
	write(t, m, "d/.hidden", "x")
	write(t, m, "d/b.ipynb", stored)
	root, err := m.Get("", GetOptions{Content: true})
	if err != nil || root.Path != "" || root.Name != "" || root.Type != TypeDirectory || *root.Format != FormatJSON {
		t.Fatalf("%+v %v", root, err)
	}
	d, err := m.Get("/d/", GetOptions{Content: true})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range d.Content.([]*Model) {
		names = append(names, c.Path+" "+c.Type)
		if c.Content != nil {
			t.Errorf("%s has content in a listing", c.Path)
		}
	}
	if diff := cmp.Diff([]string{"d/b.ipynb notebook", "d/x.txt file"}, names); diff != "" {
		t.Error(diff)
	}
	_, err = m.Get("d", GetOptions{Type: TypeFile})
	wantKind(t, err, BadRequest)
	_, err = m.Get("d/x.txt", GetOptions{Type: TypeDirectory})
	wantKind(t, err, BadRequest)
	_, err = m.Get("d/.hidden", GetOptions{})
	wantKind(t, err, NotFound)
	_, err = m.Get("d/x.txt/y", GetOptions{})
	wantKind(t, err, NotFound)
	if _, made, err := m.Save("e", SaveRequest{Type: TypeDirectory}); err != nil || !made {
		t.Error(made, err)
	}
	_, _, err = m.Save("d/x.txt", SaveRequest{Type: TypeDirectory})
	wantKind(t, err, BadRequest)
	_, _, err = m.Save("d", SaveRequest{Type: TypeFile, Content: quote("")})
	wantKind(t, err, BadRequest)
}

// Each of these paths tries to get out of the folder, for reading and for writing.
func TestNothingLeadsOutside(t *testing.T) {
	m := open(t, Options{AllowHidden: true})
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret.txt")
	if err := os.WriteFile(secret, []byte("secret"), 0o666); err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(m.Dir(), outside)
	if err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"abs": outside, "rel": rel, "file": secret, "chain": "abs", "up": ".."} {
		if err := os.Symlink(to, filepath.Join(m.Dir(), link)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	for _, p := range []string{
		"../secret.txt", "a/../../secret.txt", "..", "/../" + filepath.Base(outside) + "/secret.txt", "./..", "a/./b", "//etc/passwd", "a\x00b",
		"abs/secret.txt", "rel/secret.txt", "chain/secret.txt", "file", "up/" + filepath.Base(outside) + "/secret.txt",
		`..\secret.txt`, secret,
	} {
		t.Run(p, func(t *testing.T) {
			if got, err := m.Get(p, GetOptions{Content: true}); err == nil && got.Content == "secret" {
				t.Error("read")
			}
			if f, _, err := m.OpenFile(p); err == nil {
				t.Error("opened", f.Close())
			}
			_, _, _ = m.Save(p, SaveRequest{Type: TypeFile, Content: quote("overwritten")})
			_, _, _ = m.Save(p, SaveRequest{Type: TypeNotebook})
			_, _ = m.Copy(p, "")
			_, _ = m.CreateCheckpoint(p)
			if strings.Contains(p, "/") {
				_ = m.Delete(p)
				_, _ = m.Rename(p, "stolen.txt")
			}
			write(t, m, "mine.txt", "mine")
			_, _ = m.Rename("mine.txt", p)
			if _, err := m.New(p, TypeFile, ".txt"); err == nil && strings.Contains(p, "abs") {
				t.Error("made a file outside")
			}
		})
		if data, err := os.ReadFile(secret); err != nil || string(data) != "secret" {
			t.Fatalf("%q changed the file outside: %q %v", p, data, err)
		}
		entries, _ := os.ReadDir(outside)
		if len(entries) != 1 {
			t.Fatalf("%q left something outside: %v", p, entries)
		}
	}
	if _, err := os.Stat(filepath.Join(m.Dir(), "stolen.txt")); err == nil {
		t.Error("the file outside was moved in")
	}
	list, err := m.Get("", GetOptions{Content: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Content.([]*Model) {
		if c.Name == "abs" || c.Name == "file" || c.Name == "up" {
			t.Errorf("listed %s, which leads outside", c.Name)
		}
	}
}

func TestLinkInsideStaysALink(t *testing.T) {
	m := open(t, Options{})
	write(t, m, "d/real.txt", "old")
	if err := os.Symlink("d/real.txt", filepath.Join(m.Dir(), "link.txt")); err != nil {
		t.Skip(err)
	}
	if _, _, err := m.Save("link.txt", SaveRequest{Type: TypeFile, Content: quote("new")}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(filepath.Join(m.Dir(), "link.txt"))
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	if got := onDisk(t, m, "d/real.txt"); got != "new" {
		t.Errorf("target has %q", got)
	}
}

func TestSaveKeepsModeAndLeavesNothing(t *testing.T) {
	m := open(t, Options{})
	write(t, m, "run.sh", "x")
	p := filepath.Join(m.Dir(), "run.sh")
	if err := os.Chmod(p, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Save("run.sh", SaveRequest{Type: TypeFile, Content: quote("y")}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(p)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o750 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	entries, _ := os.ReadDir(m.Dir())
	if len(entries) != 1 {
		t.Errorf("left: %v", entries)
	}
}

func TestChangedOnDiskIsNotOverwritten(t *testing.T) {
	m := open(t, Options{})
	model, _, err := m.Save("a.txt", SaveRequest{Type: TypeFile, Content: quote("1")})
	if err != nil {
		t.Fatal(err)
	}
	write(t, m, "a.txt", "from elsewhere")
	_, _, err = m.Save("a.txt", SaveRequest{Type: TypeFile, Content: quote("2"), IfHash: *model.Hash})
	wantKind(t, err, Changed)
	_, _, err = m.Save("a.txt", SaveRequest{Type: TypeFile, Content: quote("2"), IfAbsent: true})
	wantKind(t, err, Exists)
	if onDisk(t, m, "a.txt") != "from elsewhere" {
		t.Error("overwritten")
	}
	now, err := m.Get("a.txt", GetOptions{Hash: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Save("a.txt", SaveRequest{Type: TypeFile, Content: quote("2"), IfHash: *now.Hash}); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(m.Dir(), "a.txt")); err != nil {
		t.Fatal(err)
	}
	_, _, err = m.Save("a.txt", SaveRequest{Type: TypeFile, Content: quote("3"), IfHash: *now.Hash})
	wantKind(t, err, Changed)
}

// Of many clients that save at once under the same condition, exactly one may win.
func TestConditionalSavesAreAtomic(t *testing.T) {
	m := open(t, Options{})
	model, _, err := m.Save("a.txt", SaveRequest{Type: TypeFile, Content: quote("0")})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	won := make(chan int, 20)
	for i := range 20 {
		wg.Go(func() {
			_, _, err := m.Save("a.txt", SaveRequest{Type: TypeFile, Content: quote(fmt.Sprint("by ", i)), IfHash: *model.Hash})
			if err == nil {
				won <- i
			}
		})
	}
	wg.Wait()
	close(won)
	var winners []int
	for i := range won {
		winners = append(winners, i)
	}
	if len(winners) != 1 || onDisk(t, m, "a.txt") != fmt.Sprint("by ", winners[0]) {
		t.Errorf("winners %v, file %q", winners, onDisk(t, m, "a.txt"))
	}
}

func TestNewNames(t *testing.T) {
	m := open(t, Options{})
	write(t, m, "d/keep", "")
	for _, c := range []struct{ dir, kind, ext, want string }{
		{"", TypeNotebook, "", "Untitled.ipynb"},
		{"", "", ".ipynb", "Untitled1.ipynb"},
		{"", TypeFile, ".go", "untitled.go"},
		{"", TypeFile, ".go", "untitled1.go"},
		{"", "", "", "untitled"},
		{"", TypeDirectory, "", "Untitled Folder"},
		{"", TypeDirectory, "", "Untitled Folder 1"},
		{"d", TypeNotebook, "", "d/Untitled.ipynb"},
	} {
		got, err := m.New(c.dir, c.kind, c.ext)
		if err != nil || got.Path != c.want {
			t.Errorf("New(%q, %q, %q) = %v, %v; want %s", c.dir, c.kind, c.ext, got, err, c.want)
		}
	}
	if _, err := m.Get("Untitled.ipynb", GetOptions{Content: true}); err != nil {
		t.Error(err)
	}
	_, err := m.New("", TypeFile, "/../../x")
	wantKind(t, err, BadRequest)
	_, err = m.New("nowhere", TypeFile, ".txt")
	wantKind(t, err, NotFound)
}

func TestCopyNames(t *testing.T) {
	m := open(t, Options{})
	write(t, m, "n.ipynb", stored)
	write(t, m, "d/sub/x.txt", "x")
	for _, c := range []struct{ from, to, want string }{
		{"n.ipynb", "", "n-Copy1.ipynb"},
		{"n.ipynb", "", "n-Copy2.ipynb"},
		{"n-Copy1.ipynb", "", "n-Copy3.ipynb"},
		{"n.ipynb", "d", "d/n.ipynb"},
		{"d", "", "d-Copy1"},
	} {
		got, err := m.Copy(c.from, c.to)
		if err != nil || got.Path != c.want {
			t.Errorf("Copy(%q, %q) = %v, %v; want %s", c.from, c.to, got, err, c.want)
		}
	}
	if onDisk(t, m, "n-Copy2.ipynb") != stored || onDisk(t, m, "d-Copy1/sub/x.txt") != "x" {
		t.Error("copies differ")
	}
	_, err := m.Copy("d", "d/sub")
	wantKind(t, err, BadRequest)
}

func TestRenameTakesTheCheckpointAlong(t *testing.T) {
	m := open(t, Options{})
	write(t, m, "a.txt", "1")
	write(t, m, "taken.txt", "mine")
	write(t, m, "d/x", "")
	if _, err := m.CreateCheckpoint("a.txt"); err != nil {
		t.Fatal(err)
	}
	_, err := m.Rename("a.txt", "taken.txt")
	wantKind(t, err, Exists)
	_, err = m.Rename("a.txt", ".hidden")
	wantKind(t, err, BadRequest)
	if got, err := m.Rename("a.txt", "d/b.txt"); err != nil || got.Path != "d/b.txt" {
		t.Fatal(got, err)
	}
	write(t, m, "d/b.txt", "2")
	if err := m.RestoreCheckpoint("d/b.txt", checkpointID); err != nil {
		t.Fatal(err)
	}
	if onDisk(t, m, "d/b.txt") != "1" || onDisk(t, m, "taken.txt") != "mine" {
		t.Error("wrong contents after rename and restore")
	}
	if err := m.DeleteCheckpoint("d/b.txt", checkpointID); err != nil {
		t.Fatal(err)
	}
	if list, err := m.Checkpoints("d/b.txt"); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	wantKind(t, m.RestoreCheckpoint("d/b.txt", "../../x"), NotFound)
}

func TestDeleteGoesToTheTrash(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no trash")
	}
	trash := filepath.Join(t.TempDir(), "Trash")
	m := open(t, Options{TrashDir: trash})
	write(t, m, "a b.txt", "1")
	write(t, m, "d/x", "x")
	for _, p := range []string{"a b.txt", "d"} {
		if err := m.Delete(p); err != nil {
			t.Fatal(err)
		}
		if exists, _ := m.Exists(p); exists {
			t.Error(p, "is still there")
		}
	}
	if runtime.GOOS != "darwin" {
		note, err := os.ReadFile(filepath.Join(trash, "info", "a b.txt.trashinfo"))
		if err != nil || !strings.Contains(string(note), "a%20b.txt\nDeletionDate=") {
			t.Errorf("%s %v", note, err)
		}
		if _, err := os.Stat(filepath.Join(trash, "files", "d", "x")); err != nil {
			t.Error(err)
		}
	}
	wantKind(t, m.Delete(""), BadRequest)
	wantKind(t, m.Delete("a b.txt"), NotFound)
}

// Nobody is told of a trash that there is not.
func TestHasTrash(t *testing.T) {
	for goos, want := range map[string]bool{"linux": true, "freebsd": true, "darwin": true, "windows": false, "android": false} {
		if systemHasTrash(goos) != want {
			t.Errorf("%s: %t", goos, !want)
		}
	}
	if open(t, Options{NoTrash: true}).HasTrash() {
		t.Error("a trash though it is switched off")
	}
}

// What people expect to find in the trash is not lost when that fails.
func TestDeleteWithoutRoomInTheTrash(t *testing.T) {
	if !systemHasTrash(runtime.GOOS) {
		t.Skip("no trash")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m := open(t, Options{TrashDir: file}) // no folder
	write(t, m, "x", "x")
	wantKind(t, m.Delete("x"), Forbidden)
	if exists, _ := m.Exists("x"); !exists {
		t.Error("it is gone")
	}
}

func TestDeleteForGood(t *testing.T) {
	m := open(t, Options{NoTrash: true})
	write(t, m, "d/x", "x")
	wantKind(t, m.Delete("d"), BadRequest)
	if err := m.Delete("d/x"); err != nil {
		t.Fatal(err)
	}
	if err := m.Delete("d"); err != nil {
		t.Fatal(err)
	}
}

func TestUploadInChunks(t *testing.T) {
	m := open(t, Options{})
	chunk := func(i int, s string) error {
		_, _, err := m.Save("up.bin", SaveRequest{Type: TypeFile, Format: FormatBase64, Chunk: &i, Content: quote(base64.StdEncoding.EncodeToString([]byte(s)))})
		return err
	}
	wantKind(t, chunk(2, "x"), BadRequest)
	for i, s := range map[int]string{1: "given up"} {
		if err := chunk(i, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(chunk(1, "ab"), chunk(2, "cd")); err != nil {
		t.Fatal(err)
	}
	wantKind(t, chunk(2, "again"), BadRequest)
	if exists, _ := m.Exists("up.bin"); exists {
		t.Error("an unfinished upload is visible")
	}
	if err := chunk(-1, "ef"); err != nil {
		t.Fatal(err)
	}
	if got := onDisk(t, m, "up.bin"); got != "abcdef" {
		t.Errorf("got %q", got)
	}
	if err := chunk(1, "left over"); err != nil {
		t.Fatal(err)
	}
	m.uploads.abandonAll(m)
	entries, _ := os.ReadDir(m.Dir())
	if len(entries) != 1 {
		t.Errorf("left: %v", entries)
	}
}

func TestTooLarge(t *testing.T) {
	m := open(t, Options{MaxFile: 1 << 20})
	write(t, m, "big", strings.Repeat("x", 1<<20+1))
	_, err := m.Get("big", GetOptions{Content: true})
	wantKind(t, err, TooLarge)
	_, _, err = m.Save("new", SaveRequest{Type: TypeFile, Content: quote(strings.Repeat("x", 1<<20+1))})
	wantKind(t, err, TooLarge)
}

func TestPipesDoNotHang(t *testing.T) {
	mkfifo, err := exec.LookPath("mkfifo")
	if err != nil {
		t.Skip(err)
	}
	m := open(t, Options{})
	if out, err := exec.Command(mkfifo, filepath.Join(m.Dir(), "pipe")).CombinedOutput(); err != nil {
		t.Skip(string(out))
	}
	_, err = m.Get("pipe", GetOptions{Content: true})
	wantKind(t, err, BadRequest)
	_, _, err = m.OpenFile("pipe")
	wantKind(t, err, BadRequest)
	_, _, err = m.Save("pipe", SaveRequest{Type: TypeFile, Content: quote("")})
	wantKind(t, err, BadRequest)
}

func TestTrust(t *testing.T) {
	dir := t.TempDir()
	notary, err := OpenNotary(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := open(t, Options{Notary: notary})
	trusted := func(name string) bool {
		t.Helper()
		got, err := m.Get(name, GetOptions{Content: true})
		if err != nil {
			t.Fatal(err)
		}
		return got.Content.(notebook)["cells"].([]any)[0].(map[string]any)["metadata"].(map[string]any)["trusted"] == true
	}
	marked := strings.Replace(stored, `"metadata": {},
   "outputs"`, `"metadata": {"trusted": true},
   "outputs"`, 1)
	if marked == stored {
		t.Fatal("nothing marked")
	}
	write(t, m, "n.ipynb", marked)
	if trusted("n.ipynb") {
		t.Error("a file's own mark counts")
	}
	// Uploaded with its own mark.
	if _, _, err := m.Save("up.ipynb", SaveRequest{Type: TypeNotebook, Content: json.RawMessage(marked)}); err != nil {
		t.Fatal(err)
	}
	if trusted("up.ipynb") {
		t.Error("an uploaded notebook's own mark counts")
	}
	// Its cells run here, then saved.
	if _, _, err := m.Save("n.ipynb", SaveRequest{Type: TypeNotebook, Content: json.RawMessage(marked)}); err != nil {
		t.Fatal(err)
	}
	if !trusted("n.ipynb") {
		t.Error("a notebook that was run here is not trusted")
	}
	if strings.Contains(onDisk(t, m, "n.ipynb"), "trusted") {
		t.Error("the mark is on disk")
	}
	again, err := OpenNotary(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.opts.Notary = again
	if !trusted("n.ipynb") {
		t.Error("trust does not survive a restart")
	}
	write(t, m, "n.ipynb", strings.Replace(stored, "x</b>", "<script>", 1))
	if trusted("n.ipynb") {
		t.Error("a changed notebook is trusted")
	}
	if err := m.Trust("n.ipynb"); err != nil {
		t.Fatal(err)
	}
	if !trusted("n.ipynb") {
		t.Error("a notebook trusted by hand is not trusted")
	}
}

// The test binary, started again as a server that saves for ever, is killed in the middle again and again.
// The file is always one of the whole versions.
func TestKilledWhileSaving(t *testing.T) {
	if os.Getenv("CONTENTS_SAVER") != "" {
		saveForEver(os.Getenv("CONTENTS_SAVER"))
		return
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "n.ipynb")
	whole := map[int]bool{}
	for _, n := range []int{2000, 3000} {
		data, err := writeNotebook(bigNotebook(n))
		if err != nil {
			t.Fatal(err)
		}
		whole[len(data)] = true
	}
	for i := range 8 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileSaving$")
		cmd.Env = append(os.Environ(), "CONTENTS_SAVER="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(2 * time.Minute)
		var saved time.Time
		for ; ; time.Sleep(time.Millisecond) {
			info, err := os.Stat(file)
			if err == nil && saved.IsZero() {
				saved = info.ModTime()
			} else if err == nil && !info.ModTime().Equal(saved) {
				break // in full swing
			}
			if time.Now().After(deadline) {
				t.Fatal("nothing was saved")
			}
		}
		time.Sleep(time.Duration(i) * 3 * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		data, err := os.ReadFile(file)
		if err != nil || !whole[len(data)] || !json.Valid(data) {
			t.Fatalf("broken after kill %d: %d bytes, %v", i, len(data), err)
		}
	}
	// What they left goes with the first save that finds it to be old.
	left, err := filepath.Glob(filepath.Join(dir, ".n.ipynb.*saving"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(left, filepath.Join(dir, ".n.ipynb.saving"), filepath.Join(dir, ".n.ipynb.12345678.saving")) {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-2 * staleTemp)
		if err := os.Chtimes(f, old, old); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, _, err := m.Save("n.ipynb", SaveRequest{Type: TypeNotebook}); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("killed savers leave %v, %v", entries, err)
	}
}

func bigNotebook(cells int) notebook {
	nb := newNotebook()
	var list []any
	for i := range cells {
		list = append(list, map[string]any{"cell_type": "markdown", "id": fmt.Sprintf("%06d", i), "metadata": map[string]any{}, "source": strings.Repeat("text ", 20)})
	}
	nb["cells"] = list
	return nb
}

func saveForEver(dir string) {
	m, err := Open(dir, Options{})
	if err != nil {
		panic(err)
	}
	a, _ := json.Marshal(bigNotebook(2000))
	b, _ := json.Marshal(bigNotebook(3000))
	for {
		for _, content := range []json.RawMessage{a, b} {
			if _, _, err := m.Save("n.ipynb", SaveRequest{Type: TypeNotebook, Content: content}); err != nil {
				panic(err)
			}
		}
	}
}
