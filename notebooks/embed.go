// Package notebooks holds the tutorials that ship with the program.
package notebooks

import "embed"

// Tutorials are the notebooks of this folder, in the order of their names.
// Title and description of each are in its first cell.
//
//go:embed *.ipynb
var Tutorials embed.FS
