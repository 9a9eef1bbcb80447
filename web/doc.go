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
// # Goroutines
//
//	name      one per     owns                              ends when
//	serve     server      accepting and the http.Server     Stop
//	watch     server      nothing                           its context ends, or Stop
//	reader    websocket   reading of the connection         the connection ends (it is the handler's goroutine)
//	writer    websocket   writing of messages               the connection ends
//	pinger    websocket   nothing                           the connection ends
//
// Stop waits for all of them, and for all kernels.
package web
