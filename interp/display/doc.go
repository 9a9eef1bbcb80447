// Package display turns values into what a notebook shows: a [Bundle] of representations by MIME type.
//
// [MIME] is used for the value of a cell's final expression. The functions HTML, Markdown, SVG, PNG, JSON, VegaLite, Show, Update and
// Clear show something at once; in a cell they reach the notebook through the [Host] of the cell, in a Go program they print
// text to the standard output. A cell uses them without an import:
//
//	display.HTML("<b>done</b>")
//	for i := range 10 { display.Update("progress", i) }
//
// Scripts in HTML and SVG (elements, handlers such as onclick, javascript: addresses) do not run in Poolbook's page, which says so
// under the output; other front ends decide for themselves.
//
// Input and Password ask the user of the notebook for a line of text.
//
// A type says how it wants to be shown with the methods HTML() string, Markdown() string, SVG() string, Latex() string,
// PNG() []byte, JPEG() []byte, JSON() any (or JSON text, as string or []byte) or MIMEBundle() map[string]any.
package display
