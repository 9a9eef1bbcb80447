// Package export writes a notebook in other forms: as a page that needs nothing but a browser (HTML), on paper (PDF), and as the code
// of its cells (Code).
//
//	HTML    Markdown by rsc.io/markdown, Go's words coloured, outputs in the richest form that a page without scripts can show;
//	        pictures are in the page; one script, the only one its policy lets run, makes MathML of formulas, and is there when there are some
//	Code    each cell after a line "// %%", Markdown as comments: to read, compare and search; poolbook runs the notebook itself
//
//	PDF     the page as a browser of this machine prints it
//
// All are made from the notebook as it is stored; nothing is run.
package export
