// Package nbformat reads, checks and writes Jupyter notebooks of format 4.
//
// A file goes in through [Parse] (or [ReadFile]) and comes out through
// [Notebook.Marshal] (or [WriteFile]):
//
//	bytes ─ object.go ─▶ Object (keys in order, values as written)
//	      ─ parse.go  ─▶ Notebook, with every departure from the format noted
//	      ─ ids.go    ─▶ the same with the cell ids that format 4.5 asks for
//	      ─ write.go  ─▶ bytes, laid out as Jupyter lays them out
//
// What this package does not know (metadata of other programs, fields of later
// minor versions) is kept: each such value leaves as the text it came in, in
// the place it had. A file that Jupyter wrote comes out byte for byte the same.
//
// [Parse] is lenient where a fault has only one sensible reading (a code cell
// without outputs, a duplicate id); [Validate] reports each of those too.
package nbformat
