package nbformat

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// debianPython is the interpreter that Debian's Jupyter packages are for.
const debianPython = "/usr/bin/python3"

// needPython skips the test, or fails it when REQUIRE_ALL is set, unless
// Debian's Python has the module.
func needPython(t *testing.T, module string) {
	t.Helper()
	if err := exec.Command(debianPython, "-c", "import "+module).Run(); err != nil {
		if os.Getenv("REQUIRE_ALL") != "" {
			t.Fatalf("%s has no module %s: %v", debianPython, module, err)
		}
		t.Skipf("%s has no module %s", debianPython, module)
	}
}

// pythonNotebooks has Jupyter's own nbformat write notebooks of every kind of
// cell and output, of every minor version, and returns their files.
func pythonNotebooks(t *testing.T) []string {
	t.Helper()
	needPython(t, "nbformat")
	dir := t.TempDir()
	cmd := exec.Command(debianPython, "-c", `
import sys, nbformat
from nbformat import v4
odd = 'tab\t "quoted" \\ back <b>&amp;</b> é 日本 😀 \x00\x01\x0b\x0c\x1f\x7f\x85 \u2028 \u2029 end'
lines = 'one\ntwo\r\nthree\rfour\x0bfive\x1csix\x85seven\u2028eight\n\n'
code = v4.new_code_cell(lines, execution_count=3)
code.metadata.update({'zeta': 1, 'alpha': {'y': [1, 2.50, 1e300, -0.0, None, True], 'x': {}}, 'tags': ['a', 'b'], 'empty': []})
code.outputs = [
  v4.new_output('stream', name='stdout', text=lines),
  v4.new_output('stream', name='stderr', text=''),
  v4.new_output('display_data', {'text/plain': odd, 'text/html': '<p>\n</p>', 'image/png': 'aGVs\nbG8=\n',
     'image/svg+xml': '<svg>\n</svg>', 'application/javascript': 'a\nb', 'application/json': {'b': ['x\ny'], 'a': 1},
     'application/vnd.vega.v5+json': ['p\n', 'q'], 'application/x-tex': 'a\nb'}, metadata={'image/png': {'width': 640}}),
  v4.new_output('execute_result', {'text/plain': '[1 4 9]'}, execution_count=3),
  v4.new_output('error', ename='panic', evalue='boom', traceback=['one', 'two\nthree', '\x1b[31mred\x1b[0m']),
]
md = v4.new_markdown_cell(odd)
md.attachments = {'pic.png': {'image/png': 'aGVsbG8='}, 'note.txt': {'text/plain': 'a\nb'}}
raw = v4.new_raw_cell('raw'); raw.metadata['format'] = 'text/latex'
nb = v4.new_notebook(cells=[code, md, raw, v4.new_code_cell(''), v4.new_markdown_cell('')],
  metadata={'kernelspec': {'name': 'poolbook', 'display_name': 'Go (Poolbook)', 'language': 'go'},
            'language_info': {'name': 'go'}, 'widgets': {'zz': 1, 'aa': '日本'}, 'A': 1})
nbformat.write(nb, sys.argv[1] + '/full.ipynb')
nbformat.write(v4.new_notebook(), sys.argv[1] + '/empty.ipynb')
for minor in range(5):
  old = v4.new_notebook(cells=[code, md, raw])
  old.nbformat_minor = minor
  for c in old.cells: c.pop('id', None)
  nbformat.write(old, sys.argv[1] + '/minor%d.ipynb' % minor, version=nbformat.NO_CONVERT)
`, dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nbformat: %v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.ipynb"))
	if err != nil || len(files) != 7 {
		t.Fatalf("nbformat wrote %d notebooks, want 7 (%v)", len(files), err)
	}
	return files
}
