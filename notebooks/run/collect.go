package run

import (
	"encoding/json"
	"fmt"

	"poolbook/notebooks/nbformat"
)

// collector builds the outputs of a notebook's cells out of IOPub messages.
// It is used by one goroutine.
type collector struct {
	// cells are the cells by the id of the request that ran them.
	cells map[string]*cellOutputs
	// displays are the places of outputs with a display id, over all cells.
	displays map[string][]place
}

type cellOutputs struct {
	cell *nbformat.Cell
	// clearNext is set by clear_output with wait: the next output replaces
	// what is there.
	clearNext bool
	failed    *CellError // the first error message
}

type place struct {
	cell *cellOutputs
	at   int
}

func newCollector() *collector {
	return &collector{cells: map[string]*cellOutputs{}, displays: map[string][]place{}}
}

// begin makes cell the one whose outputs come under that request id, and
// drops its old outputs.
func (c *collector) begin(requestID string, cell *nbformat.Cell) *cellOutputs {
	cell.Outputs = nil
	cell.ExecutionCount = nil
	co := &cellOutputs{cell: cell}
	c.cells[requestID] = co
	return co
}

// content has the fields of the messages that become outputs.
type content struct {
	Name           string          `json:"name"`
	Text           string          `json:"text"`
	Data           nbformat.Object `json:"data"`
	Metadata       nbformat.Object `json:"metadata"`
	ExecutionCount *int            `json:"execution_count"`
	EName          string          `json:"ename"`
	EValue         string          `json:"evalue"`
	Traceback      []string        `json:"traceback"`
	Wait           bool            `json:"wait"`
	Transient      struct {
		DisplayID string `json:"display_id"`
	} `json:"transient"`
}

// message takes one IOPub message. Those of other clients' requests and those
// that are no output are ignored. changed is the cell that now looks
// different, nil when none does.
func (c *collector) message(parentID, msgType string, raw json.RawMessage) (changed *nbformat.Cell, err error) {
	co := c.cells[parentID]
	if co == nil {
		return nil, nil
	}
	switch msgType {
	case "stream", "display_data", "execute_result", "error", "clear_output", "update_display_data", "execute_input":
	default:
		return nil, nil
	}
	var m content
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("read %s message of the kernel: %w", msgType, err)
	}
	switch msgType {
	case "execute_input":
		co.cell.ExecutionCount = m.ExecutionCount
	case "clear_output":
		if m.Wait {
			co.clearNext = true
			return nil, nil
		}
		c.clear(co)
	case "stream":
		c.clearIfDue(co)
		if n := len(co.cell.Outputs); n > 0 && co.cell.Outputs[n-1].Type == nbformat.Stream && co.cell.Outputs[n-1].Name == m.Name {
			co.cell.Outputs[n-1].Text += m.Text
		} else {
			co.cell.Outputs = append(co.cell.Outputs, nbformat.Output{Type: nbformat.Stream, Name: m.Name, Text: m.Text})
		}
	case "display_data", "execute_result":
		c.clearIfDue(co)
		out := nbformat.Output{Type: nbformat.OutputType(msgType), Data: nbformat.Bundle{Object: m.Data}, Metadata: m.Metadata}
		if msgType == "execute_result" {
			out.ExecutionCount = m.ExecutionCount
		}
		if id := m.Transient.DisplayID; id != "" {
			c.displays[id] = append(c.displays[id], place{co, len(co.cell.Outputs)})
		}
		co.cell.Outputs = append(co.cell.Outputs, out)
	case "update_display_data":
		for _, p := range c.displays[m.Transient.DisplayID] {
			out := &p.cell.cell.Outputs[p.at]
			out.Data, out.Metadata = nbformat.Bundle{Object: m.Data.Clone()}, m.Metadata.Clone()
			changed = p.cell.cell
		}
		return changed, nil
	case "error":
		c.clearIfDue(co)
		co.cell.Outputs = append(co.cell.Outputs, nbformat.Output{
			Type: nbformat.ErrorOutput, EName: m.EName, EValue: m.EValue, Traceback: m.Traceback,
		})
		if co.failed == nil {
			co.failed = &CellError{EName: m.EName, EValue: m.EValue}
		}
	}
	return co.cell, nil
}

func (c *collector) clearIfDue(co *cellOutputs) {
	if co.clearNext {
		co.clearNext = false
		c.clear(co)
	}
}

// clear drops the outputs of a cell, and with them their display ids: an
// update of one that is gone has nothing to change.
func (c *collector) clear(co *cellOutputs) {
	co.cell.Outputs = nil
	for id, places := range c.displays {
		kept := places[:0]
		for _, p := range places {
			if p.cell != co {
				kept = append(kept, p)
			}
		}
		c.displays[id] = kept
	}
}
