package run

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"poolbook/notebooks/nbformat"
)

// summary has one line for each output of a cell.
func summary(t *testing.T, c *nbformat.Cell) string {
	t.Helper()
	var lines []string
	for _, o := range c.Outputs {
		switch o.Type {
		case nbformat.Stream:
			lines = append(lines, o.Name+" "+o.Text)
		case nbformat.ErrorOutput:
			lines = append(lines, "error "+o.EName+" "+o.EValue)
		default:
			lines = append(lines, string(o.Type)+" "+o.Data.Text("text/plain"))
		}
	}
	return strings.Join(lines, "|")
}

func TestCollect(t *testing.T) {
	// Each message is "parent type JSON"; the wanted outputs are those of the
	// cells run by the requests a and b.
	tests := []struct{ name, messages, a, b string }{
		{"streams are merged while the name is the same", `
			a stream {"name":"stdout","text":"1"}
			a stream {"name":"stdout","text":"2"}
			a stream {"name":"stderr","text":"e"}
			a stream {"name":"stdout","text":"3"}`, "stdout 12|stderr e|stdout 3", ""},
		{"outputs go to the cell that caused them", `
			a stream {"name":"stdout","text":"1"}
			b stream {"name":"stdout","text":"b"}
			a stream {"name":"stdout","text":"late"}
			c stream {"name":"stdout","text":"of another client"}`, "stdout 1late", "stdout b"},
		{"clear_output", `
			a stream {"name":"stdout","text":"1"}
			a clear_output {"wait":false}
			a stream {"name":"stdout","text":"2"}`, "stdout 2", ""},
		{"clear_output waits for the next output", `
			a stream {"name":"stdout","text":"1"}
			a clear_output {"wait":true}
			b stream {"name":"stdout","text":"b"}
			b clear_output {"wait":true}
			a display_data {"data":{"text/plain":"2"},"metadata":{},"transient":{}}
			a stream {"name":"stdout","text":"3"}`, "display_data 2|stdout 3", "stdout b"},
		{"a display id is updated everywhere", `
			a display_data {"data":{"text/plain":"0%"},"metadata":{},"transient":{"display_id":"p"}}
			b display_data {"data":{"text/plain":"0%"},"metadata":{},"transient":{"display_id":"p"}}
			b update_display_data {"data":{"text/plain":"50%"},"metadata":{},"transient":{"display_id":"p"}}
			b update_display_data {"data":{"text/plain":"x"},"metadata":{},"transient":{"display_id":"other"}}`,
			"display_data 50%", "display_data 50%"},
		{"a cleared display is not updated", `
			a display_data {"data":{"text/plain":"0%"},"metadata":{},"transient":{"display_id":"p"}}
			a clear_output {"wait":false}
			a stream {"name":"stdout","text":"x"}
			b update_display_data {"data":{"text/plain":"50%"},"metadata":{},"transient":{"display_id":"p"}}`, "stdout x", ""},
		{"result and error", `
			a execute_input {"code":"","execution_count":7}
			a execute_result {"execution_count":7,"data":{"text/plain":"[1 4 9]"},"metadata":{}}
			a error {"ename":"panic","evalue":"boom","traceback":["t"]}
			a status {"execution_state":"idle"}`, "execute_result [1 4 9]|error panic boom", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCollector()
			a, b := &nbformat.Cell{Type: nbformat.Code, Outputs: []nbformat.Output{{Type: nbformat.Stream, Text: "old"}}}, &nbformat.Cell{Type: nbformat.Code}
			ca := c.begin("a", a)
			c.begin("b", b)
			for _, line := range strings.Split(strings.TrimSpace(tt.messages), "\n") {
				parts := strings.SplitN(strings.TrimSpace(line), " ", 3)
				if _, err := c.message(parts[0], parts[1], json.RawMessage(parts[2])); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
			if diff := cmp.Diff([]string{tt.a, tt.b}, []string{summary(t, a), summary(t, b)}); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
			if failed := strings.Contains(tt.a, "error"); failed != (ca.failed != nil) {
				t.Errorf("failed = %v", ca.failed)
			}
			if strings.Contains(tt.messages, "execute_input") && (a.ExecutionCount == nil || *a.ExecutionCount != 7) {
				t.Errorf("execution count %v, want 7", a.ExecutionCount)
			}
		})
	}
	if _, err := func() (*nbformat.Cell, error) {
		c := newCollector()
		c.begin("a", &nbformat.Cell{})
		return c.message("a", "stream", json.RawMessage(`{"name":1}`))
	}(); err == nil {
		t.Error("a stream message whose name is a number was taken")
	}
}
