// Package contents keeps the served folder: what Jupyter's contents API lists, reads, writes, renames and deletes.
//
// Data goes through it like this:
//
//	API path ("a/b.ipynb")  → clean   one slash-separated path below the folder, or an error (path.go)
//	read                    → Get     a Model: entry, text, base64 or a notebook with joined lines (get.go, notebook.go)
//	write                   → Save    whole, or in chunks; always temp file, fsync, rename (save.go)
//	the rest                → New, Copy, Rename, Delete (change.go, trash.go), checkpoints (checkpoint.go)
//	trust                   → Notary  remembers which notebooks' outputs this user made or accepted (trust.go)
//
// Every file is reached through one os.Root, so that neither "..", nor a symbolic link, nor a link that is exchanged between
// check and use leads outside the folder. The only exception is the move to the desktop's trash, which renames an entry found
// through the root, and never follows the entry itself.
//
// Paths given to the Manager are API paths: relative to the folder, separated by "/", with or without a leading slash, not URL-encoded.
// Times are in UTC. Sizes are in bytes. All methods may be called concurrently.
package contents
