package nbformat

import "slices"

// The version of the format that this package writes.
const (
	Major = 4
	Minor = 5
)

// Notebook is a notebook in memory. It is not safe for concurrent use.
type Notebook struct {
	// Minor is the minor version the file is written with: Minor (5) unless
	// the file came with a later one.
	Minor    int
	Metadata Object
	Cells    []*Cell
	// extra holds fields of the top level that this package does not know.
	extra Object
}

// CellType is the kind of a cell.
type CellType string

// The kinds of cells of format 4.
const (
	Code     CellType = "code"
	Markdown CellType = "markdown"
	Raw      CellType = "raw"
)

// Cell is one cell of a notebook.
type Cell struct {
	Type     CellType
	ID       string // unique in the notebook, [a-zA-Z0-9-_]{1,64}
	Source   string
	Metadata Object
	// Attachments are a Markdown or raw cell's files: file name → MIME bundle.
	// Nil means none are stored.
	Attachments *Object
	// ExecutionCount is nil when a code cell has not been run.
	ExecutionCount *int
	Outputs        []Output // of a code cell
	extra          Object
}

// OutputType is the kind of an output.
type OutputType string

// The kinds of outputs of format 4.
const (
	Stream        OutputType = "stream"
	DisplayData   OutputType = "display_data"
	ExecuteResult OutputType = "execute_result"
	ErrorOutput   OutputType = "error"
)

// Output is one output of a code cell. Which fields count depends on Type.
type Output struct {
	Type OutputType
	// Name ("stdout" or "stderr") and Text of a stream.
	Name, Text string
	// Data (MIME type → content) and Metadata of a display or result.
	Data     Bundle
	Metadata Object
	// ExecutionCount of a result.
	ExecutionCount *int
	// EName, EValue and Traceback of an error.
	EName, EValue string
	Traceback     []string
	extra         Object
}

// Bundle is a MIME bundle: the same content in several formats. Text formats
// are JSON strings in it (lines joined), JSON formats any JSON value.
type Bundle struct{ Object }

// Text returns the content of a text format, "" when it is not there.
func (b *Bundle) Text(mime string) string {
	var s string
	if ok, err := b.Decode(mime, &s); !ok || err != nil {
		return ""
	}
	return s
}

// New returns an empty notebook of the version that this package writes.
func New() *Notebook { return &Notebook{Minor: Minor} }

// Tags are the tags in the cell's metadata.
func (c *Cell) Tags() []string {
	var tags []string
	if _, err := c.Metadata.Decode("tags", &tags); err != nil {
		return nil
	}
	return tags
}

// HasTag reports whether the cell's metadata has the tag.
func (c *Cell) HasTag(tag string) bool { return slices.Contains(c.Tags(), tag) }

// KernelName is the name of the kernelspec in the metadata, "" when there is
// none.
func (nb *Notebook) KernelName() string {
	var spec struct {
		Name string `json:"name"`
	}
	if _, err := nb.Metadata.Decode("kernelspec", &spec); err != nil {
		return ""
	}
	return spec.Name
}
