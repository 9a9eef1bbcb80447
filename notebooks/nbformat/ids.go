package nbformat

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// validID reports whether an id is 1 to 64 ASCII letters, digits, hyphens and underscores.
func validID(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return 1 <= len(id) && len(id) <= 64
}

// NewID returns an id for a cell that none of the notebook's cells has. It
// depends on the notebook's ids and on seed alone, so that the same change
// makes the same file.
func (nb *Notebook) NewID(seed string) string {
	used := make(map[string]bool, len(nb.Cells))
	for _, c := range nb.Cells {
		used[c.ID] = true
	}
	return freshID(used, seed)
}

func freshID(used map[string]bool, seed string) string {
	for n := 0; ; n++ {
		sum := sha256.Sum256([]byte(strconv.Itoa(n) + "\x00" + seed))
		if id := hex.EncodeToString(sum[:4]); !used[id] {
			return id
		}
	}
}

// repairIDs gives an id to each cell that has none, an invalid one, or that of
// an earlier cell. Ids that are valid stay.
func (nb *Notebook) repairIDs() {
	used := make(map[string]bool, len(nb.Cells))
	var without []int
	for i, c := range nb.Cells {
		if !validID(c.ID) || used[c.ID] {
			without = append(without, i)
			continue
		}
		used[c.ID] = true
	}
	for _, i := range without {
		c := nb.Cells[i]
		c.ID = freshID(used, strconv.Itoa(i)+"\x00"+c.Source)
		used[c.ID] = true
	}
}

// id5 reads a cell's id and notes what format 4.5 does not allow.
func (p *parser) id5(o *Object) string {
	raw, ok := o.Raw("id")
	if !ok {
		p.note("id", "is missing")
		return ""
	}
	if p.minor < 5 {
		p.note("id", "is not a field of format 4.%d", p.minor)
	}
	id, isText := joined(raw)
	if !isText || kind(raw) != "a string" {
		p.note("id", "must be a string, is %s", kind(raw))
		return ""
	}
	if !validID(id) {
		p.note("id", "must be 1 to 64 letters, digits, - and _, is %q", id)
	}
	return id
}

// checkIDs notes ids that two cells have.
func (p *parser) checkIDs(nb *Notebook) {
	first := map[string]int{}
	for i, c := range nb.Cells {
		if c.ID == "" {
			continue
		}
		if n, taken := first[c.ID]; taken {
			p.cell, p.id = i+1, c.ID
			p.note("id", "is also that of cell %d", n)
			continue
		}
		first[c.ID] = i + 1
	}
	p.cell, p.id = 0, ""
}
