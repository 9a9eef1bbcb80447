package export

import (
	_ "embed"
	"html/template"
	"sync"
)

//go:embed page.html
var pageSource string

// pageTemplate is parsed at its first use, for the start of the program as pattern's are.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageSource)) })
