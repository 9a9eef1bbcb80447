// Package web is the server: Jupyter's REST and websocket API over net/http, for the built-in page, JupyterLab, VS Code and any other client
// of Jupyter servers, and the built-in page itself.
//
// A request goes through
//
//	connection limit → Host check → security headers → sign-in, Origin and XSRF checks (protect.go, internal/auth)
//	  → route (routes.go) → one file for each family:
//	      pages.go static.go      the page and its files, sign-in
//	      api_contents.go         files and notebooks      → internal/contents
//	      api_kernels.go          kernels and sessions     → internal/kernels → kernel/client → kernel processes
//	      channels.go             a kernel's websocket     → internal/kernels, internal/wsproto
//	      events.go               what happens in the server, as a stream
//	      export.go               notebooks in other forms → notebooks/export
//	      api_settings.go         settings, workspaces, configuration: small tables on disk (store.go)
//	      tutorials.go            the notebooks that ship with the program
//
// # Scripts
//
// The page runs no script that is not its own: its Content-Security-Policy has no inline scripts, so a <script>, an onclick or a
// javascript: address in an output or in a Markdown cell does nothing, whoever wrote the notebook and whether or not it is
// trusted. A notebook could otherwise do with the server whatever its reader may. The page leaves them out and says so under the
// output. HTML, its style, SVG and pictures are shown.
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
// Stop waits for all of them, and for all kernels.
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
