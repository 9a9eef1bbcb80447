// Package run executes notebooks without a browser and compares their outputs.
//
// [Notebook] starts nothing itself: it is given a running kernel. Each code
// cell goes through these steps:
//
//	cell ─ execute.go ─▶ execute_request
//	     ◀─ collect.go ─ stream, display_data, clear_output … by the cell that caused them
//	     ─▶ outputs of the cell, as a Jupyter front end would store them
//
// Messages are told apart by their parent: what an earlier cell's workers still
// print while a later cell runs goes to the earlier cell.
//
// [Inject] gives the parameters of a notebook other values before, as papermill does.
//
// [Compare] then says where two runs of a notebook differ. What may differ
// (times, process ids, random numbers) is marked in the notebook, see [Compare].
package run
