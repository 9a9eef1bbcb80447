// Package web is the server: Jupyter's REST and websocket API over net/http, for the built-in page, JupyterLab, VS Code and any other client
// of Jupyter servers, and the built-in page itself.
//
// A request goes through
//
//	connection limit (connlimit.go) → Host check → security headers → sign-in, Origin and XSRF checks (protect.go, internal/auth)
//	  → route (routes.go) → one file for each family:
//	      pages.go static.go      the page and its files, sign-in
//	      api_contents.go         files and notebooks      → internal/contents
//	      api_kernels.go          kernels and sessions     → internal/kernels → kernel/client → kernel processes
//	      channels.go             a kernel's websocket     → internal/kernels, internal/wsproto
//	      api_terminals.go        shells                   → internal/terminals
//	      events.go               what happens in the server, as a stream
//	      export.go               notebooks in other forms → notebooks/export
//	      api_settings.go         settings, workspaces, configuration: small tables on disk (store.go)
//	      api_format.go           Go as gofmt writes it
//	      tutorials.go            the notebooks that ship with the program
//
// SECURITY.md says who may do what, and which test holds it.
//
// # Scripts
//
// The page runs no script that is not its own: its Content-Security-Policy has no inline scripts, and takes scripts from /static/ alone, so a
// <script>, an onclick or a javascript: address in an output or in a Markdown cell does nothing, nor does a file that lies beside
// the notebook, whoever wrote it and whether or not it is trusted. A notebook could otherwise do with the server whatever its
// reader may. The page leaves them out and says so under the output. HTML, its style, SVG and pictures are shown. Links that start
// commands of the page are only those that it made itself (frontend/src/notebook/commands.ts), and forms in outputs are not sent.
//
// # Charts
//
// A Vega chart is a program, whose expressions are interpreted. One of a notebook that is not trusted is a still picture: it loads nothing, hears
// nothing and brings no options. One of a trusted notebook loads files of the folder, takes options that change its look, and finds
// no element of the page (frontend/src/notebook/charts.ts).
//
// Why no sandboxed frame of another origin, in which even a stranger's chart could move? Such a frame shares no code with the page. 100 bar charts
// took, in Chromium on two cores: in the page 1.1 s, the first after 0.1 s; in a frame each 12.8 s, the first after 1.6 s, and
// twice the memory; all in one frame 1.8 s, but outputs are scattered over the page, and scroll with it. A page that fetches a
// library with its first chart and shows it at once was worth more than the movement of charts that nobody has run yet: running the cell, or
// trusting the notebook, brings it. What must run scripts of outputs (widgets) will need frames, one for each such output.
//
// # Goroutines
//
//	name      one per     owns                              ends when
//	serve     server      accepting and the http.Server     Stop
//	watch     server      nothing                           its context ends, or Stop
//	reader    websocket   reading of the connection         the connection ends (it is the handler's goroutine)
//	writer    websocket   writing of messages               the connection ends
//	pinger    websocket   nothing                           the connection ends
//
//	listener  websocket   reading of /api/events/subscribe  the connection ends
//
// A terminal's websocket has a reader, a writer and a pinger too.
//
// Stop waits for all of them, and for all kernels and shells.
//
// # Measures
//
// What `make bench-page` found beside JupyterLab 4.6.4 on Jupyter Server 1.23, with the same kernel, on two cores that had nothing else to
// do; the least of several runs:
//
//	                                               Poolbook            Jupyter
//	start to the first answer                      7 ms                363 ms
//	server alone                                   22 MiB              69 MiB
//	kernel_info (kernel's own sockets: 0.33 ms)    0.34 ms             1.16 ms
//	a cell (kernel's own sockets: 0.65 ms)         0.54 ms             1.46 ms
//	page, new browser: first cell editable         0.99 s              2.6 s
//	    processor time of its main thread          0.64 s              1.07 s
//	    over the wire                              791 kB, 21 requests 6.5 MB, 75 requests
//	    opened again                               0.56 s              2.2 s
//	100,000 lines of output are there after        1.15 s              1.15 s
//	    longest task of the main thread            0.29 s              0.29 s
//	50 notebooks with kernels: started after       0.5 s               2.6 s
//	    memory of each kernel, of the server       3.9, 17.4 MiB       4.0, 106 MiB
//	    all ended after                            0.06 s              0.34 s
package web
